"""Overview: what needs attention, is what students see true, what runs; each line leads on."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from streamlit.testing.v1 import AppTest

from core.credits.errors import JournalError
from core.credits.records import Kind
from core.credits.roles import Actor, Role
from core.drift.store.trends_port import Gauge, Measure
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.health import readiness
from core.health.facts import Need
from core.health.matters import Matter
from core.health.over_time.week_rules import Days
from core.health.store.attention_port import Moved
from core.operations.verdicts import OperationKind
from pages.shared import places, words
from pages.shared.gate import Desk
from pages.shared.health import links, small_chart, today, views, week
from pages.shared.health.needs import WORDS
from pages.shared.places import OVERVIEW, PLACES
from tests.pages import drift_scenes, scenes
from tests.pages.acts import figures, said
from tests.pages.conftest import Open
from tests.pages.desk_roles import seen_by
from tests.pages.stage import ADMIN, Stage, confirmed

ADMINS = Actor(email=ADMIN, role=Role.ADMIN)
MANAGER = Actor(email="max@example.test", role=Role.MANAGER)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy this machine is, whoever answers is waited for."""
    monkeypatch.setattr(readiness, "GLANCE_S", 60.0)


def calm(made: Stage) -> None:
    """A sweep has compared everything, and nothing is wrong."""
    known = {kind.value: len(list(made.crm.truth.all(kind))) for kind in Kind}
    made.journal.save_sweep(
        Sweep(
            id="s", mode=SweepMode.FULL, state=SweepState.COMPLETE, known=known, compared=known,
            started_at=made.clock() - timedelta(minutes=36),
            saved_at=made.clock() - timedelta(minutes=35),
        )
    )  # fmt: skip


def html(at: AppTest) -> str:
    return "".join(str(element.proto.body) for element in at.get("html"))


def lines(at: AppTest) -> list[str]:
    """The words of the list's badges."""
    badges = [str(markdown.value) for markdown in at.markdown if "-badge[" in str(markdown.value)]
    shown = [badge.partition("-badge[")[2].partition(" ")[2].removesuffix("]") for badge in badges]
    return [word for word in shown if word in WORDS.values()]


def link(at: AppTest, label: str) -> tuple[str, str]:
    (found,) = all_links(at, label)
    return found


def all_links(at: AppTest, label: str) -> list[tuple[str, str]]:
    found = [e.proto for e in at.get("page_link") if e.proto.label == label]
    return [(proto.page, proto.query_string) for proto in found]


def test_a_calm_desk_says_so_and_what_proves_it(open_page: Open, made: Stage) -> None:
    calm(made)

    at = open_page(OVERVIEW)

    assert "Supabase matches HubSpot" in said(at)
    assert (
        "Full check 35 min ago (4 May 2026, 11:25:00 UTC): 80 contacts, 576 bookings and "
        "12 exams compared on both sides; 0 differ, 0 unexplained. "
        "Every change since then is in Supabase." in said(at)
    )
    assert "Nothing needs attention." in said(at)
    assert "1 worker is running, Supabase answers; no operation needs attention." in said(at)
    assert [] == lines(at)


def test_the_first_day_explains_itself(open_page: Open) -> None:
    at = open_page(OVERVIEW)

    assert "Not checked yet" in said(at)
    assert "A check compares every record in HubSpot" in said(at)
    assert "No operations today." in said(at)
    assert ["Not checked"] == lines(at)
    assert ("drift", "") == link(at, "Run a check")


def test_everything_that_is_wrong_is_a_line_with_the_way_to_it(
    open_page: Open, made: Stage
) -> None:
    calm(made)
    undecided = scenes.undecided(made)
    failing = scenes.failing(made)
    over = scenes.written_over(made)
    scenes.copies(made)
    made.journal.add_measures(
        [Measure(at=made.clock(), gauge=Gauge.OWED, of="cs_credits", value=12)]
    )
    made.worker_beats()

    at = open_page(OVERVIEW)

    assert ["Undecided", "Overwritten", "Not done", "Not done"] == lines(at)[:4]
    assert {"Failed copies", "Owed"} < set(lines(at))
    assert "Supabase differs from HubSpot" in said(at)
    assert ("operations", f"operation={undecided}") == link(at, "Decide")
    assert ("operations", f"operation={over}") == link(at, "Correct")
    assert ("operations", f"operation={failing}") in all_links(at, "Retry or dismiss")
    assert ("operations", "view=Copies+to+Supabase") == link(at, "Try again")
    assert ("bulk_refund", "by=Owed") == link(at, "Refund owed")
    assert "12 credits of cancelled bookings are owed to students." in said(at)


