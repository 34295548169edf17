"""Two desks on one account: how each sees the other, and what a takeover does."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

import pytest

from core.app.assembly import assemble
from core.app.assembly.parts import Core
from core.audit.entries import Sought, What
from core.credits.errors import NotSent
from core.credits.records import MARKER, TOTAL_BOOKINGS, Kind
from core.credits.roles import ALLOWED, Actor, NotAllowed, Role
from core.credits.writes import QUIET_PERIOD
from core.hubspot.ports.inspection import Health
from core.operations.choosing.select import ByReference
from core.operations.commands import NotConfirmed
from core.operations.desks.rules import LIVE_S, Process, Stranger, desk_of, write_id
from core.operations.desks.takeover import BELIEVED_S, NoTakeover
from core.operations.states import ItemState, OperationState
from core.operations.verdicts import OperationKind, Verdict, Why
from tests.fakes.crm import Fault, Request
from tests.fakes.desks import FakeRegister
from tests.fakes.journal import MemoryJournal
from tests.unit.services.desk import ADMIN, HandEngine, TestDesk

KEY = "cs_credits"
UNMARKED: dict[str, int | str | None] = {
    "token_refunded": None,
    "token_refunded_at": None,
    "token_refund_admin": None,
}


class Two:
    """The desk of the tests and another one, with a store of its own, on the same account."""

    def __init__(self) -> None:
        self.one = TestDesk()
        self.register = FakeRegister(self.one.now)
        self.journals = (self.one.journal, MemoryJournal())
        self.first = self.core(0)
        self.second = self.core(1)
        self.one.crm.add_contact("100", {KEY: 5})
        self.one.crm.add_contact("101", {KEY: 3})

    def core(self, n: int, journal: MemoryJournal | None = None) -> Core:
        """A fresh process of that desk."""
        ids = count(1)
        name = f"host-{n}-{self.register.calls}"
        return assemble(
            crm=self.one.crm,
            mirror=self.one.mirror,
            journal=journal or self.journals[n],
            engine=HandEngine(),
            admins=[ADMIN.email],
            register=self.register,
            process=Process(
                name=name, desk="", host=f"host-{n}", version="1", started_at=self.one.time
            ),
            now=self.one.now,
            make_id=lambda: f"{'ab'[n]}{next(ids)}x{self.register.calls}",
            hold=timedelta(0),
        )

    def both_run(self) -> None:
        self.first.desks.renew()
        self.second.desks.renew()
        self.first.desks.renew()

    def pass_time(self, seconds: float) -> None:
        self.one.time += timedelta(seconds=seconds)

    def plan(self, core: Core, *bookings: str) -> str:
        kind = OperationKind.REFUND
        return core.operation_planner.preview(kind, ByReference(references=bookings), ADMIN).id

    def still_owed(self, core: Core, *bookings: str) -> None:
        """An admin of that desk says so, whatever the history of the balance tells."""
        found = core.owed_decisions.choice(ByReference(references=bookings), ADMIN)
        core.owed_decisions.decide(found.open, owed=True, reason="looked at it", actor=ADMIN)

    def refund(self, core: Core, *bookings: str) -> str:
        operation = self.plan(core, *bookings)
        core.operation_commands.confirm(operation, ADMIN, reason="a test")
        for _ in range(5):
            core.operation_runner.carry_out(operation)
        return operation


def marks_away(request: Request) -> Fault:
    marking = request.changes and request.kind is Kind.BOOKING
    return Fault.NOT_SENT if marking else Fault.NONE


@pytest.fixture
def two() -> Two:
    return Two()


def test_a_write_names_its_desk_and_an_older_one_names_none() -> None:
    assert "a1b2" == desk_of(write_id("a1b2", "0f"))
    assert "" == desk_of("0123456789abcdef0123")


def test_a_desk_alone_sees_no_other(two: Two) -> None:
    two.first.desks.renew()

    assert () == tuple(two.first.desks.others().live)
    assert [] == two.first.desks.objections()
    assert [Health.FINE] == [found.health for found in two.first.desks.findings()]


def test_two_processes_of_one_store_are_one_desk(two: Two) -> None:
    two.first.desks.renew()
    sibling = two.core(0)
    sibling.desks.renew()

    assert [] == sibling.desks.objections()


def test_each_desk_sees_the_other_and_neither_confirms(two: Two) -> None:
    two.one.booked("1", "100")
    two.both_run()

    for core, host in ((two.first, "host-1"), (two.second, "host-0")):
        with pytest.raises(NotConfirmed, match=f"{host}.*is at work on this HubSpot account"):
            core.operation_commands.confirm(two.plan(core, "1"), ADMIN, reason="a test")
        (found,) = core.desks.findings()
        assert (Health.FAULT, True) == (found.health, host in found.said)


def test_a_student_s_app_is_not_held_up_by_another_desk(two: Two) -> None:
    """It cannot see to it; the marker guards what it writes."""
    two.one.booked("1", "100", status="Active")
    two.both_run()
    app = Actor(email="app", role=Role.ADMIN, only=ALLOWED[Role.ADMIN])
    plan = two.first.operation_planner.preview(
        OperationKind.CANCEL, ByReference(references=("1",)), ADMIN
    )

    two.first.operation_commands.confirm(plan.id, app, reason="by the student")


def test_a_desk_that_fell_silent_is_no_objection(two: Two) -> None:
    two.both_run()
    two.pass_time(LIVE_S + 1)
    two.first.desks.renew()

    assert [] == two.first.desks.objections()
    assert 1 == len(two.first.desks.others().past)


def test_a_desk_that_ends_leaves_the_register(two: Two) -> None:
    two.both_run()
    two.second.desks.leave()
    two.first.desks.renew()

    assert [] == two.first.desks.objections()


def test_a_register_that_is_down_is_told_and_holds_nothing_up(two: Two) -> None:
    two.one.booked("1", "100")
    two.register.dead = NotSent("Supabase cannot be reached")
    two.first.desks.renew()

    two.refund(two.first, "1")

    (found,) = two.first.desks.findings()
    assert (Health.WARNING, True) == (found.health, "cannot be reached" in found.said)
    assert 6 == two.one.held("100", KEY)


def test_the_register_is_not_asked_at_every_confirm(two: Two) -> None:
    two.first.desks.renew()
    asked = two.register.calls

    for _ in range(5):
        two.first.desks.objections()
    two.pass_time(BELIEVED_S + 1)
    two.first.desks.objections()

    assert asked + 1 == two.register.calls


def test_a_list_refunded_by_one_desk_is_not_refunded_by_the_other(two: Two) -> None:
    """The bookings' marks were lost, so that only the contact's marker tells."""
    for n, contact in enumerate(["100", "100", "101"]):
        two.one.booked(str(n), contact)
    two.refund(two.first, "0", "1", "2")
    for n in range(3):
        two.one.crm.foreign_write(Kind.BOOKING, str(n), UNMARKED)
    two.still_owed(two.second, "0", "1", "2")

    operation = two.refund(two.second, "0", "1", "2")

    assert (7, 4) == (two.one.held("100", KEY), two.one.held("101", KEY))
    items = two.journals[1].items(operation)
    assert {ItemState.FAILED} == {item.state for item in items}
    first = two.first.desks.id()
    assert all(f"another desk ({first}) wrote this contact" in item.why for item in items)
    assert [] == two.journals[1].writes(operation)


def test_what_it_met_stops_the_operation_with_the_reason(two: Two) -> None:
    two.one.booked("0", "100")
    two.refund(two.first, "0")
    two.one.crm.foreign_write(Kind.BOOKING, "0", UNMARKED)
    two.still_owed(two.second, "0")

    operation = two.refund(two.second, "0")

    events = two.journals[1].events(operation_id=operation)
    (stopped,) = [event for event in events if event.what == OperationState.STOPPING]
    assert "another desk" in stopped.detail["detail"]


def test_no_seat_is_freed_when_another_desk_wrote_the_student(two: Two) -> None:
    two.one.booked("0", "100")
    two.one.booked("1", "100", status="Active")
    two.refund(two.first, "0")
    plan = two.second.operation_planner.preview(
        OperationKind.CANCEL, ByReference(references=("1",)), ADMIN
    )
    two.second.operation_commands.confirm(plan.id, ADMIN, reason="a test")

    two.second.operation_runner.carry_out(plan.id)

    (item,) = two.journals[1].items(plan.id)
    assert (ItemState.BLOCKED, False) == (item.state, item.cancelled)
    assert 10 == two.one.crm.balance(Kind.EXAM, "70", TOTAL_BOOKINGS)


def test_a_marker_of_an_older_version_is_known_if_the_journal_has_it(two: Two) -> None:
    two.one.booked("0", "100")
    two.one.booked("1", "100")
    operation = two.refund(two.first, "0")
    (record,) = two.journals[0].writes(operation)
    held = two.one.crm.counted(Kind.CONTACT, ["100"])["100"]
    assert held is not None
    assert record.write.id == held.marker

    two.refund(two.first, "1")

    assert 7 == two.one.held("100", KEY)


def test_a_marker_whose_time_hubspot_does_not_tell_stops_even_after_a_takeover(two: Two) -> None:
    two.one.booked("0", "100")
    two.one.crm.foreign_write(Kind.CONTACT, "100", {MARKER: "0123456789abcdef0123"})
    two.first.desks.take_over(ADMIN, reason="the old store is gone")
    two.one.crm.unreadable_histories.add("100")
    two.still_owed(two.first, "0")
    two.pass_time(1)

    operation = two.refund(two.first, "0")

    (item,) = two.journals[0].items(operation)
    assert "a desk of an older version wrote this contact" in item.why
    assert 5 == two.one.held("100", KEY)


def test_a_takeover_makes_earlier_writes_known_and_later_ones_not(two: Two) -> None:
    two.one.booked("0", "100")
    two.one.booked("1", "100")
    two.refund(two.first, "0")
    two.pass_time(1)
    two.second.desks.take_over(ADMIN, reason="the old server is gone")
    two.pass_time(2 * QUIET_PERIOD.total_seconds())

    two.still_owed(two.second, "1")
    two.refund(two.second, "1")
    assert 7 == two.one.held("100", KEY)

    two.one.booked("2", "101")
    two.one.booked("3", "101")
    two.refund(two.first, "2")
    two.still_owed(two.second, "3")
    late = two.refund(two.second, "3")
    assert 4 == two.one.held("101", KEY)
    assert ItemState.FAILED is two.journals[1].items(late)[0].state


def test_what_a_desk_gave_and_could_not_mark_is_not_given_by_the_one_that_takes_over(
    two: Two,
) -> None:
    two.one.booked("0", "100")
    two.one.booked("1", "100")
    two.refund(two.first, "1")
    two.pass_time(3600)
    two.one.booked("2", "100")
    two.pass_time(1)
    two.one.crm.sending = marks_away
    two.refund(two.first, "2")  # and dies before it can mark
    two.one.crm.sending = lambda _: Fault.NONE
    assert 7 == two.one.held("100", KEY)
    two.pass_time(3600)
    two.second.desks.take_over(ADMIN, reason="the old server is gone")
    two.pass_time(1)

    plan = two.second.operation_planner.preview(
        OperationKind.REFUND, ByReference(references=("2",)), ADMIN
    )

    (row,) = plan.rows
    assert (Verdict.SKIP, Why.GIVEN_BACK) == (row.verdict, row.why)
    assert f"another desk ({two.first.desks.id()})" in row.detail


def test_the_desk_that_was_taken_over_writes_and_confirms_no_more(two: Two) -> None:
    two.one.booked("0", "100")
    two.both_run()
    plan = two.plan(two.first, "0")

    two.second.desks.take_over(ADMIN, reason="it moved")
    two.first.desks.renew()

    name = two.second.desks.id()
    assert f"desk {name} took over from this one" in two.first.desks.barred()
    with pytest.raises(NotConfirmed, match="took over from this one"):
        two.first.operation_commands.confirm(plan, ADMIN, reason="a test")
    (found,) = two.first.desks.findings()
    assert Health.FAULT is found.health
    assert "" == two.second.desks.barred()
    assert [] == two.second.desks.objections()


def test_what_was_confirmed_before_is_not_written_after_a_takeover(two: Two) -> None:
    two.one.booked("0", "100")
    operation = two.plan(two.first, "0")
    two.first.operation_commands.confirm(operation, ADMIN, reason="a test")
    two.both_run()
    two.second.desks.take_over(ADMIN, reason="it moved")
    two.first.desks.renew()

    for _ in range(3):
        two.first.operation_runner.carry_out(operation)

    (item,) = two.journals[0].items(operation)
    assert "took over from this one" in item.why
    assert 5 == two.one.held("100", KEY)


def test_a_desk_that_hears_nothing_more_of_the_register_stays_barred(two: Two) -> None:
    two.both_run()
    two.second.desks.take_over(ADMIN, reason="it moved")
    two.first.desks.renew()
    two.register.dead = NotSent("down")

    two.first.desks.renew()

    assert two.first.desks.barred()


def test_a_desk_takes_over_in_turn(two: Two) -> None:
    two.both_run()
    two.second.desks.take_over(ADMIN, reason="it moved")
    two.first.desks.renew()

    two.first.desks.take_over(ADMIN, reason="it moved back")
    two.first.desks.renew()
    two.second.desks.renew()

    assert ("", True) == (two.first.desks.barred(), bool(two.second.desks.barred()))


def test_a_takeover_is_in_the_audit_with_who_and_why(two: Two) -> None:
    two.second.desks.take_over(ADMIN, reason=" it moved ")

    (link,) = two.journals[1].audit(Sought(what=(What.TAKEN_OVER,)))
    assert (ADMIN.email, "it moved") == (link.entry.actor, link.entry.reason)


def test_a_takeover_asks_for_a_reason_and_for_an_admin(two: Two) -> None:
    with pytest.raises(NoTakeover):
        two.second.desks.take_over(ADMIN, reason="  ")
    with pytest.raises(NotAllowed):
        two.second.desks.take_over(
            Actor(email="eve@example.test", role=Role.MANAGER), reason="because"
        )
    assert [] == two.journals[1].takeovers()


def test_a_copy_of_a_store_is_another_desk_and_a_takeover_renames_this_one(two: Two) -> None:
    """The same file on two machines: both know the name, neither knows the other's processes."""
    two.first.desks.renew()
    name = two.first.desks.id()
    copied = MemoryJournal()
    copied.desk_id(name)
    copy = two.core(0, copied)
    copy.desks.renew()
    assert ["desk a1x0 on host-0 (version 1, seen 0 s ago)"] == [
        objection.split(" is at work")[0] for objection in copy.desks.objections()
    ]

    copy.desks.take_over(ADMIN, reason="the original is gone")
    copy.desks.renew()
    two.first.desks.renew()

    assert name != copy.desks.id()
    assert ("", True) == (copy.desks.barred(), bool(two.first.desks.barred()))


def test_a_record_of_this_very_store_says_that_it_was_restored_or_copied() -> None:
    told = Stranger(kind=Kind.EXAM, record_id="70", marker="aaaa-1").told("aaaa")

    assert "no record of the last write of this exam" in told
    assert "restored from a backup, or a copy of it runs" in told
