"""Refunds and cancellations over fakes: each row says what happened, the rest goes through."""

from __future__ import annotations

from contextlib import suppress
from contextvars import Context
from dataclasses import replace
from datetime import timedelta

import pytest

from core.audit.entries import Sought, What
from core.cli import reports
from core.credits.catalogue import SCHOOL
from core.credits.errors import BadList, JournalError, NotReady, StateConflict, UnknownId
from core.credits.records import BookingId, ContactId, Kind, WriteId
from core.credits.roles import Actor, NotAllowed, Role
from core.credits.writes import MovementKind, WriteState
from core.hubspot.ports.inspection import Finding, Health
from core.mirror.rows import contact_row
from core.mirror.store.outbox_port import Due
from core.operations.choosing.select import ByReference
from core.operations.commands import NotConfirmed, OperationCommands
from core.operations.desks.rules import Takeover
from core.operations.leftovers import About
from core.operations.resolve import Resolution
from core.operations.states import ItemState, OperationState
from core.operations.verdicts import OperationKind
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, DiesAfter, TestDesk, as_a_run_begins

CANCEL = OperationKind.CANCEL


@pytest.fixture
def desk() -> TestDesk:
    return TestDesk()


def test_two_bookings_of_one_contact_give_back_two_credits_in_one_write(desk: TestDesk) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("500", "100")
    desk.booked("501", "100")

    operation = desk.run("500", "501")

    assert 3 == desk.crm.balance(Kind.CONTACT, "100", "cs_credits")
    assert 1 == len(desk.journal.writes(operation.id))


def test_an_operation_counts_its_own_calls_and_nobody_elses(desk: TestDesk) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("500", "100", status="Active")
    others = 0

    def others_ask_too(request: Request) -> Fault:
        nonlocal others
        if request.what == "write":
            desk.crm.sending = lambda _: Fault.NONE
            others += 1
            Context().run(desk.crm.contacts, [ContactId("100")])
            desk.crm.sending = others_ask_too
        return Fault.NONE

    confirmed = desk.confirm("500", kind=CANCEL)
    desk.crm.sending = others_ask_too
    before = desk.crm.usage()["total"]

    desk.carry(confirmed)

    made = desk.crm.usage()["total"] - before
    assert others > 2
    assert made - others == desk.journal.operation(confirmed.id).calls


def test_a_shared_token_gives_back_a_shared_credit(desk: TestDesk) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1, "shared_mock_credits": 4})
    desk.booked("500", "100", token="Shared Token")

    desk.run("500")

    assert 5 == desk.crm.balance(Kind.CONTACT, "100", "shared_mock_credits")
    assert 1 == desk.crm.balance(Kind.CONTACT, "100", "cs_credits")


def test_a_specific_refund_brings_the_mirrors_other_balances_up_to_what_was_read(
    desk: TestDesk,
) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1, "shared_mock_credits": 4})
    drifted: dict[str, object] = {"cs_credits": 0, "shared_mock_credits": 9}
    long_ago = {"hubspot_id": "100", "source_modified_at": "2026-01-01T00:00:00+00:00"}
    desk.mirror.put(Kind.CONTACT, drifted | long_ago)
    desk.booked("500", "100")

    desk.run("500")
    desk.drain()

    row = desk.mirror.rows(Kind.CONTACT, ["100"])["100"]
    assert (2, 4) == (row["cs_credits"], row["shared_mock_credits"])


def test_what_was_read_before_a_write_never_goes_over_what_the_mirror_has_had_since(
    desk: TestDesk,
) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1, "shared_mock_credits": 4})
    desk.booked("500", "100")

    def spent_meanwhile(request: Request) -> Fault:
        if request.what == "write" and request.kind is Kind.CONTACT:
            desk.time += timedelta(seconds=1)
            desk.crm.foreign_write(Kind.CONTACT, "100", {"shared_mock_credits": "3"})
            now = desk.crm.contacts([ContactId("100")])[ContactId("100")]
            assert now is not None
            desk.mirror.copy(Kind.CONTACT, [contact_row(now, SCHOOL)])  # by its webhook
            desk.time += timedelta(seconds=1)
        return Fault.NONE

    desk.crm.sending = spent_meanwhile
    desk.run("500")
    desk.drain()

    row = desk.mirror.rows(Kind.CONTACT, ["100"])["100"]
    assert (2, 3) == (row["cs_credits"], row["shared_mock_credits"])