def test_drift_is_told_by_the_last_sweep(open_page: Open, made: Stage) -> None:
    sweep = drift_scenes.history(made, days=2, wrong=20)

    at = open_page(OVERVIEW)

    assert f"{sweep.drifting} records differ between HubSpot and Supabase" in said(at)
    assert "Drift" in lines(at)
    assert ("drift", "") == link(at, "Repair")


def test_who_may_not_mend_is_led_to_where_it_can_be_looked_at(open_page: Open, made: Stage) -> None:
    calm(made)
    scenes.copies(made)
    made.journal.add_measures(
        [Measure(at=made.clock(), gauge=Gauge.OWED, of="cs_credits", value=12)]
    )
    with seen_by(made, Role.MANAGER):
        at = open_page(OVERVIEW)

    assert ("operations", "view=Copies+to+Supabase") == link(at, "See errors")
    assert ("drift", "chart=Refunds+owed") == link(at, "See by type")


def test_staff_do_not_see_it_and_land_on_the_contacts(open_page: Open, made: Stage) -> None:
    with seen_by(made, Role.STAFF):
        at = open_page(OVERVIEW)

    assert "Overview is not open to you" == at.title[0].value
    assert not at.metric


def test_it_is_the_first_page_there_is() -> None:
    assert PLACES[0] is OVERVIEW
    assert places.HOMES[0] is OVERVIEW


@pytest.mark.parametrize("actor", [ADMINS, MANAGER], ids=lambda actor: actor.role)
@pytest.mark.parametrize("of", ["", "op"])
@pytest.mark.parametrize("matter", list(Matter))
def test_every_line_leads_to_a_page_that_its_reader_may_open(
    matter: Matter, of: str, actor: Actor
) -> None:
    link = links.link_of(Need(matter=matter, told="", of=of), actor)

    actor.require(link.place.act)
    assert link.says


def test_what_runs_stands_before_what_has_ended(open_page: Open, made: Stage) -> None:
    calm(made)
    done = scenes.fine(made)
    held = confirmed(made, kind=OperationKind.REFUND)

    at = open_page(OVERVIEW)

    operations = [
        each.proto.query_string
        for each in at.get("page_link")
        if each.proto.query_string.startswith("operation=") and not each.proto.icon
    ]
    assert [f"operation={held}", f"operation={done}"] == operations
    assert "1 batch cancellation gave back " in said(at)
    assert "1 bulk refund, no credit moved" in said(at)


@pytest.mark.parametrize(
    ("moved", "told"),
    [
        ({"operations": 2, "given": 41}, "2 bulk refunds gave back 41 credits"),
        ({"operations": 1}, "1 bulk refund, no credit moved"),
        (
            {"kind": OperationKind.BOOK, "operations": 1, "given": 1, "taken": 2},
            "1 booking gave back 1 credit and took 2 credits",
        ),
    ],
)
def test_what_a_kind_came_to_is_said_in_words(moved: dict[str, Any], told: str) -> None:
    ordinary: dict[str, Any] = {"kind": OperationKind.REFUND, "given": 0, "taken": 0}

    assert told == today.moved_words(Moved(**ordinary | moved))


def test_the_day_begins_at_the_reader_s_midnight(made: Stage) -> None:
    """In the afternoon of London it is tomorrow in Tokyo."""
    made.clock.at = datetime(2026, 5, 4, 16, tzinfo=UTC)
    tokyo = ZoneInfo("Asia/Tokyo")
    desk = Desk(core=made.core, actor=ADMINS, zone=tokyo, place=OVERVIEW, claims={})

    assert datetime(2026, 5, 5, tzinfo=tokyo) == views.midnight(desk)


def test_a_new_desk_has_no_week_to_compare(open_page: Open) -> None:
    at = open_page(OVERVIEW)

    assert "Nothing to compare yet." in said(at)
    assert "Refunded" not in figures(at)


