"""What was done to one contact or exam, whichever operation did it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.app.journal import Journal
from core.audit.store.event_port import Event
from core.credits.records import ExamId, Kind
from core.credits.writes import Run
from core.operations.states import OperationState
from tests.contract.journal.given import ADMIN, after, item, operation, saved, write


@pytest.fixture
def trail(journal: Journal) -> Journal:
    made: Any = journal
    return made  # type: ignore[no-any-return]


def confirmed(trail: Journal, id_: str, *places: int, seconds: float = 0) -> Run:
    items = [item(n, operation_id=id_, exam_id=ExamId("e1")) for n in places]
    assert trail.confirm(operation(id_, confirmed_at=after(seconds)), items)
    return trail.begin_run(id_, at=after(seconds))[0]


def test_the_items_of_a_contact_come_newest_operation_first(trail: Journal) -> None:
    confirmed(trail, "old", 0, 1, 2)
    confirmed(trail, "new", 1, seconds=5)

    found = trail.items_of(["c0", "gone"])

    assert [("new", "b1"), ("old", "b0"), ("old", "b1")] == [
        (of.id, each.booking_id) for each, of in found
    ]
    assert found[:2] == trail.items_of(["c0"], limit=2)
    assert [] == trail.items_of([])
    assert found == trail.items_of(["c0"], limit=None)


def test_the_items_of_a_contact_are_asked_for_by_the_state_of_their_operation(
    trail: Journal,
) -> None:
    running = operation("runs", state=OperationState.RUNNING)
    assert trail.confirm(running, [item(0, operation_id="runs")])
    assert trail.confirm(operation("held", confirmed_at=after(1)), [item(0, operation_id="held")])

    found = {
        state: [of.id for _, of in trail.items_of(["c0"], states=[state])]
        for state in (OperationState.HELD, OperationState.RUNNING, OperationState.DONE)
    }
    assert [["held"], ["runs"], []] == list(found.values())
    assert ["held", "runs"] == [of.id for _, of in trail.items_of(["c0"], states=found)]


def test_writes_of_a_record_come_from_all_operations_newest_first(trail: Journal) -> None:
    for n, operation_id in enumerate(("one", "two")):
        run = confirmed(trail, operation_id, n)
        intent = write(f"w{n}", f"b{n}", operation_id=operation_id)
        saved(trail, run, [replace(intent, sent_at=after(n))])

    found = trail.writes_of(Kind.CONTACT, ["c0"])

    assert ["w1", "w0"] == [record.write.id for record in found]
    assert ["w1"] == [record.write.id for record in trail.writes_of(Kind.CONTACT, ["c0"], limit=1)]
    assert [] == trail.writes_of(Kind.EXAM, ["c0"])


def test_operations_are_given_by_name_and_strangers_left_out(trail: Journal) -> None:
    confirmed(trail, "one", 0)

    assert ["one"] == list(trail.operations_named(["one", "stranger"]))
    assert {} == trail.operations_named([])


def test_what_still_works_on_an_exam_is_told_and_what_ended_since(trail: Journal) -> None:
    for operation_id, ended in (("early", 10.0), ("late", 30.0), ("going on", None)):
        confirmed(trail, operation_id, 0)
        trail.move(operation_id, OperationState.RUNNING, at=after(1), actor=ADMIN)
        if ended is not None:
            trail.move(operation_id, OperationState.DONE, at=after(ended), actor=ADMIN)

    found = trail.items_of_exam("e1", ended_since=after(20))

    assert {"late", "going on"} == {each.id for _, each in found}
    assert [] == trail.items_of_exam("e2", ended_since=after(0))


def test_what_moves_to_an_exam_works_on_it_as_what_leaves_it(trail: Journal) -> None:
    moving = operation("move", to_exam=ExamId("e2"))
    trail.confirm(moving, [item(n, operation_id="move", exam_id=ExamId("e1")) for n in (0, 1)])
    confirmed(trail, "another", 2)

    found = {exam: trail.items_of_exam(exam, ended_since=after(0)) for exam in ("e1", "e2", "e3")}

    assert {"move", "another"} == {each.id for _, each in found["e1"]}
    assert [("move", "b0"), ("move", "b1")] == [(of.id, i.booking_id) for i, of in found["e2"]]
    assert [] == found["e3"]


def test_events_are_found_by_their_name_newest_first(trail: Journal) -> None:
    for n, what in enumerate(("opened", "looked", "opened", "closed")):
        trail.record(Event(at=after(n), actor=ADMIN, what=what))

    assert [after(2), after(0)] == [event.at for event in trail.events_called(["opened"])]
    assert ["closed"] == [e.what for e in trail.events_called(["opened", "closed"], limit=1)]