def test_a_contact_that_the_mirror_lacks_is_copied_whole(desk: TestDesk) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1, "shared_mock_credits": 4}, email="a@example.test")
    desk.booked("500", "100")

    desk.run("500")
    desk.drain()

    row = desk.mirror.rows(Kind.CONTACT, ["100"])["100"]
    assert (2, 4, "a@example.test") == (row["cs_credits"], row["shared_mock_credits"], row["email"])


def test_a_mock_discussion_restore_adds_one_to_what_is_there(desk: TestDesk) -> None:
    desk.crm.add_contact("100", {"mock_discussion_token": "2.0"})
    desk.booked("500", "100", token="Mock Discussion Token")

    desk.run("500")

    assert 3 == desk.crm.balance(Kind.CONTACT, "100", "mock_discussion_token")


def test_refunding_twice_changes_nothing_the_second_time(desk: TestDesk) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("500", "100")
    first, second = desk.confirm("500"), desk.confirm("500")

    desk.carry(first)
    desk.carry(second)

    assert 2 == desk.crm.balance(Kind.CONTACT, "100", "cs_credits")
    assert desk.item(second, "500").state is ItemState.SKIPPED
    assert first.id in desk.item(second, "500").why


def test_a_cancellation_cancels_gives_back_marks_counts_down_and_notes(desk: TestDesk) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("500", "100", status="Active")
    desk.booked("501", "100", status="Active", token="Admin Override")

    desk.run("500", "501", kind=CANCEL)

    held = desk.crm.truth.need(Kind.BOOKING, "500").properties
    assert ("Cancelled", "true", ADMIN.email) == tuple(
        held[key] for key in ("is_active", "token_refunded", "token_refund_admin")
    )
    assert 2 == desk.crm.balance(Kind.CONTACT, "100", "cs_credits")
    assert 8 == desk.crm.balance(Kind.EXAM, "70", "total_bookings")
    (note,) = desk.crm.notes
    assert "a test" in note.text
    assert "1 Clinical Skills" in note.text


def test_whose_cancels_these_were_is_read_at_once_with_and_without_a_credit(
    desk: TestDesk,
) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("500", "100", status="Active")
    desk.booked("501", "100", status="Active", token="Admin Override")

    operation = desk.run("500", "501", kind=CANCEL)

    assert 1 == desk.crm.usage()["history bookings"]
    assert {ItemState.DONE} == {desk.item(operation, id_).state for id_ in ("500", "501")}


def test_one_bad_row_is_told_and_the_rest_goes_through(desk: TestDesk) -> None:
    for contact in ("100", "101", "102", "103"):
        desk.crm.add_contact(contact, {"cs_credits": 1})
        desk.booked(f"5{contact}", contact)
    operation = desk.confirm("5100", "5101", "5102", "5103")
    desk.crm.archive(Kind.CONTACT, "101")
    desk.crm.foreign_write(Kind.CONTACT, "102", {"cs_credits": "abc"})
    merged = desk.crm.merge(Kind.CONTACT, "103", "100")

    desk.carry(operation)

    states = {id_: desk.item(operation, id_).state for id_ in ("5100", "5101", "5102", "5103")}
    assert states == {
        "5100": ItemState.DONE,
        "5101": ItemState.BLOCKED,
        "5102": ItemState.BLOCKED,
        "5103": ItemState.DONE,
    }
    assert 3 == desk.crm.balance(Kind.CONTACT, merged, "cs_credits")
    assert "archived" in desk.item(operation, "5101").why
    assert "'abc'" in desk.item(operation, "5102").why


