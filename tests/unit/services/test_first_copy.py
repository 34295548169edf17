"""A first copy over fakes: every record gets its row, in one read, whatever happens meanwhile."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest

from core.audit.entries import Sought, What
from core.credits.errors import NotSent
from core.credits.records import MARKER, Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.drift.causes import Cause
from core.drift.past_sweeps import stuck
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.mirror.port import MirrorRow
from core.mirror.rows import PARTIAL, Row, written_row
from core.mirror.store.outbox_port import Due
from core.work.work import Work
from tests.fakes.crm import Fault, Request
from tests.simulation.stores import differing
from tests.unit.services.desk import ADMIN, TestDesk

MANAGER = Actor(email="mia@example.test", role=Role.MANAGER)


@pytest.fixture
def desk() -> TestDesk:
    """Ten contacts with a booking each; Supabase is empty."""
    made = TestDesk()
    for n in range(10):
        made.crm.add_contact(str(11 + n), {"cs_credits": n}, email=f"{n}@example.test")
        made.booked(str(31 + n), str(11 + n))
    made.time += timedelta(hours=1)
    return made


def ask(desk: TestDesk, mode: SweepMode = SweepMode.COPY) -> Sweep:
    desk.time += timedelta(milliseconds=1)
    return desk.core.sweep_runner.ask(mode, ADMIN)


def copied(desk: TestDesk, mode: SweepMode = SweepMode.COPY) -> Sweep:
    asked = ask(desk, mode)
    desk.carry_on(Work.SWEEP, asked.id)
    done = desk.journal.sweep(asked.id)
    assert done.complete
    assert sum(done.known.values()) == sum(done.compared.values()) + done.left_alone
    return done


def causes(desk: TestDesk, sweep: Sweep) -> dict[str, Cause]:
    return {each.record_id: each.cause for each in desk.journal.drifts(sweep.id)}


def row(desk: TestDesk, id_: str, kind: Kind = Kind.CONTACT) -> Row:
    return desk.mirror.rows(kind, [id_])[id_]


def asked_of(desk: TestDesk) -> Counter[str]:
    return Counter(desk.crm.usage())


def loses_the_fourth_page() -> Callable[[Request], Fault]:
    """Of HubSpot's list the fourth request is not sent; all others are answered."""
    pages = itertools.count(1)

    def sending(request: Request) -> Fault:
        return Fault.NOT_SENT if request.what == "list" and next(pages) == 4 else Fault.NONE

    return sending


def test_every_record_gets_its_row_and_nothing_is_read_but_the_list(desk: TestDesk) -> None:
    before = asked_of(desk)

    done = copied(desk)

    assert {"contacts": 10, "bookings": 10, "exams": 1} == done.copied == done.compared
    assert done.expected == done.known
    assert (0, 0) == (done.drifting, done.left_alone)
    assert set() == differing(desk.crm, desk.mirror)
    kinds = {kind for kind in asked_of(desk) - before if kind != "total"}
    assert {"list", "search"} == {kind.split()[0] for kind in kinds}, "no record is read again"
    assert ("11", "70") == tuple(
        row(desk, "31", Kind.BOOKING)[name] for name in ("contact_hubspot_id", "exam_hubspot_id")
    )


def test_a_full_check_reads_only_what_is_not_as_it_was_listed(desk: TestDesk) -> None:
    copied(desk)
    desk.crm.foreign_write(Kind.CONTACT, "12", {"cs_credits": 9})
    asked: list[Request] = []
    desk.crm.answered = asked.append

    done = copied(desk, SweepMode.FULL)

    assert {"12": Cause.CHANGED_IN_HUBSPOT} == causes(desk, done)
    read = [(request.what, request.ids) for request in asked if request.what == "read"]
    assert [("read", ("12",))] == read
    assert {} == done.copied


def test_an_unreadable_balance_costs_nobody_a_row_and_is_named(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "12", {"cs_credits": "abc", "sj_credits": 4})

    done = copied(desk)

    assert 10 == done.copied["contacts"]
    assert (None, 4) == tuple(row(desk, "12")[key] for key in ("cs_credits", "sj_credits"))
    (named,) = desk.journal.drifts(done.id)
    assert ("12", Cause.UNREADABLE_VALUE) == (named.record_id, named.cause)
    assert "'abc'" in named.evidence
    assert "Supabase shows nothing" in named.evidence