def test_a_store_that_fails_while_the_week_is_counted_is_named_below_what_is_known(
    open_page: Open, made: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    calm(made)

    def fails(*_: object) -> None:
        raise JournalError("disk I/O error")

    monkeypatch.setattr(made.journal, "tally_acts", fails)

    at = open_page(OVERVIEW)

    assert "Supabase matches HubSpot" in said(at)
    assert "The desk's database returned an error" in said(at)
    assert "Nothing was changed." in said(at)


def test_a_level_that_was_not_measured_is_told_by_nothing(open_page: Open, made: Stage) -> None:
    scenes.fine(made)

    at = open_page(OVERVIEW)

    assert words.NOTHING == figures(at)["Outstanding"]
    assert "Mon 4 May: –" in html(at)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (
            datetime(2026, 5, 4, 9, 30, tzinfo=UTC),
            (
                "Mon 4 May until 09:30, beside Mon 27 Apr until 09:30 (UTC). "
                "Gray bars: all of last week."
            ),
        ),
        (
            datetime(2026, 5, 6, 22, 5, tzinfo=UTC),
            (
                "Mon 4 May to Wed 6 May, 22:05, beside Mon 27 Apr to Wed 29 Apr, 22:05 (UTC). "
                "Gray bars: all of last week."
            ),
        ),
    ],
)
def test_the_days_that_are_compared_are_said(now: datetime, told: str) -> None:
    assert told == week.compared(Days.until(now, UTC))


def test_days_are_said_as_the_reader_counts_them() -> None:
    tokyo = Days.until(datetime(2026, 5, 3, 16, tzinfo=UTC), ZoneInfo("Asia/Tokyo"))

    assert week.compared(tokyo).startswith(
        "Mon 4 May until 01:00, beside Mon 27 Apr until 01:00 (JST)."
    )


def test_a_small_chart_draws_two_weeks_and_says_them() -> None:
    values = [0, None, 5, 10, 0, 0, 0.1, 2]
    drawn = small_chart.drawn(values, [f"day {n}" for n in range(8)], alt='"all" <days>')

    assert 'aria-label="&quot;all&quot; &lt;days&gt;"' in drawn
    heights = re.findall(r"height:(\d+)%;background:(#\w+)", drawn)
    assert ["0", "0", "50", "100", "0", "0", "6", "20"] == [height for height, _ in heights[:8]]
    assert 14 == len(heights), "days to come keep their place"
    last, this = {colour for _, colour in heights[:7]}, {colour for _, colour in heights[7:]}
    assert 1 == len(last) == len(this)
    assert last != this


def test_the_figures_tell_how_it_runs(open_page: Open, made: Stage) -> None:
    calm(made)
    for gauge, value in ((Gauge.COPY_LAG_P50, 0.02), (Gauge.COPY_LAG_P99, 0.25)):
        made.journal.add_measures([Measure(at=made.clock(), gauge=gauge, value=value)])

    at = open_page(OVERVIEW)

    shown = figures(at)
    assert {"Supabase": "Connected", "Pending copies": "0 copies", "Workers": "1 running"} == {
        name: shown[name] for name in ("Supabase", "Pending copies", "Workers")
    }
    assert "35 min ago" == shown["Last check"]
    assert "Verified" == shown["Audit"]
    assert "Copied within 250 ms" in [metric.delta for metric in at.metric]


def test_supabase_away_is_the_first_line(open_page: Open, made: Stage) -> None:
    calm(made)
    made.mirror.die()

    at = open_page(OVERVIEW)

    assert "Supabase" == lines(at)[0]
    assert "Unreachable" == figures(at)["Supabase"]
    assert "Supabase is unreachable" in said(at)


def test_who_loses_the_role_loses_the_page_at_its_next_look(open_page: Open, made: Stage) -> None:
    calm(made)
    made.core.access.grant(MANAGER.email, Role.MANAGER, ADMINS)
    at = open_page(OVERVIEW, who={"email": MANAGER.email})
    assert "Overview" == at.title[0].value

    made.core.access.withdraw(MANAGER.email, ADMINS)

    assert "Overview is not open to you" == at.run().title[0].value


class DrawnAnewError(Exception):
    """In place of what Streamlit raises to run a page from its top."""


def test_names_of_others_are_shown_and_not_followed(open_page: Open, made: Stage) -> None:
    calm(made)
    id_ = confirmed(made, kind=OperationKind.REFUND)
    kept = made.journal._operations[id_]
    odd = "exam <b>*x*</b> ![](https://evil.test/x)"
    kept.operation = replace(kept.operation, selection=odd, waiting_for="<script>")

    at = open_page(OVERVIEW)

    html = said(at)
    assert "<script>" not in html
    assert "<b>" not in html