def test_an_operation_over_merged_students_says_so_and_leaves_one_row(desk: TestDesk) -> None:
    for contact in ("100", "103"):
        desk.crm.add_contact(contact, {"cs_credits": 1})
        desk.booked(f"5{contact}", contact)
    copies = [Due(kind=Kind.CONTACT, record_id=id_, row=None) for id_ in ("100", "103")]
    desk.core.mirror_copier.put(copies)
    desk.drain()
    operation = desk.confirm("5100", "5103")
    merged = desk.crm.merge(Kind.CONTACT, "103", "100")

    desk.carry(operation)
    desk.drain()

    warned = desk.journal.warnings(operation.id)
    assert [(About.MERGED, "100"), (About.MERGED, "103")] == [(w.about, w.record) for w in warned]
    assert all(f"merged into {merged}" in w.told for w in warned)
    rows = desk.mirror.rows(Kind.CONTACT, ["100", "103", merged])
    assert {merged: 3} == {id_: row["cs_credits"] for id_, row in rows.items()}


def test_a_hint_that_names_a_merged_contact_by_its_former_id_is_no_disagreement(
    desk: TestDesk,
) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.crm.add_contact("101", {"cs_credits": 5})
    desk.time += timedelta(hours=1)
    desk.crm.add_booking(
        "500",
        contact="100",
        exam="70",
        status="Cancelled",
        token="Clinical Skills Token",
        associated_contact_id="100",
    )
    desk.time += timedelta(hours=1)
    merged = desk.crm.merge(Kind.CONTACT, "101", "100")

    operation = desk.run("500")

    assert desk.item(operation, "500").state is ItemState.DONE
    assert 6 == desk.crm.balance(Kind.CONTACT, merged, "cs_credits")


def test_a_refused_record_of_a_batch_fails_alone_and_can_be_retried(desk: TestDesk) -> None:
    for contact in ("100", "101"):
        desk.crm.add_contact(contact, {"cs_credits": 1})
        desk.booked(f"5{contact}", contact)

    def partial(request: Request) -> Fault | dict[str, Fault]:
        refuse = request.what == "write" and request.kind is Kind.CONTACT
        return {"101": Fault.REFUSED} if refuse else Fault.NONE

    desk.crm.sending = partial
    operation = desk.run("5100", "5101")

    assert desk.item(operation, "5100").state is ItemState.DONE
    assert desk.item(operation, "5101").state is ItemState.FAILED
    assert not desk.crm.truth.need(Kind.BOOKING, "5101").properties.get("token_refunded")

    desk.crm.sending = lambda _: Fault.NONE
    desk.carry(desk.core.operation_commands.retry(operation.id, ADMIN))

    assert desk.item(operation, "5101").state is ItemState.DONE
    assert [2, 2] == [desk.crm.balance(Kind.CONTACT, c, "cs_credits") for c in ("100", "101")]


def test_without_the_marker_property_nothing_is_written_and_the_way_out_is_named(
    desk: TestDesk,
) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("500", "100")
    desk.crm.has_marker = False

    operation = desk.run("500")

    assert "provision" in desk.item(operation, "500").why
    assert 1 == desk.crm.balance(Kind.CONTACT, "100", "cs_credits")


def test_nothing_is_previewed_on_an_account_that_would_refuse_the_end_of_it(
    desk: TestDesk,
) -> None:
    """A cancellation would free the seat and then be unable to give the credit back."""
    lacking = [
        Finding(health=Health.FAULT, what=what, said="is missing", mend="Run provision")
        for what in ("contacts: marker", "exams: marker")
    ]
    desk.account.found = [*lacking, Finding(health=Health.FINE, what="HubSpot", said="answers")]
    chosen = ByReference(references=("500",))

    with pytest.raises(NotReady) as caught:
        desk.core.operation_planner.preview(CANCEL, chosen, ADMIN)
    assert 2 == len(caught.value.faults)

    desk.account.provision()
    desk.core.operation_planner.preview(CANCEL, chosen, ADMIN)
    desk.core.operation_planner.preview(CANCEL, chosen, ADMIN)
    assert 2 == desk.account.looks


def test_confirming_twice_is_one_operation(desk: TestDesk) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("500", "100")
    plan = desk.core.operation_planner.preview(
        OperationKind.REFUND, ByReference(references=("500",)), ADMIN
    )

    once = desk.core.operation_commands.confirm(plan.id, ADMIN, reason="first")
    again = desk.core.operation_commands.confirm(plan.id, ADMIN, reason="second")

    assert once == again
    assert 1 == len(desk.journal.operations())


