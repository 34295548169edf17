"""Each figure of Overview beside the same one, counted by hand from the stores at that moment."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from core.app import wiring
from core.credits.catalogue import SCHOOL
from core.credits.records import ContactId, ExamId, Kind
from core.drift.repairs import RowState
from core.drift.store.trends_port import Gauge, Measure
from core.drift.sweeps import SweepMode
from core.health import readiness
from core.operations.booking_rules import Wish
from core.operations.verdicts import OperationKind
from core.work.work import Work, key_of
from pages.shared import words
from pages.shared.places import AUDIT, DRIFT, OVERVIEW
from tests.fakes.truth import Record
from tests.pages.acts import said
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, Clock, Stage, confirmed, fill, mirrored, stage

MONDAY, LAST_MONDAY = date(2026, 5, 4), date(2026, 4, 27)
#: A Wednesday.
NOW = datetime(2026, 5, 6, 14, 5, 30, tzinfo=UTC)
THEN = NOW.replace(second=0) - timedelta(days=7)
DAYS = [LAST_MONDAY + timedelta(days=n) for n in range(10)]
CANCEL, REFUND = OperationKind.CANCEL, OperationKind.REFUND
CS = SCHOOL.keys[0]


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy this machine is, whoever answers is waited for."""
    monkeypatch.setattr(readiness, "GLANCE_S", 60.0)


@pytest.fixture
def made() -> Iterator[Stage]:
    """A small school, two weeks ago."""
    made = stage(clock=Clock(at=at(20, 8, month=4)))
    fill(made, contacts=80, exams=12)
    with wiring.use(made.core):
        yield made


@pytest.fixture
def lived_in(made: Stage) -> Stage:
    """Two weeks of a desk: acts before and after the time until which last week is compared."""
    mirrored(made)
    operation(made, at(24, 9, month=4), "71000000002", CANCEL)
    swept(made, at(27, 3, month=4), wrong=range(2))
    refund = operation(made, at(28, 10, month=4), "71000000010", REFUND)
    operation(made, at(29, 14, month=4), "71000000009", CANCEL)
    owed_counted(made, at(29, 14, month=4) + timedelta(minutes=4))
    operation(made, at(29, 20, month=4), "71000000011", REFUND)
    swept(made, at(29, 22, month=4), wrong=range(5))
    operation(made, at(30, 8, month=4), "71000000006", CANCEL)
    repaired(made, at(30, 9, month=4))
    booked(made, at(1, 9))
    swept(made, at(4, 3), wrong=range(4, 7))
    booked(made, at(4, 10))
    booked(made, at(4, 11))
    made.clock.at = at(5, 9)
    undo = made.core.undo_planner.preview(refund, ACTOR)
    made.core.operation_commands.confirm(
        undo.id, ACTOR, reason="by mistake", typed=len(undo.will_change)
    )
    made.carry(undo.id)
    operation(made, at(5, 15), "71000000008", OperationKind.FORFEIT)
    swept(made, at(6, 3), mode=SweepMode.KNOWN)
    repaired(made, at(6, 10))
    operation(made, at(6, 11), "71000000007", CANCEL)
    swept(made, at(6, 13), wrong=range(8, 11))
    lags = ((at(28, 9, month=4), 0.4, 1), (at(4, 9), 0.5, 3), (at(6, 9), 1.7, 1))
    made.journal.add_measures(
        [Measure(at=on, gauge=Gauge.COPY_LAG_P99, value=s, weight=w) for on, s, w in lags]
    )
    owed_counted(made, NOW)
    made.worker_beats()
    return made


def at(day: int, hour: int, *, month: int = 5) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=UTC)


def operation(made: Stage, when: datetime, exam: str, kind: OperationKind) -> str:
    made.clock.at = when
    id_ = confirmed(made, exam=exam, kind=kind)
    made.carry(id_)
    copied(made)
    return id_


def owed_counted(made: Stage, when: datetime) -> None:
    """As each process does once an hour."""
    made.clock.at = when
    counts = made.core.owed_credits.count().items()
    made.journal.add_measures(
        [Measure(at=when, gauge=Gauge.OWED, of=of, value=n) for of, n in counts]
    )


def copied(made: Stage) -> None:
    while made.core.mirror_copier.drain().taken:
        pass


def booked(made: Stage, when: datetime) -> None:
    """Of the first student who may: a seat."""
    made.clock.at = when
    for n in range(80):
        wish = Wish(
            contact_id=ContactId(f"{52_000_000_000 + n}"),
            exam_id=ExamId("71000000005"),
            attending_location="Toronto",
            dominant_hand="Right",
        )
        plan = made.core.booking_preview.preview(wish, ACTOR)
        if plan.will_change:
            made.core.operation_commands.confirm(plan.id, ACTOR, reason="by phone", typed=1)
            made.carry(plan.id)
            return
    raise AssertionError("nobody may book")


