"""Seats, notes and the check hold no operation up whose credits are done."""

from __future__ import annotations

import pytest

from core.audit.entries import What
from core.credits.errors import Refused, StateConflict
from core.credits.records import TOTAL_BOOKINGS, Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.operations.leftovers import About
from core.operations.states import FollowUps, ItemState, Operation, OperationState
from core.operations.verdicts import OperationKind
from core.work.work import Work, key_of
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, CS, TestDesk

MANAGER = Actor(email="mia@example.test", role=Role.MANAGER)


@pytest.fixture
def desk() -> TestDesk:
    desk = TestDesk()
    for n in range(3):
        desk.crm.add_contact(f"10{n}", {"cs_credits": 1})
        desk.booked(f"50{n}", f"10{n}", token=CS, status="Active")
    return desk


def notes(desk: TestDesk, fate: Fault) -> None:
    """Each contact's second write is its note."""
    seen: set[str] = set()

    def fates(request: Request) -> Fault | dict[str, Fault]:
        if request.what != "write" or request.kind is not Kind.CONTACT:
            return Fault.NONE
        found = {id_: fate for id_ in request.ids if id_ in seen}
        seen.update(request.ids)
        return found

    desk.crm.sending = fates


def cancelled(desk: TestDesk) -> Operation:
    operation = desk.confirm("500", "501", "502", kind=OperationKind.CANCEL)
    desk.time = operation.hold_until
    assert None is desk.core.operation_runner.carry_out(operation.id), "it has ended"
    return desk.journal.operation(operation.id)


def due(desk: TestDesk) -> list[str]:
    return [task.key for task in desk.journal.unended()]


def test_an_operation_ends_though_notes_are_down(desk: TestDesk) -> None:
    notes(desk, Fault.NOT_SENT)

    operation = cancelled(desk)

    assert (OperationState.DONE, FollowUps.DUE) == (operation.state, operation.follow_ups)
    assert {ItemState.DONE: 3} == desk.journal.progress(operation.id).states
    assert operation.waiting_for.startswith("notes: ")
    assert [key_of(Work.FOLLOW_UPS, operation.id)] == due(desk)
    assert [About.FOLLOW_UPS] == [one.about for one in desk.journal.warnings(operation.id)]
    assert 7 == desk.crm.balance(Kind.EXAM, "70", TOTAL_BOOKINGS), "seats do not wait for notes"
    assert [operation] == desk.journal.following_up()
    assert ["follow-ups incomplete"] == [
        need.told.split(": ")[1]
        for need in desk.core.overview_reader.read(ADMIN).needs
        if need.of == operation.id
    ]


def test_follow_ups_are_done_once_when_notes_are_back(desk: TestDesk) -> None:
    notes(desk, Fault.NOT_SENT)
    operation = cancelled(desk)
    assert desk.core.operation_runner.follow_up(operation.id) is not None
    desk.crm.sending = lambda _: Fault.NONE

    ended = desk.follow_up(operation)

    assert (OperationState.DONE, FollowUps.DONE, "") == (
        ended.state, ended.follow_ups, ended.waiting_for,
    )  # fmt: skip
    assert ["100", "101", "102"] == sorted(note.contact_id for note in desk.crm.notes)
    assert ([], []) == (due(desk), desk.journal.warnings(operation.id))
    assert None is desk.core.operation_runner.follow_up(operation.id)


def test_a_person_gives_follow_ups_up(desk: TestDesk) -> None:
    notes(desk, Fault.NOT_SENT)
    operation = cancelled(desk)

    with pytest.raises(NotAllowed):
        desk.core.operation_commands.stop(operation.id, MANAGER)
    given_up = desk.core.operation_commands.stop(operation.id, ADMIN)

    assert (OperationState.DONE, FollowUps.GIVEN_UP) == (given_up.state, given_up.follow_ups)
    assert None is desk.core.operation_runner.follow_up(operation.id)
    assert [] == due(desk)
    assert "given up" in desk.journal.warnings(operation.id)[0].told
    assert What.FOLLOW_UPS in [entry.what for entry in desk.journal.recorded()]