def test_all_faults_of_a_confirmation_are_told_at_once(desk: TestDesk) -> None:
    plan = desk.core.operation_planner.preview(
        OperationKind.REFUND, ByReference(references=("999",)), ADMIN
    )
    desk.time += timedelta(hours=2)

    with pytest.raises(NotConfirmed) as caught:
        desk.core.operation_commands.confirm(plan.id, ADMIN, reason=" ")

    assert 3 == len(caught.value.faults)
    assert [] == desk.journal.operations()


def test_more_than_twenty_bookings_want_their_number_typed(desk: TestDesk) -> None:
    desk.crm.add_contact("100", {})
    ids = [str(500 + n) for n in range(21)]
    for id_ in ids:
        desk.booked(id_, "100")
    plan = desk.core.operation_planner.preview(
        OperationKind.REFUND, ByReference(references=tuple(ids)), ADMIN
    )

    with pytest.raises(NotConfirmed, match="type 21"):
        desk.core.operation_commands.confirm(plan.id, ADMIN, reason="r", typed=12)
    assert desk.core.operation_commands.confirm(plan.id, ADMIN, reason="r", typed=21)


def test_what_is_called_off_in_its_hold_never_begins(desk: TestDesk) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("500", "100")
    operation = desk.confirm("500")

    assert operation.hold_until == desk.core.operation_runner.carry_out(operation.id)
    desk.core.operation_commands.stop(operation.id, ADMIN)
    desk.time += timedelta(minutes=1)

    assert desk.carry(operation).state is OperationState.CALLED_OFF
    assert 1 == desk.crm.balance(Kind.CONTACT, "100", "cs_credits")


def test_a_stopped_operation_leaves_the_rest_for_a_retry(desk: TestDesk) -> None:
    for n in range(6):
        desk.crm.add_contact(f"10{n}", {"cs_credits": 1})
        desk.booked(f"50{n}", f"10{n}")
    operation = desk.confirm(*(f"50{n}" for n in range(6)))
    carrying = replace(desk.core.operation_runner, group_size=2, groups_at_once=1)
    desk.core = replace(desk.core, operation_runner=carrying)

    def stop_after_the_first_write(request: Request) -> None:
        if request.changes and request.kind is Kind.CONTACT:
            desk.crm.answered = lambda _: None
            desk.core.operation_commands.stop(operation.id, ADMIN)

    desk.crm.answered = stop_after_the_first_write
    desk.carry(operation)

    states = [item.state for item in desk.journal.items(operation.id)]
    assert [ItemState.DONE] * 2 + [ItemState.STOPPED] * 4 == states
    assert desk.journal.operation(operation.id).state is OperationState.STOPPED

    desk.carry(desk.core.operation_commands.retry(operation.id, ADMIN))
    assert {2} == {desk.crm.balance(Kind.CONTACT, f"10{n}", "cs_credits") for n in range(6)}


def test_nobody_but_an_admin_runs_batches(desk: TestDesk) -> None:
    staff = Actor(email="s@example.test", role=Role.STAFF)
    for id_, contact in (("500", "100"), ("501", "101")):
        desk.crm.add_contact(contact, {})
        desk.booked(id_, contact, status="Active")
    batch = desk.confirm("500", "501", kind=CANCEL).id
    both = ByReference(references=("500", "501"))

    for act in (
        lambda: desk.core.operation_planner.preview(CANCEL, both, staff),
        lambda: desk.core.operation_commands.confirm(batch, staff, reason="r"),
        lambda: desk.core.operation_commands.stop(batch, staff),
        lambda: desk.core.operation_commands.retry(batch, staff),
        lambda: desk.core.resolution.decide("id", WriteId("w"), staff, landed=True, why=""),
    ):
        with pytest.raises(NotAllowed):
            act()