def swept(
    made: Stage, when: datetime, *, wrong: range = range(0), mode: SweepMode = SweepMode.FULL
) -> None:
    made.clock.at = when
    copied(made)
    for n in wrong:
        id_ = f"{52_000_000_000 + n}"
        row = made.mirror.rows(Kind.CONTACT, [id_])[id_]
        made.mirror.put(Kind.CONTACT, {**row, CS: 77, "updated_at": when.isoformat()})
    made.carry(key_of(Work.SWEEP, made.core.sweep_runner.ask(mode, ACTOR).id))


def repaired(made: Stage, when: datetime) -> None:
    made.clock.at = when
    drifts = made.core.repair_runner.of_all(ACTOR)
    made.carry(key_of(Work.REPAIR, made.core.repair_runner.confirm(drifts, ACTOR, "by hand").id))
    copied(made)


# the same by hand: times of what happened


def versions(record: Record, name: str, value: str) -> Iterator[datetime]:
    """When it came to hold this."""
    before = None
    for version in record.versions.get(name, []):
        if version.value == value != before:
            yield version.at
        before = version.value


def became(made: Stage, name: str, value: str) -> list[datetime]:
    """When bookings in HubSpot came to hold this, by their histories."""
    bookings = made.crm.truth.all(Kind.BOOKING)
    return [when for booking in bookings for when in versions(booking, name, value)]


def made_bookings(made: Stage) -> list[datetime]:
    return [booking.created_at for booking in made.crm.truth.all(Kind.BOOKING)]


def found(made: Stage) -> list[datetime]:
    """When a check of its week first found each record."""
    first: dict[tuple[bool, str], datetime] = {}
    for sweep in sorted(made.journal.sweeps(), key=lambda each: each.started_at):
        for drift in made.journal.drifts(sweep.id):
            first.setdefault((sweep.started_at.date() >= MONDAY, drift.record_id), sweep.started_at)
    return list(first.values())


def mended(made: Stage) -> list[datetime]:
    first: dict[tuple[bool, str], datetime] = {}
    for repair in reversed(made.journal.repairs()):
        for row in made.journal.repair_rows(repair.id, states=[RowState.REPAIRED]):
            week = repair.asked_at.date() >= MONDAY
            first.setdefault((week, row.drift.record_id), repair.asked_at)
    return list(first.values())


def in_hubspot(made: Stage) -> int:
    """All balances, contact by contact; text in the place of one is none."""
    contacts = made.crm.truth.all(Kind.CONTACT)
    held = [contact.properties.get(key) or "" for contact in contacts for key in SCHOOL.keys]
    return sum(int(text) for text in held if text.isdigit())


COUNTED: dict[str, tuple[str, Callable[[Stage], list[datetime]]]] = {
    "Refunded": ("credit", lambda made: became(made, "token_refunded", "true")),
    "Cancelled": ("booking", lambda made: became(made, "is_active", "Cancelled")),
    "Booked": ("seat", made_bookings),
    "Drift found": ("record", found),
    "Drift repaired": ("record", mended),
}


def bars(page: AppTest, name: str) -> list[str]:
    """What the chart of this figure says to a screen reader, day by day."""
    (told,) = re.findall(
        rf'aria-label="{name} by day. ([^"]*)"',
        "".join(str(e.proto.body) for e in page.get("html")),
    )
    return str(told).split("; ")


def test_what_was_done_this_week_and_last_is_what_the_stores_say(
    open_page: Open, lived_in: Stage
) -> None:
    page = open_page(OVERVIEW)

    shown = {metric.label: metric for metric in page.metric}
    for name, (unit, counted) in COUNTED.items():
        times = [when for when in counted(lived_in) if when.date() >= LAST_MONDAY]
        now = sum(when.date() >= MONDAY for when in times)
        last = [when for when in times if when.date() < MONDAY]
        before = sum(when < THEN for when in last)
        assert words.count(now, unit) == shown[name].value, name
        assert f"{words.count(before, unit)} last week" == shown[name].delta, name
        assert f"by then; {len(last)} in all" == shown[name].proto.delta_description, name
        assert [
            f"{day:%a %-d %b}: {words.count(sum(w.date() == day for w in times), unit)}"
            for day in DAYS
        ] == bars(page, name), name
        assert now, f"nothing of {name} happened this week: the case compares nothing"
        assert before < len(last), f"nothing of {name} happened later last week"


def test_what_stands_is_what_the_stores_say(open_page: Open, lived_in: Stage) -> None:
    page = open_page(OVERVIEW)

    shown, journal = {metric.label: metric for metric in page.metric}, lived_in.journal
    owed_now, owed_then = owed(lived_in, NOW), owed(lived_in, THEN)
    assert f"{in_hubspot(lived_in):,} credits" == shown["Outstanding"].value
    assert [f"{outstanding(lived_in, day):,} credits" for day in DAYS] == [
        told.partition(": ")[2] for told in bars(page, "Outstanding")
    ]
    assert f"{owed_now} credits" == shown["Owed"].value
    assert f"{owed_then} credits last week" == shown["Owed"].delta
    assert f"{owed_now} credits of cancelled bookings are owed to students." in said(page)
    assert "800 ms" == shown["Copy lag"].value, "3 of 0.5 s and 1 of 1.7 s"
    assert "400 ms last week" == shown["Copy lag"].delta
    pending = journal.outbox_rows(dead=False)
    assert words.count(len(pending), "copy", "copies") == shown["Pending copies"].value
    assert "1 running" == shown["Workers"].value
    assert "1 h ago" == shown["Last check"].value


