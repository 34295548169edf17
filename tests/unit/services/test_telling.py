"""Telling students, over the fakes: once each, nobody twice, nobody silently untold."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import ParamSpec, TypeVar

import pytest

from core.credits.errors import StateConflict
from core.credits.records import BookingId, ContactId, Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.hubspot.ports.channels import Channel, TellBy
from core.hubspot.wire.telling import OPERATION, PROPERTIES
from core.operations.choosing.select import ByReference
from core.operations.commands import NotConfirmed
from core.operations.kinds.telling import NO_REASON, OFF
from core.operations.leftovers import About
from core.operations.states import FollowUps, Item, ItemState, Operation
from core.operations.telling.rules import Telling, TellingState, moved
from core.operations.verdicts import OperationKind
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, TestDesk

P = ParamSpec("P")
R = TypeVar("R")

MAILS = TellBy(channel=Channel.SINGLE_SEND, email_id=77)
SHOWN = TellBy(channel=Channel.PROPERTIES)
WHY = "the examiner is ill"
BOTH = pytest.mark.parametrize("by", [MAILS, SHOWN], ids=["mails", "properties"])


def desk_with(by: TellBy, students: int = 3) -> TestDesk:
    """Each student has one booking, active."""
    desk = TestDesk(tell_by=by)
    for n in range(students):
        contact = str(100 + n)
        desk.crm.add_contact(contact, {"cs_credits": 1}, email=f"s{n}@example.test")
        desk.booked(str(500 + n), contact, status="Active")
    return desk


def confirmed(desk: TestDesk, *ids: str, tell: str | None = WHY) -> Operation:
    plan = desk.core.operation_planner.preview(
        OperationKind.CANCEL, ByReference(references=ids), ADMIN
    )
    return desk.core.operation_commands.confirm(plan.id, ADMIN, reason="internal", tell=tell)


def told_by_hubspot(desk: TestDesk, operation: Operation) -> Counter[str]:
    """How often each student was told: mails, or changes that a workflow saw."""
    seen = Counter(str(mail.message.contact_id) for mail in desk.crm.mails.values())
    for record in desk.crm.truth.all(Kind.CONTACT):
        versions = record.versions.get(OPERATION, ())
        seen[record.id] += sum(version.value == operation.id for version in versions)
    return +seen


def states(desk: TestDesk, operation: Operation) -> Mapping[str, TellingState]:
    return {one.contact_id: one.state for one in desk.journal.tellings(operation.id)}


def late_in(desk: TestDesk, fault: Fault, *, times: int = 1) -> None:
    """The next requests that tell meet this. Notes go out at once with them, on another thread."""
    left = [fault] * times
    here = threading.local()

    def sending(_: Request) -> Fault:
        return left.pop() if getattr(here, "telling", False) and left else Fault.NONE

    def marked(tell: Callable[P, R]) -> Callable[P, R]:
        def told(*args: P.args, **kwargs: P.kwargs) -> R:
            here.telling = True
            try:
                return tell(*args, **kwargs)
            finally:
                here.telling = False

        return told

    desk.crm.show_told = marked(desk.crm.show_told)  # type: ignore[method-assign]
    desk.crm.send_told = marked(desk.crm.send_told)  # type: ignore[method-assign]
    desk.crm.sending = sending


@BOTH
def test_each_student_is_told_once_of_all_their_bookings(by: TellBy) -> None:
    desk = desk_with(by)
    desk.booked("600", "100", status="Active")

    operation = desk.carry(confirmed(desk, "500", "501", "502", "600"))

    assert {"100": 1, "101": 1, "102": 1} == told_by_hubspot(desk, operation)
    assert {TellingState.TOLD: 3} == desk.core.student_notices.counts(operation)
    assert FollowUps.DONE is operation.follow_ups
    assert [] == desk.journal.warnings(operation.id)


def test_a_mail_says_what_happened_and_not_the_internal_reason() -> None:
    desk = desk_with(MAILS, 1)
    operation = desk.carry(confirmed(desk, "500"))

    ((send_id, mail),) = desk.crm.mails.items()

    assert f"credit-desk-{operation.id}-100" == send_id
    assert (77, "s0@example.test") == (mail.email_id, mail.to)
    assert (
        "Your booking for Clinical Skills on 2 June 2036 was cancelled.\n"
        "Given back to you: 1 Clinical Skills credit.\n"
        "Reason: the examiner is ill"
    ) == mail.message.text
    assert "internal" not in str(mail)


def test_properties_hold_every_field_for_a_workflow() -> None:
    desk = desk_with(SHOWN, 1)
    operation = desk.carry(confirmed(desk, "500"))

    held = desk.crm.truth.need(Kind.CONTACT, "100").properties

    assert operation.id == held[OPERATION]
    assert {
        "act": "cancelled",
        "exam": "Clinical Skills, 2 June 2036",
        "exam_date": "2036-06-02",
        "credits": "1",
        "reason": WHY,
    } == {name: held[PROPERTIES[name]] for name in PROPERTIES if name != "text"}


@BOTH
def test_nobody_is_told_without_being_asked_for(by: TellBy) -> None:
    desk = desk_with(by)
    operation = desk.carry(confirmed(desk, "500", tell=None))

    assert not told_by_hubspot(desk, operation)
    assert [] == desk.journal.tellings(operation.id)
    assert {} == desk.core.student_notices.counts(operation)


@BOTH
def test_what_cannot_be_told_is_refused_before_anything_is_done(by: TellBy) -> None:
    desk = desk_with(by)
    with pytest.raises(NotConfirmed, match=NO_REASON):
        confirmed(desk, "500", tell="  ")

    off = desk_with(TellBy())
    with pytest.raises(NotConfirmed) as refused:
        confirmed(off, "500")
    assert (OFF,) == refused.value.faults


@BOTH
def test_a_student_without_an_address_or_who_is_gone_is_listed_and_holds_up_no_other(
    by: TellBy,
) -> None:
    desk = desk_with(by)
    desk.crm.foreign_write(Kind.CONTACT, "100", {"email": ""})
    operation = confirmed(desk, "500", "501", "502")
    operation = desk.carry(operation)

    assert {"101": 1, "102": 1} == told_by_hubspot(desk, operation)
    (one, item) = desk.core.student_notices.not_told(operation.id, ADMIN)[0]
    assert ("100", TellingState.FAILED) == (one.contact_id, one.state)
    assert "500" == item.booking_id
    assert [About.TOLD] == [w.about for w in desk.journal.warnings(operation.id)]
    assert FollowUps.DONE is operation.follow_ups


def test_a_student_who_opted_out_is_listed_where_a_workflow_mails() -> None:
    desk = desk_with(SHOWN, 1)
    desk.crm.foreign_write(Kind.CONTACT, "100", {"hs_email_optout": "true"})

    operation = desk.carry(confirmed(desk, "500"))

    assert not told_by_hubspot(desk, operation)
    ((one, _),) = desk.core.student_notices.not_told(operation.id, ADMIN)
    assert "the student has opted out of e-mail" == one.detail


def test_what_hubspot_says_of_a_mail_is_kept_and_a_later_one_has_a_new_name() -> None:
    desk = desk_with(MAILS, 1)
    desk.crm.send_results["s0@example.test"] = "PREVIOUSLY_BOUNCED"
    operation = desk.carry(confirmed(desk, "500"))
    ((one, _),) = desk.core.student_notices.not_told(operation.id, ADMIN)
    assert "HubSpot sent no e-mail: previously bounced" == one.detail

    desk.crm.send_results.clear()
    assert 1 == desk.core.student_notices.again(operation.id, ADMIN)
    operation = desk.follow_up(operation)

    assert [f"credit-desk-{operation.id}-100-1"] == list(desk.crm.mails)
    assert {"100": TellingState.TOLD} == states(desk, operation)
    assert [] == desk.journal.warnings(operation.id)


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.REQUEST_LOST, Fault.LATE])
def test_a_lost_answer_of_a_mail_is_shown_and_only_a_person_tells_again(fault: Fault) -> None:
    desk = desk_with(MAILS)
    late_in(desk, fault)

    operation = desk.carry(confirmed(desk, "500", "501", "502"))

    unclear = [id_ for id_, state in states(desk, operation).items() if state != "told"]
    assert [TellingState.UNCLEAR] == [states(desk, operation)[id_] for id_ in unclear]
    assert FollowUps.DONE is operation.follow_ups, "nothing is tried by itself"
    (warned,) = desk.journal.warnings(operation.id)
    assert f"contact {unclear[0]} may not have been told: HubSpot's answer was lost" == warned.told

    assert 1 == desk.core.student_notices.again(operation.id, ADMIN)
    operation = desk.follow_up(operation)
    while desk.crm.late:
        desk.crm.deliver_late()

    assert {"100": 1, "101": 1, "102": 1} == told_by_hubspot(desk, operation)
    assert {TellingState.TOLD: 3} == desk.core.student_notices.counts(operation)
    assert [] == desk.journal.warnings(operation.id)


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.REQUEST_LOST])
def test_a_lost_answer_of_properties_is_settled_by_what_hubspot_shows(fault: Fault) -> None:
    desk = desk_with(SHOWN)
    late_in(desk, fault)

    operation = desk.carry(confirmed(desk, "500", "501", "502"))

    assert {"100": 1, "101": 1, "102": 1} == told_by_hubspot(desk, operation)
    assert {TellingState.TOLD: 3} == desk.core.student_notices.counts(operation)


def test_properties_are_not_sent_again_while_the_first_may_arrive() -> None:
    desk = desk_with(SHOWN, 1)
    late_in(desk, Fault.LATE)
    operation = confirmed(desk, "500")
    desk.time += desk.core.operation_commands.hold
    assert desk.core.operation_runner.carry_out(operation.id) is None

    desk.time += timedelta(seconds=40)
    desk.core.operation_runner.follow_up(operation.id)
    assert {"100": TellingState.SENDING} == states(desk, operation)
    desk.crm.deliver_late()
    operation = desk.follow_up(operation)

    assert {"100": 1} == told_by_hubspot(desk, operation)
    assert {"100": TellingState.TOLD} == states(desk, operation)


def test_properties_that_another_operation_wrote_over_are_found_in_their_history() -> None:
    desk = desk_with(SHOWN, 1)
    late_in(desk, Fault.ANSWER_LOST)
    operation = confirmed(desk, "500")
    desk.time += desk.core.operation_commands.hold
    desk.core.operation_runner.carry_out(operation.id)

    desk.crm.foreign_write(Kind.CONTACT, "100", {OPERATION: "another"})
    operation = desk.follow_up(operation)

    assert {"100": 1} == told_by_hubspot(desk, operation)
    assert {"100": TellingState.TOLD} == states(desk, operation)


def test_a_contact_that_was_merged_before_its_answer_is_known_is_shown() -> None:
    desk = desk_with(SHOWN, 1)
    desk.crm.add_contact("900", email="other@example.test")
    late_in(desk, Fault.REQUEST_LOST)
    operation = confirmed(desk, "500")
    desk.time += desk.core.operation_commands.hold
    desk.core.operation_runner.carry_out(operation.id)

    desk.crm.merge(Kind.CONTACT, "900", "100")
    operation = desk.follow_up(operation)
    assert {"100": TellingState.UNCLEAR} == states(desk, operation)

    desk.core.student_notices.again(operation.id, ADMIN)
    desk.follow_up(operation)
    assert {"100": TellingState.TOLD} == states(desk, operation)


@BOTH
def test_a_refused_token_is_waited_for(by: TellBy) -> None:
    desk = desk_with(by)
    late_in(desk, Fault.BARRED, times=9)

    operation = desk.carry(confirmed(desk, "500", "501", "502"))

    assert {TellingState.TOLD: 3} == desk.core.student_notices.counts(operation)


def test_a_mail_that_hubspot_took_is_told_once_hubspot_has_sent_it() -> None:
    desk = desk_with(MAILS, 1)
    desk.crm.mails_wait = True
    operation = confirmed(desk, "500")
    desk.time += desk.core.operation_commands.hold
    desk.core.operation_runner.carry_out(operation.id)
    assert {"100": TellingState.SENDING} == states(desk, operation)

    desk.crm.send_mails()
    operation = desk.follow_up(operation)

    assert {"100": TellingState.TOLD} == states(desk, operation)
    assert {"100": 1} == told_by_hubspot(desk, operation)


def test_a_mail_that_hubspot_took_and_then_refused_is_listed() -> None:
    desk = desk_with(MAILS, 1)
    desk.crm.mails_wait = True
    operation = confirmed(desk, "500")
    desk.time += desk.core.operation_commands.hold
    desk.core.operation_runner.carry_out(operation.id)

    desk.crm.send_results["s0@example.test"] = "BLOCKED_ADDRESS"
    desk.crm.send_mails()
    operation = desk.follow_up(operation)

    assert {"100": TellingState.FAILED} == states(desk, operation)


def test_a_second_refusal_after_a_lost_answer_stays_unclear_under_the_same_name() -> None:
    """The first mail may have been sent: a new name would send a second one."""
    desk = desk_with(MAILS, 1)
    late_in(desk, Fault.ANSWER_LOST)
    operation = desk.carry(confirmed(desk, "500"))
    desk.crm.send_results["s0@example.test"] = "EMAIL_DISABLED"
    desk.core.student_notices.again(operation.id, ADMIN)
    desk.follow_up(operation)
    ((one, _),) = desk.core.student_notices.not_told(operation.id, ADMIN)
    assert (TellingState.UNCLEAR, f"credit-desk-{operation.id}-100") == (one.state, one.send_id)

    desk.crm.send_results.clear()
    desk.core.student_notices.again(operation.id, ADMIN)
    operation = desk.follow_up(operation)

    assert {"100": 1} == told_by_hubspot(desk, operation)
    assert {"100": TellingState.TOLD} == states(desk, operation)


@BOTH
def test_a_student_with_a_booking_that_failed_is_told_of_all_once_it_is_done(by: TellBy) -> None:
    desk = desk_with(by, 1)
    desk.booked("600", "100", status="Active")
    refused = {"600": Fault.REFUSED}

    def refuse(request: Request) -> Mapping[str, Fault]:
        changes = request.what == "write" and request.kind is Kind.BOOKING
        return refused if changes else {}

    desk.crm.sending = refuse
    operation = desk.carry(confirmed(desk, "500", "600"))
    assert {"100": TellingState.HELD} == states(desk, operation)
    assert not told_by_hubspot(desk, operation)

    refused.clear()
    desk.core.operation_commands.retry(operation.id, ADMIN)
    operation = desk.carry(operation)

    assert {"100": 1} == told_by_hubspot(desk, operation)
    assert {"100": TellingState.TOLD} == states(desk, operation)


@BOTH
def test_a_person_has_a_student_told_of_what_is_done(by: TellBy) -> None:
    desk = desk_with(by, 1)
    desk.booked("600", "100", status="Active")
    desk.crm.sending = lambda request: (
        {"600": Fault.REFUSED}
        if request.what == "write" and request.kind is Kind.BOOKING
        else Fault.NONE
    )
    operation = desk.carry(confirmed(desk, "500", "600"))

    desk.core.student_notices.again(operation.id, ADMIN)
    operation = desk.follow_up(operation)

    assert {"100": 1} == told_by_hubspot(desk, operation)


@BOTH
def test_nothing_is_sent_once_the_settings_say_another_way_and_it_goes_on_when_they_do(
    by: TellBy,
) -> None:
    desk = desk_with(by)
    operation = confirmed(desk, "500")
    other = TestDesk(journal=lambda _: desk.journal)
    other.crm, other.time = desk.crm, desk.time
    off = other.core.operation_runner
    desk.time = other.time = desk.time + desk.core.operation_commands.hold
    off.carry_out(operation.id)

    waits = desk.journal.operation(operation.id)
    assert FollowUps.DUE is waits.follow_ups
    assert f"CREDIT_DESK_TELL is off, and this operation tells students by {by.channel.value}" in (
        waits.waiting_for
    )


@BOTH
def test_given_up_follow_ups_tell_nobody_until_a_person_says_again(by: TellBy) -> None:
    desk = desk_with(by)
    late_in(desk, Fault.NOT_SENT, times=9)
    operation = confirmed(desk, "500", "501", "502")
    desk.time += desk.core.operation_commands.hold
    desk.core.operation_runner.carry_out(operation.id)
    desk.core.operation_commands.stop(operation.id, ADMIN)
    desk.crm.sending = lambda _: Fault.NONE
    assert desk.core.operation_runner.follow_up(operation.id) is None
    assert not told_by_hubspot(desk, operation)

    desk.core.student_notices.again(operation.id, ADMIN)
    operation = desk.follow_up(operation)

    assert {"100": 1, "101": 1, "102": 1} == told_by_hubspot(desk, operation)


def test_only_who_runs_batches_tells_again_and_only_who_was_not_told() -> None:
    desk = desk_with(MAILS)
    operation = desk.carry(confirmed(desk, "500"))
    silent = desk.carry(confirmed(desk, "501", tell=None))

    with pytest.raises(NotAllowed):
        desk.core.student_notices.again(
            operation.id, Actor(email="s@example.test", role=Role.STAFF)
        )
    with pytest.raises(StateConflict, match="nobody of it is left"):
        desk.core.student_notices.again(operation.id, ADMIN)
    with pytest.raises(StateConflict, match="nobody is told of operation"):
        desk.core.student_notices.again(silent.id, ADMIN)


@BOTH
def test_many_students_are_told_after_the_end_which_does_not_wait_for_them(by: TellBy) -> None:
    desk = desk_with(by, 130)
    operation = confirmed(desk, *(str(500 + n) for n in range(130)))
    desk.time += desk.core.operation_commands.hold
    while desk.core.operation_runner.carry_out(operation.id) is not None:
        desk.time += timedelta(seconds=2)
    assert {TellingState.TOLD: 100} == desk.core.student_notices.counts(operation)

    operation = desk.follow_up(operation)

    assert {TellingState.TOLD: 130} == desk.core.student_notices.counts(operation)
    assert set(told_by_hubspot(desk, operation).values()) == {1}


def test_who_waits_anew_is_not_told_while_properties_of_before_may_arrive() -> None:
    """As after a clock that was set back between the two."""
    desk = desk_with(SHOWN, 1)
    operation = confirmed(desk, "500")
    run, _ = desk.journal.begin_run(operation.id, at=desk.time)
    waits = Telling(
        operation_id=operation.id,
        contact_id=ContactId("100"),
        state=TellingState.WAITING,
        sent_at=desk.time + desk.core.operation_commands.hold,
    )
    desk.journal.record_tellings(run, [waits])

    desk.time += desk.core.operation_commands.hold
    desk.core.operation_runner.carry_out(operation.id)
    assert not told_by_hubspot(desk, operation)

    operation = desk.follow_up(operation)
    assert {"100": 1} == told_by_hubspot(desk, operation)


@BOTH
def test_a_student_whose_credit_is_kept_is_told_so(by: TellBy) -> None:
    desk = desk_with(by, 1)
    plan = desk.core.operation_planner.preview(
        OperationKind.FORFEIT, ByReference(references=("500",)), ADMIN
    )
    said = desk.core.student_notices.preview(plan, WHY)
    operation = desk.core.operation_commands.confirm(plan.id, ADMIN, reason="internal", tell=WHY)
    operation = desk.carry(operation)

    assert said is not None
    assert (
        "Your booking for Clinical Skills on 2 June 2036 was cancelled.\n"
        "No credit is given back.\n"
        "Reason: the examiner is ill"
    ) == said.text
    assert {"100": 1} == told_by_hubspot(desk, operation)


def test_a_kind_that_tells_nobody_anything_is_not_confirmed_with_it() -> None:
    desk = desk_with(SHOWN, 1)
    refund = desk.carry(confirmed(desk, "500", tell=None))
    desk.booked("700", "100")
    refund = desk.run("700")
    undo = desk.core.undo_planner.preview(refund.id, ADMIN)

    assert not desk.core.student_notices.offered(undo)
    with pytest.raises(NotConfirmed, match="students are told nothing of it"):
        desk.core.operation_commands.confirm(undo.id, ADMIN, reason="internal", tell=WHY)


def test_a_move_is_told_alike_whether_a_credit_was_spent_or_not() -> None:
    """Its items do not say so: what is told must be true of both."""
    item = Item(
        operation_id="op", booking_id=BookingId("1"), n=0, state=ItemState.DONE,
        mock_type="Clinical Skills", new_name="Clinical Skills-1-May 11, 2026",
    )  # fmt: skip

    assert "No credit is taken for it." == moved("moved", [item]).sentences[-1]