def undecided(desk: TestDesk) -> tuple[str, WriteId]:
    """An operation whose write was followed by another desk's, with no history to read."""
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("500", "100")
    operation = desk.confirm("500")

    def lost(request: Request) -> Fault:
        if request.changes and request.kind is Kind.CONTACT:
            desk.crm.unreadable_histories = {"100"}
            desk.crm.sending = lambda _: Fault.NONE
            return Fault.ANSWER_LOST
        return Fault.NONE

    def written_over(request: Request) -> None:
        if request.changes and request.kind is Kind.CONTACT:
            desk.crm.answered = lambda _: None
            desk.crm.foreign_write(Kind.CONTACT, "100", {"credit_desk_last_write": "another"})

    desk.crm.sending, desk.crm.answered = lost, written_over
    desk.carry(operation)
    desk.journal.take_over(Takeover(at=desk.time, by=ADMIN.email, reason="the other one is gone"))
    (record,) = desk.journal.writes(operation.id)
    assert record.state is WriteState.UNDECIDED
    assert desk.item(operation, "500").state is ItemState.UNDECIDED
    return operation.id, record.write.id


def test_a_person_who_sees_the_credit_lets_the_booking_be_marked(desk: TestDesk) -> None:
    operation_id, write_id = undecided(desk)

    again = desk.core.resolution.decide(operation_id, write_id, ADMIN, landed=True, why="seen")
    desk.carry(again)

    assert desk.item(again, "500").state is ItemState.DONE
    assert 2 == desk.crm.balance(Kind.CONTACT, "100", "cs_credits")
    assert "true" == desk.crm.truth.need(Kind.BOOKING, "500").properties["token_refunded"]


def test_a_process_that_dies_at_a_confirmation_leaves_its_line_in_the_history(
    desk: TestDesk,
) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("500", "100")
    plan = desk.plan("500")
    dying = DiesAfter(desk.journal, "confirm_plan")
    commands: OperationCommands = replace(desk.core.operation_commands, journal=dying)

    with pytest.raises(JournalError, match="dead"):
        commands.confirm(plan.id, ADMIN, reason="Ill")

    (told,) = desk.journal.events(operation_id=plan.id)
    (entry,) = [e for e in desk.journal.recorded() if e.what == What.CONFIRMED]
    assert ("confirmed", {"reason": "Ill", "bookings": 1}) == (told.what, dict(told.detail))
    assert plan.id == entry.operation_id


def test_a_process_that_dies_at_a_decision_leaves_its_line_in_the_history(desk: TestDesk) -> None:
    operation_id, write_id = undecided(desk)
    dying = DiesAfter(desk.journal, "settle")
    resolution: Resolution = replace(desk.core.resolution, journal=dying)

    with suppress(JournalError):
        resolution.decide(operation_id, write_id, ADMIN, landed=True, why="seen")

    assert dying.dead
    told = desk.journal.events(operation_id=operation_id)[0]
    assert (f"decided that write {write_id} landed", {"why": "seen"}) == (told.what, told.detail)
    assert 1 == [e.what for e in desk.journal.recorded()].count(What.DECIDED)


def test_a_person_who_misses_the_credit_lets_a_retry_give_it_back(desk: TestDesk) -> None:
    operation_id, write_id = undecided(desk)
    desk.crm.foreign_write(Kind.CONTACT, "100", {"cs_credits": 1})

    with pytest.raises(BadList, match="say how you know"):
        desk.core.resolution.decide(operation_id, write_id, ADMIN, landed=False, why="  ")
    desk.core.resolution.decide(operation_id, write_id, ADMIN, landed=False, why="not there")
    desk.crm.unreadable_histories = set()
    desk.carry(desk.core.operation_commands.retry(operation_id, ADMIN))

    assert 2 == desk.crm.balance(Kind.CONTACT, "100", "cs_credits")
    with pytest.raises(StateConflict):
        desk.core.resolution.decide(operation_id, write_id, ADMIN, landed=True, why="seen")
    with pytest.raises(UnknownId):
        desk.core.resolution.decide(operation_id, WriteId("none"), ADMIN, landed=True, why="seen")


def test_of_two_who_decide_on_one_write_at_once_the_first_counts(desk: TestDesk) -> None:
    operation_id, write_id = undecided(desk)
    decide = desk.core.resolution.decide

    as_a_run_begins(
        desk, lambda: decide(operation_id, write_id, ADMIN, landed=False, why="not there")
    )
    with pytest.raises(StateConflict, match="nothing to decide"):
        decide(operation_id, write_id, ADMIN, landed=False, why="me too")

    assert 1 == len(desk.journal.audit(Sought(what=(What.DECIDED,))))