def test_the_status_is_that_of_the_last_check_of_all_rows(open_page: Open, lived_in: Stage) -> None:
    whole, (ours, theirs) = lived_in.journal.sweeps()[0], both_sides(lived_in)
    lived_in.clock.at = NOW - timedelta(minutes=30)
    swept(lived_in, lived_in.clock.at, mode=SweepMode.INCREMENTAL)
    lived_in.clock.at = NOW

    page = open_page(OVERVIEW)

    wrong = [id_ for id_, held in ours.items() if held != theirs[id_]]
    assert len(wrong) == len(lived_in.journal.drifts(whole.id)) > 1
    assert f"{len(wrong)} records are wrong in Supabase" in said(page)
    bookings = len(list(lived_in.crm.truth.all(Kind.BOOKING)))
    assert f"80 contacts, {bookings} bookings and 12 exams compared" in said(page)


def owed(made: Stage, when: datetime) -> int:
    """Cancelled bookings by then whose credit was never given back until then, one by one: what
    an undo took on purpose is owed no more.
    """
    tokens = {credit.token for credit in SCHOOL.credits}
    number = 0
    for booking in made.crm.truth.all(Kind.BOOKING):
        of = {name: held(booking, name, when) for name in booking.properties}
        cancelled, kept = of["is_active"] == "Cancelled", bool(of.get("credit_forfeited"))
        back = any(at <= when for at in versions(booking, "token_refunded", "true"))
        linked = bool(booking.links.get(Kind.CONTACT))
        number += cancelled and not back and not kept and linked and of["token_used"] in tokens
    return number


def held(record: Record, name: str, when: datetime) -> str | None:
    """What it held then, by its history."""
    known = [version.value for version in record.versions.get(name, []) if version.at <= when]
    return known[-1] if known else None


def outstanding(made: Stage, day: date) -> int:
    """All balances at the last full check of that day, or before it."""
    full = [s.saved_at for s in made.journal.sweeps(modes=[SweepMode.FULL]) if s.complete]
    checked = max(when for when in full if when.date() <= day)
    contacts = made.crm.truth.all(Kind.CONTACT)
    texts = [held(contact, key, checked) or "" for contact in contacts for key in SCHOOL.keys]
    return sum(int(text) for text in texts if text.isdigit())


def both_sides(made: Stage) -> tuple[dict[str, object], dict[str, object]]:
    """The balances of each contact in HubSpot, and in Supabase."""
    contacts = list(made.crm.truth.all(Kind.CONTACT))
    rows = made.mirror.rows(Kind.CONTACT, [each.id for each in contacts])
    ours = {each.id: [each.properties.get(key) for key in SCHOOL.keys] for each in contacts}
    theirs = {id_: [str(row[key]) for key in SCHOOL.keys] for id_, row in rows.items()}
    return dict(ours), dict(theirs)


def test_a_figure_leads_to_what_it_counts(open_page: Open, lived_in: Stage) -> None:
    links = [
        (link.proto.page, parse_qs(link.proto.query_string))
        for link in open_page(OVERVIEW).get("page_link")
        if link.proto.label in {"See list", "See chart"}
    ]

    monday = MONDAY.isoformat()
    assert [
        ("operations", {"kind": ["Batch cancellation", "Bulk refund"], "from": [monday]}),
        (
            "operations",
            {"kind": ["Batch cancellation", "Cancellation without refund"], "from": [monday]},
        ),
        ("operations", {"kind": ["Booking"], "from": [monday]}),
    ] == links[:3]
    assert ("audit", {"act": ["Repaired a record"], "from": [monday]}) == links[4]
    repaired = open_page(AUDIT, **{name: of[0] for name, of in links[4][1].items()})
    number = sum(when.date() >= MONDAY for when in mended(lived_in))
    assert words.count(number, "entry", "entries") in said(repaired)
    outstanding = {"view": ["Trends"], "trend": ["Credits outstanding"], "period": ["Last 30 days"]}
    assert ("operations", outstanding) == links[-1]
    charts = [params for page, params in links if page == "drift" and params]
    assert ["By cause", "Copy lag", "Refunds owed"] == [params["chart"][0] for params in charts]
    for params in charts:
        chosen = {name: of[0] for name, of in params.items()}
        page = open_page(DRIFT, **chosen)
        assert chosen == {name: page.session_state[name] for name in chosen}