def test_a_table_that_lets_no_balance_be_empty_shows_its_default_and_the_report_says_so(
    desk: TestDesk,
) -> None:
    desk.mirror.never_empty.add((Kind.CONTACT, "cs_credits"))
    desk.crm.foreign_write(Kind.CONTACT, "12", {"cs_credits": "abc"})

    done = copied(desk)

    assert 0 == row(desk, "12")["cs_credits"]
    (named,) = desk.journal.drifts(done.id)
    assert Cause.UNREADABLE_VALUE is named.cause
    assert "Supabase shows 0" in named.evidence
    assert {"cs_credits": 0} == named.mirror


def test_what_supabase_does_not_take_is_left_to_the_outbox_and_holds_nothing_up(
    desk: TestDesk,
) -> None:
    desk.mirror.refuse = lambda _, given: "too long" if given["hubspot_id"] == "12" else ""

    done = copied(desk)

    assert 9 == done.copied["contacts"]
    assert 1 == done.left_alone
    (due,) = desk.journal.outbox_rows()
    assert (Kind.CONTACT, "12") == (due.kind, due.record_id)
    desk.mirror.refuse = lambda _kind, _row: ""
    desk.time += timedelta(minutes=1)
    desk.drain()
    assert set() == differing(desk.crm, desk.mirror)


def test_a_row_that_is_there_is_compared_and_left_as_it_is(desk: TestDesk) -> None:
    desk.core.mirror_copier.put([Due(kind=Kind.CONTACT, record_id="12", row=None)])
    desk.drain()
    edited = {**row(desk, "12"), "cs_credits": 7, "updated_at": desk.time.isoformat()}
    desk.mirror.put(Kind.CONTACT, edited)

    done = copied(desk)

    assert {"12": Cause.CHANGED_IN_MIRROR} == causes(desk, done)
    assert 7 == row(desk, "12")["cs_credits"]
    assert 9 == done.copied["contacts"]


def test_a_merged_contact_keeps_one_row(desk: TestDesk) -> None:
    for id_ in ("12", "13"):
        desk.core.mirror_copier.put([Due(kind=Kind.CONTACT, record_id=id_, row=None)])
    desk.drain()
    merged = desk.crm.merge(Kind.CONTACT, "12", "13")

    copied(desk)
    desk.drain()

    held = desk.mirror.rows(Kind.CONTACT, ["12", "13", merged])
    assert {merged} == held.keys()
    assert set() == differing(desk.crm, desk.mirror)


def test_a_write_of_the_desk_while_a_page_is_in_hand_is_never_overwritten(desk: TestDesk) -> None:
    """What was listed is older by then: the newer credit stays, and the rest of the row comes."""
    offered: list[MirrorRow] = []

    def meanwhile(kind: Kind, rows: Sequence[MirrorRow]) -> None:
        if kind is not Kind.CONTACT or offered:
            return
        offered.extend(rows)
        desk.time += timedelta(seconds=1)
        desk.crm.foreign_write(Kind.CONTACT, "12", {"cs_credits": 5, MARKER: "w"})
        partial = written_row(desk.crm.counted(Kind.CONTACT, ["12"])["12"])  # type: ignore[arg-type]
        desk.mirror.put(Kind.CONTACT, {**partial, PARTIAL: False, "email": "stale@example.test"})

    desk.mirror.on_copy = meanwhile
    done = copied(desk)

    assert any(given["hubspot_id"] == "12" and given["cs_credits"] == 1 for given in offered)
    assert 5 == row(desk, "12")["cs_credits"], "the newer credit was overwritten"
    assert 1 == done.left_alone, "what the row told beside it is read again"
    desk.drain()
    assert "1@example.test" == row(desk, "12")["email"]


def test_a_copy_that_stops_in_the_middle_is_gone_on_with_where_it_was(desk: TestDesk) -> None:
    desk.crm.batch_max = 2
    asked = ask(desk)
    desk.crm.sending = loses_the_fourth_page()
    again = desk.core.sweep_runner.carry_out(asked.id)
    stopped = desk.journal.sweep(asked.id)

    assert again is not None
    assert SweepState.PAUSED is stopped.state
    assert 0 < stopped.copied["contacts"] < 10
    before = asked_of(desk)
    desk.carry_on(Work.SWEEP, asked.id)
    done = desk.journal.sweep(asked.id)
    assert done.compared == done.known == {"contacts": 10, "bookings": 10, "exams": 1}
    listed = (asked_of(desk) - before)["list contacts"]
    assert listed <= 5 - stopped.copied["contacts"] // 2 + 1, "it began anew"
    assert set() == differing(desk.crm, desk.mirror)


