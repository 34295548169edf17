"""Every figure of the drift page, reckoned again from the records of both stores as they stand."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.app import wiring
from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.drift.store.trends_port import Gauge, Measure
from core.drift.sweeps import SweepMode
from pages.shared import words
from pages.shared.places import DRIFT
from tests.pages import drift_scenes
from tests.pages.acts import figures as cards
from tests.pages.acts import said
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, Stage, fill, stage

LABELS = {str(credit.key): credit.label for credit in SCHOOL.credits}
CHECKED_AFTER = timedelta(hours=5)


@pytest.fixture
def made() -> Iterator[Stage]:
    """Both stores, compared five hours ago: edited rows, an orphan, and rows that are missing."""
    made = stage()
    fill(made, contacts=80, exams=2)
    drift_scenes.real(made)
    made.clock.at += CHECKED_AFTER
    made.core.sweep_runner.ask(SweepMode.FULL, ACTOR)
    made.carry(made.engine.submitted.pop())
    made.clock.at += CHECKED_AFTER
    with wiring.use(made.core):
        yield made


class Stores:
    """What both hold, without a service of the desk."""

    def __init__(self, made: Stage) -> None:
        self.truth = {kind: {r.id: r for r in made.crm.truth.all(kind)} for kind in Kind}
        self.mirror = {
            kind: {str(row["hubspot_id"]): row for row in made.mirror.page(kind)} for kind in Kind
        }

    def missing(self) -> int:
        return sum(len(self.truth[kind].keys() - self.mirror[kind].keys()) for kind in Kind)

    def orphans(self) -> int:
        return sum(len(self.mirror[kind].keys() - self.truth[kind].keys()) for kind in Kind)

    def balances(self) -> Iterator[tuple[str, str, str | None, Any]]:
        """Contact, credit, what HubSpot holds and what Supabase holds."""
        for id_, record in self.truth[Kind.CONTACT].items():
            for key in LABELS:
                yield id_, key, record.properties.get(key), self.mirror[Kind.CONTACT][id_][key]

    def unreadable(self) -> set[str]:
        return {id_ for id_, _, held, _ in self.balances() if held and not held.isdigit()}

    def wrong(self) -> list[tuple[str, str, int, int]]:
        return [
            (id_, key, int(held or 0), row)
            for id_, key, held, row in self.balances()
            if id_ not in self.unreadable() and int(held or 0) != row
        ]

    def drifting(self) -> int:
        wrong = {id_ for id_, *_ in self.wrong()}
        return self.missing() + self.orphans() + len(wrong | self.unreadable())


def spec(at: AppTest) -> dict[str, Any]:
    (chart,) = at.get("plotly_chart")
    found: dict[str, Any] = json.loads(chart.proto.spec)
    return found


def traces(at: AppTest) -> dict[str, dict[str, Any]]:
    return {trace["name"]: trace for trace in spec(at)["data"]}


def charted(at: AppTest) -> Any:
    """The table beside the chart."""
    return next(frame.value for frame in at.dataframe if "as a table" in frame.proto.alt)


# the figures on top


def test_the_figures_on_top_are_those_of_both_stores(open_page: Open, made: Stage) -> None:
    stores = Stores(made)
    wrong = stores.wrong()
    many = sum(row - held for *_, held, row in wrong if row > held)
    few = sum(held - row for *_, held, row in wrong if row < held)
    began = min(r.created_at for kind in Kind for r in stores.truth[kind].values())

    at = open_page(DRIFT)
    found = cards(at)

    assert stores.drifting() > 90
    assert many > 0
    assert f"{stores.drifting()} records" == found["Drifting now"]
    assert "0 records" == found["Unexplained"]
    hours = (made.clock() - began) // timedelta(hours=1)
    assert f"{hours} h 0 min" == found["Oldest drift"]
    net = many - few
    assert f"{abs(net)} too {'many' if net > 0 else 'few'}" == found["Credits in Supabase"]
    assert f"{many} credits too many and {few} credit" in said(at)
    known = sum(len(stores.truth[kind].keys() | stores.mirror[kind].keys()) for kind in Kind)
    assert f"{known} records" == found["Compared"]
    assert "5 h ago" == found["Last check"]


def test_what_was_repaired_since_does_not_drift_now(open_page: Open, made: Stage) -> None:
    before = Stores(made).drifting()
    ids = {id_ for id_, *_ in Stores(made).wrong()}
    repair(made, ids)
    after = Stores(made).drifting()
    assert before - len(ids) == after

    at = open_page(DRIFT)

    assert f"{after} records" == cards(at)["Drifting now"]
    assert f"{len(ids)} repaired since" == at.metric[0].delta


def repair(made: Stage, ids: set[str]) -> None:
    found = [each for id_ in sorted(ids) for each in made.core.repair_runner.of_record(id_, ACTOR)]
    made.core.repair_runner.confirm(found, ACTOR, reason="by hand")
    made.carry(made.engine.submitted.pop())


# the charts


def test_causes_are_counted_as_the_stores_show_them(open_page: Open, made: Stage) -> None:
    stores = Stores(made)

    at = open_page(DRIFT, chart="By cause")

    last = {name: trace["y"][-1] for name, trace in traces(at).items()}
    assert {
        "Missing row": stores.missing(),
        "Orphan row": stores.orphans(),
        "Unreadable value": len(stores.unreadable()),
        "Changed in Supabase": len({id_ for id_, *_ in stores.wrong()}),
    } == last
    assert stores.drifting() == charted(at)["All"][0] == sum(last.values())


def test_wrong_balances_are_the_sums_of_both_stores(open_page: Open, made: Stage) -> None:
    truth: Counter[str] = Counter()
    mirror: Counter[str] = Counter()
    for _, key, held, row in Stores(made).wrong():
        truth[LABELS[key]] += held
        mirror[LABELS[key]] += row

    at = open_page(DRIFT, chart="Wrong balances")

    drawn = {n: dict(zip(t["y"], t["x"], strict=True)) for n, t in traces(at).items()}
    assert {"HubSpot": dict(truth), "Supabase": dict(mirror)} == drawn


def test_differences_are_counted_balance_by_balance(open_page: Open, made: Stage) -> None:
    wrong = Counter(min(5, max(-5, row - held)) for *_, held, row in Stores(made).wrong())

    at = open_page(DRIFT, chart="Differences")

    drawn: Counter[int] = Counter()
    for trace in traces(at).values():
        for name, number in zip(trace["x"], trace["y"], strict=True):
            drawn[int(name.split()[0].replace("\N{MINUS SIGN}", "-"))] += number
    assert +wrong == +drawn


def test_the_oldest_drift_is_as_old_as_the_oldest_record(open_page: Open, made: Stage) -> None:
    stores = Stores(made)
    began = min(r.created_at for kind in Kind for r in stores.truth[kind].values())

    at = open_page(DRIFT, chart="Oldest")

    (line,) = traces(at).values()
    swept_at = made.clock() - CHECKED_AFTER
    assert [(swept_at - began) / timedelta(days=1)] == pytest.approx(line["y"])
    assert [began] == list(charted(at)["Since"])


def test_the_time_to_repair_is_told_from_when_each_record_began_to_differ(
    open_page: Open, made: Stage
) -> None:
    rows = Stores(made).mirror[Kind.CONTACT]
    ids = {id_ for id_, *_ in Stores(made).wrong()}
    edited = [datetime.fromisoformat(str(rows[id_]["updated_at"])) for id_ in ids]
    repair(made, ids)
    took = [(made.clock() - at).total_seconds() for at in edited]

    at = open_page(DRIFT, chart="Time to repair")

    lines = {name: trace["y"] for name, trace in traces(at).items()}
    assert {"Median": [median(took)], "Longest": [max(took)]} == lines
    assert [len(ids)] == list(charted(at)["Repaired"])


def test_copy_lag_is_told_from_what_every_minute_showed(open_page: Open, made: Stage) -> None:
    minutes = [(1, 0.2, 10), (2, 0.6, 30), (3, 0.1, 1)]
    for n, seconds, copies in minutes:
        at = made.clock() - timedelta(hours=2, minutes=n)
        made.journal.add_measures(
            [
                Measure(at=at, gauge=Gauge.COPY_LAG_P50, value=seconds, weight=copies),
                Measure(at=at, gauge=Gauge.COPY_LAG_P99, value=9 * seconds, weight=copies),
            ]
        )
    mean = sum(s * c for _, s, c in minutes) / sum(c for *_, c in minutes)
    worst = 9 * max(s for _, s, _ in minutes)

    page = open_page(DRIFT, chart="Copy lag", period="Last 90 days")

    lines = traces(page)
    assert [mean] == pytest.approx(lines["Median"]["y"])
    assert [worst] == pytest.approx(lines["99th percentile"]["y"])
    assert [words.short(mean)] == lines["Median"]["hovertext"]


def test_refunds_owed_are_those_that_are_counted(open_page: Open, made: Stage) -> None:
    held = made.crm.truth.all(Kind.BOOKING)
    found = [r.properties for r in held if r.properties["is_active"] == "Cancelled"]
    unpaid = [p for p in found if p.get("token_used") and p.get("token_refunded") != "true"]
    for record in made.crm.truth.all(Kind.BOOKING):
        made.mirror.put(Kind.BOOKING, {"hubspot_id": record.id, **record.properties})
    made.core.gauge_recorder.measure()

    at = open_page(DRIFT, chart="Refunds owed", period="Last 24 hours")

    drawn = {name: trace["y"] for name, trace in traces(at).items()}
    assert by_token(unpaid).total() > 20
    assert {LABELS[key]: [float(n)] for key, n in by_token(unpaid).items()} == {
        name: y for name, y in drawn.items() if any(y)
    }


def by_token(bookings: list[dict[str, str | None]]) -> Counter[str]:
    keys = {credit.token: str(credit.key) for credit in SCHOOL.credits}
    return Counter(key for each in bookings if (key := keys.get(str(each["token_used"]))))


def test_the_peak_of_each_day_stands_for_hubspots_limits(open_page: Open, made: Stage) -> None:
    noon = made.clock().replace(hour=12)
    shares = {1: [0.2, 0.95, 0.4], 2: [0.1, 0.3]}
    for days, values in shares.items():
        for n, share in enumerate(values):
            at = noon - timedelta(days=days, hours=n)
            made.journal.add_measures([Measure(at=at, gauge=Gauge.QUOTA, value=share)])

    page = open_page(DRIFT, chart="HubSpot quota", period="Last 7 days")

    lines = traces(page)
    assert [max(shares[2]), max(shares[1])] == lines["Ten-second limit"]["y"]
    assert [0.9, 0.9] == lines["Limit (90%)"]["y"]