def test_what_was_given_up_is_retried(desk: TestDesk) -> None:
    notes(desk, Fault.NOT_SENT)
    operation = cancelled(desk)
    desk.core.operation_commands.stop(operation.id, ADMIN)
    desk.crm.sending = lambda _: Fault.NONE

    desk.core.operation_commands.retry(operation.id, ADMIN)

    assert key_of(Work.FOLLOW_UPS, operation.id) == desk.engine.submitted[-1]
    assert FollowUps.DONE is desk.follow_up(operation).follow_ups
    assert 3 == len(desk.crm.notes)
    with pytest.raises(StateConflict, match="nothing is retried"):
        desk.core.operation_commands.retry(operation.id, ADMIN)


def test_a_note_that_was_refused_is_written_by_a_retry(desk: TestDesk) -> None:
    notes(desk, Fault.REFUSED)
    operation = cancelled(desk)
    refused = [one.about for one in desk.journal.warnings(operation.id)]
    desk.crm.sending = lambda _: Fault.NONE

    desk.core.operation_commands.retry(operation.id, ADMIN)
    desk.follow_up(operation)

    assert [About.NOTE] * 3 == refused
    assert [] == desk.journal.warnings(operation.id)
    assert 3 == len(desk.crm.notes)


def test_a_retry_of_bookings_takes_the_operation_from_its_follow_ups(desk: TestDesk) -> None:
    notes(desk, Fault.NOT_SENT)
    operation = desk.confirm("500", "501", "502", kind=OperationKind.CANCEL)
    contact = desk.crm.truth.need(Kind.CONTACT, "101")
    desk.crm.truth.archive(contact)
    desk.time = operation.hold_until
    assert None is desk.core.operation_runner.carry_out(operation.id)
    assert FollowUps.DUE is desk.journal.operation(operation.id).follow_ups
    desk.crm.truth.restore(contact)

    again = desk.core.operation_commands.retry(operation.id, ADMIN)

    assert (OperationState.RUNNING, FollowUps.NONE) == (again.state, again.follow_ups)
    assert None is desk.core.operation_runner.follow_up(operation.id)
    assert [operation.id] == due(desk)


def test_one_contact_that_hubspot_refuses_holds_up_no_other_note(desk: TestDesk) -> None:
    """It is asked whether the notes are there already, and refuses for the sake of one."""
    notes(desk, Fault.NOT_SENT)
    operation = cancelled(desk)
    ask = desk.crm.contacts_with_note

    def refuse(ids: object, marker: str) -> object:
        if "101" in list(ids):  # type: ignore[call-overload]
            raise Refused("HubSpot refused the search", status=400)
        return ask(ids, marker)  # type: ignore[arg-type]

    object.__setattr__(desk.core.operation_runner.finishing, "crm", _With(desk.crm, refuse))
    desk.crm.sending = lambda _: Fault.NONE
    ended = desk.follow_up(operation)

    assert FollowUps.DONE is ended.follow_ups
    assert ["100", "102"] == sorted(note.contact_id for note in desk.crm.notes)
    assert ["101"] == [one.record for one in desk.journal.warnings(operation.id)]


class _With:
    """The account, but for one of its answers."""

    def __init__(self, crm: object, contacts_with_note: object) -> None:
        self._crm = crm
        self.contacts_with_note = contacts_with_note

    def __getattr__(self, name: str) -> object:
        return getattr(self._crm, name)


def test_follow_ups_are_given_up_once(desk: TestDesk) -> None:
    notes(desk, Fault.NOT_SENT)
    operation = cancelled(desk)
    desk.core.operation_commands.stop(operation.id, ADMIN)

    with pytest.raises(StateConflict, match="are given up: they cannot become given up"):
        desk.journal.move_follow_ups(
            operation.id, FollowUps.GIVEN_UP, at=desk.now(), actor=ADMIN.email
        )
