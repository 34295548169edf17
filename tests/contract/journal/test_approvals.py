"""A second admin's yes: once, by another person, with who and when."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from core.app.journal import Journal
from core.credits.errors import StateConflict, UnknownId
from core.operations.states import Operation, OperationState
from tests.contract.journal.given import ADMIN, NOW, after, item, operation

BEN = "ben@example.test"
WHY = "more than 1 booking"


def waiting(**changes: Any) -> Operation:
    awaiting: dict[str, Any] = {
        "state": OperationState.AWAITING,
        "needs_approval": WHY,
        "hold_until": after(60),
    }
    return operation(**awaiting | changes)


def approve(journal: Journal, by: str = BEN) -> Operation:
    return journal.approve("op", by=by, at=after(5), hold_until=after(15))


def test_a_request_comes_back_as_it_was_confirmed(journal: Journal) -> None:
    journal.confirm(waiting(), [item(0)])

    assert waiting() == journal.operation("op")


def test_the_hold_begins_at_the_approval_and_who_said_yes_is_kept(journal: Journal) -> None:
    journal.confirm(waiting(), [item(0)])

    held = approve(journal)

    assert held == journal.operation("op")
    assert (OperationState.HELD, after(15)) == (held.state, held.hold_until)
    assert (BEN, after(5)) == (held.approved_by, held.approved_at)
    (event,) = journal.events(operation_id="op")
    assert (BEN, "approved", after(5)) == (event.actor, event.what, event.at)
    assert {"asked_by": ADMIN, "because": WHY} == event.detail


def test_who_asked_cannot_approve_however_the_address_is_written(journal: Journal) -> None:
    journal.confirm(waiting(), [])

    for email in (ADMIN, ADMIN.upper(), f" {ADMIN} ", ""):
        with pytest.raises(StateConflict):
            approve(journal, by=email)

    assert waiting() == journal.operation("op")
    assert [] == journal.events(operation_id="op")


def test_nothing_moves_on_without_a_second_admin_s_word(journal: Journal) -> None:
    journal.confirm(waiting(), [])

    for to in set(OperationState) - {OperationState.AWAITING, OperationState.CALLED_OFF}:
        with pytest.raises(StateConflict):
            journal.move("op", to, at=NOW, actor=BEN)

    assert OperationState.AWAITING is journal.operation("op").state


@pytest.mark.parametrize("here", sorted(set(OperationState) - {OperationState.AWAITING}))
def test_only_what_waits_can_be_approved(journal: Journal, here: OperationState) -> None:
    journal.confirm(waiting(state=here), [])

    with pytest.raises(StateConflict):
        approve(journal)

    assert waiting(state=here) == journal.operation("op")


def test_what_was_never_confirmed_cannot_be_approved(journal: Journal) -> None:
    with pytest.raises(UnknownId):
        approve(journal)


def test_of_two_who_approve_at_once_one_does(journal: Journal) -> None:
    journal.confirm(waiting(), [])
    together = threading.Barrier(2)

    def said_yes(by: str) -> bool:
        together.wait()
        try:
            approve(journal, by)
        except StateConflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(said_yes, [BEN, "cy@example.test"]))

    assert [False, True] == sorted(done)
    assert 1 == len(journal.events(operation_id="op"))


def test_what_waits_for_a_person_is_no_work_until_its_time_is_over(journal: Journal) -> None:
    journal.confirm(waiting(), [])

    assert [] == journal.unended()
    assert [] == journal.unended(at=after(59))
    assert ["op"] == [task.key for task in journal.unended(at=after(60))]

    approve(journal)

    assert ["op"] == [task.key for task in journal.unended()]