def test_a_full_check_that_was_taken_over_counts_nobody_twice(desk: TestDesk) -> None:
    copied(desk)
    desk.crm.batch_max = 2
    desk.crm.archive(Kind.CONTACT, "20")
    asked = ask(desk, SweepMode.FULL)
    desk.crm.sending = loses_the_fourth_page()
    desk.core.sweep_runner.carry_out(asked.id)
    desk.carry_on(Work.SWEEP, asked.id)

    done = desk.journal.sweep(asked.id)
    assert done.epoch > 1
    assert {"contacts": 10, "bookings": 10, "exams": 1} == done.known == done.compared
    assert {"20": Cause.CONTACT_GONE} == {
        id_: cause for id_, cause in causes(desk, done).items() if cause is Cause.CONTACT_GONE
    }
    assert sum(range(9)) == done.balances["cs_credits"]


def test_while_supabase_is_away_it_waits(desk: TestDesk) -> None:
    asked = ask(desk)
    desk.mirror.die(NotSent("Supabase is away"))

    assert desk.core.sweep_runner.carry_out(asked.id) is not None
    assert "Supabase is away" in desk.journal.sweep(asked.id).error

    desk.mirror.come_back()
    desk.carry_on(Work.SWEEP, asked.id)
    assert set() == differing(desk.crm, desk.mirror)


def test_only_who_may_change_many_records_may_copy_and_it_is_recorded(desk: TestDesk) -> None:
    with pytest.raises(NotAllowed):
        desk.core.sweep_runner.ask(SweepMode.COPY, MANAGER)
    assert desk.core.sweep_runner.nothing_copied(MANAGER)

    done = copied(desk)

    assert not desk.core.sweep_runner.nothing_copied(MANAGER)
    (entry,) = (link.entry for link in desk.journal.audit(Sought(what=(What.COPY,))))
    told: tuple[Any, ...] = (entry.actor, entry.subject_id, entry.detail)
    assert (ADMIN.email, done.id, {"mode": "copy"}) == told


def test_a_check_of_changes_begins_where_a_copy_began(desk: TestDesk) -> None:
    done = copied(desk)
    desk.time += timedelta(hours=2)
    desk.crm.foreign_write(Kind.CONTACT, "12", {"cs_credits": 9})

    changes = copied(desk, SweepMode.INCREMENTAL)

    assert changes.since is not None
    assert changes.since <= done.started_at
    assert changes.since > done.started_at - timedelta(hours=1)
    assert {"12": Cause.CHANGED_IN_HUBSPOT} == causes(desk, changes)


def test_its_end_is_foretold_by_how_far_it_is(desk: TestDesk) -> None:
    at = desk.time
    sweep = Sweep(
        id="c",
        mode=SweepMode.COPY,
        started_at=at,
        saved_at=at + timedelta(seconds=10),
        known={"contacts": 250},
        expected={"contacts": 800, "bookings": 200},
    )

    foretold = sweep.foretold()

    assert foretold is not None
    assert (0.25, timedelta(seconds=30)) == (foretold.part, foretold.left)
    assert Sweep(id="c", mode=SweepMode.COPY, started_at=at, saved_at=at).foretold() is None


def test_a_copy_that_was_given_up_is_told_of_until_a_full_check_has_followed(
    desk: TestDesk,
) -> None:
    asked = ask(desk)
    desk.mirror.die(NotSent("Supabase is away"))
    desk.core.sweep_runner.carry_out(asked.id)
    assert [asked.id] == [each.id for each in stuck(desk.journal)]
    desk.time += timedelta(hours=7)
    desk.core.sweep_runner.carry_out(asked.id)
    assert SweepState.GIVEN_UP is desk.journal.sweep(asked.id).state
    assert [asked.id] == [each.id for each in stuck(desk.journal)]

    desk.mirror.come_back()
    copied(desk, SweepMode.FULL)

    assert [] == stuck(desk.journal)