def test_a_foreign_write_in_the_window_is_told_with_its_correction(desk: TestDesk) -> None:
    desk.crm.add_contact("100", {"cs_credits": 3})
    desk.booked("500", "100")
    operation = desk.confirm("500")

    def spend(request: Request) -> Fault:
        if request.changes and request.kind is Kind.CONTACT:
            desk.crm.sending = lambda _: Fault.NONE
            desk.crm.foreign_write(Kind.CONTACT, "100", {"cs_credits": 2})
        return Fault.NONE

    desk.crm.sending = spend
    desk.carry(operation)

    (found,) = desk.journal.foreign_writes(operation.id)
    assert (3, 2, 4, -1) == (found.read, found.theirs, found.ours, found.correction)
    assert "CRM_UI" == found.source


def test_a_report_is_told_in_words_however_deep_it_is(desk: TestDesk) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("500", "100")
    operation = desk.run("500")
    report = reports.of_operation(
        operation, desk.journal.progress(operation.id), retried_at=None, now=desk.time
    )

    told = reports.in_words({"operations": [report], "waiting for": "", "credits": {}})

    assert "counts (done 1)" in told
    assert "credits (cs_credits 1)" in told
    assert "credits: none" in told
    assert "waiting" not in told


def test_who_lost_the_seat_does_not_take_the_credit(desk: TestDesk) -> None:
    """Else each of two operations could win one claim, and neither would cancel the booking."""
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("500", "100", status="Active")
    first, second = desk.confirm("500", kind=CANCEL), desk.confirm("500", kind=CANCEL)
    begun, _ = desk.journal.begin_run(first.id, at=desk.time)
    desk.journal.claim(begun, [BookingId("500")], MovementKind.SEAT_FREED)

    desk.time += timedelta(minutes=1)
    desk.carry(second)
    won = desk.journal.claim(begun, [BookingId("500")], MovementKind.REFUND)

    assert desk.item(second, "500").state is ItemState.SKIPPED
    assert {"500": first.id} == won
    assert desk.carry(first).state is OperationState.DONE
    assert 2 == desk.crm.balance(Kind.CONTACT, "100", "cs_credits")


def test_a_count_that_stays_refused_is_told_once_while_notes_are_unknown(desk: TestDesk) -> None:
    """The look comes again every two seconds for the notes; the count is refused at each."""
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("500", "100", status="Active")
    desk.crm.foreign_write(Kind.EXAM, "70", {"total_bookings": 0})
    operation = desk.confirm("500", kind=CANCEL)
    contact_writes = 0

    def lose_notes(request: Request) -> Fault:
        nonlocal contact_writes
        contact_writes += request.changes and request.kind is Kind.CONTACT
        lost = request.changes and request.kind is Kind.CONTACT and 2 <= contact_writes < 6
        return Fault.NOT_SENT if lost else Fault.NONE

    desk.crm.sending = lose_notes
    desk.time += timedelta(minutes=1)
    desk.carry(operation)

    assert 6 == contact_writes, "the credit, four notes that went nowhere, one that arrived"
    told = [e for e in desk.journal.events(operation_id=operation.id) if e.what == "left undone"]
    assert 1 == len(told)
    assert [told[0].detail["told"]] == [w.told for w in desk.journal.warnings(operation.id)]


def test_a_count_that_went_through_after_all_is_no_warning(desk: TestDesk) -> None:
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.crm.add_contact("101", {"cs_credits": 1})
    for booking, contact in (("500", "100"), ("501", "101")):
        desk.booked(booking, contact, status="Active")
    desk.crm.foreign_write(Kind.EXAM, "70", {"total_bookings": 0})
    operation = desk.confirm("500", "501", kind=CANCEL)
    desk.crm.archive(Kind.CONTACT, "101")
    desk.time += timedelta(minutes=1)
    desk.carry(operation)
    assert 1 == len(desk.journal.warnings(operation.id))

    desk.crm.foreign_write(Kind.EXAM, "70", {"total_bookings": 2})
    desk.carry(desk.core.operation_commands.retry(operation.id, ADMIN))

    assert [] == desk.journal.warnings(operation.id)
    assert "made good" in [e.what for e in desk.journal.events(operation_id=operation.id)]
