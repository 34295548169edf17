from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from core.app.journal import Journal
from core.credits.errors import StateConflict, UnknownId
from core.operations.protocol import each_item as each_items
from core.operations.protocol.each_item import each_item
from core.operations.sought import SoughtOperations
from core.operations.states import OPERATION_MOVES, ItemState, OperationState
from core.operations.verdicts import OperationKind
from tests.contract.journal.given import ADMIN, NOW, after, item, operation, running

S = OperationState


def move(journal: Journal, to: OperationState, at: datetime = NOW, detail: str = "") -> None:
    journal.move("op", to, at=at, actor=ADMIN, detail=detail)


def walk_to(journal: Journal, state: OperationState) -> None:
    """Take the shortest way of drawn moves."""
    ways: dict[OperationState, list[OperationState]] = {S.HELD: [], S.AWAITING: []}
    while state not in ways:
        for here, way in list(ways.items()):
            for there in OPERATION_MOVES[here]:
                ways.setdefault(there, [*way, there])
    for step in ways[state]:
        move(journal, step)


def test_confirming_twice_is_one_operation(journal: Journal) -> None:
    first = journal.confirm(operation(reason="first"), [item(0)])
    second = journal.confirm(operation(reason="second"), [item(0), item(1)])

    assert (True, False) == (first, second)
    assert "first" == journal.operation("op").reason
    assert [item(0)] == journal.items("op")


def test_an_operation_comes_back_as_it_was_confirmed(journal: Journal) -> None:
    journal.confirm(operation(), [item(0)])

    assert operation() == journal.operation("op")


def test_an_unknown_operation_is_said_to_be_unknown(journal: Journal) -> None:
    for ask in (journal.operation, journal.items, journal.progress):
        with pytest.raises(UnknownId, match="there is no operation nothing"):
            ask("nothing")
    with pytest.raises(UnknownId):
        journal.begin_run("nothing", at=NOW)
    with pytest.raises(UnknownId):
        journal.move("nothing", S.RUNNING, at=NOW, actor=ADMIN)
    with pytest.raises(UnknownId):
        journal.reopen("nothing", {ItemState.FAILED}, at=NOW, actor=ADMIN)


def test_operations_are_listed_newest_first_page_by_page(journal: Journal) -> None:
    for n in range(5):
        journal.confirm(operation(f"op{n}", confirmed_at=after(n)), [])

    assert ["op4", "op3"] == [o.id for o in journal.operations(limit=2)]
    assert ["op2", "op1"] == [o.id for o in journal.operations(limit=2, offset=2)]


def test_operations_can_be_asked_for_by_state(journal: Journal) -> None:
    journal.confirm(operation("held"), [])
    journal.confirm(operation("op"), [])
    move(journal, S.RUNNING)

    found = journal.operations(states={S.RUNNING, S.STOPPING})

    assert ["op"] == [o.id for o in found]


@pytest.mark.parametrize(
    ("sought", "ids"),
    [
        ({}, "abc"),
        ({"since": after(1)}, "bc"),
        ({"until": after(1)}, "a"),
        ({"since": after(1), "until": after(2)}, "b"),
        ({"by": "ann@example.test"}, "a"),
        ({"by": "Ann@Example.test"}, "a"),
        ({"by": "nn@example.test"}, ""),
        ({"by": "ANN"}, "ab"),
        ({"by": "_nn"}, ""),
        ({"kinds": frozenset({OperationKind.CANCEL, OperationKind.MOVE})}, "bc"),
        ({"exam_id": "e7"}, "bc"),
        ({"exam_id": "e8"}, ""),
        ({"words": "SNOW"}, "ab"),
        ({"words": "100%"}, "c"),
        ({"words": "1_0"}, ""),
        ({"words": "Öffnung"}, "c"),
        ({"by": "ann", "words": "snow", "kinds": frozenset({OperationKind.CANCEL})}, "b"),
    ],
)
def test_operations_are_found_by_who_when_what_and_why(
    journal: Journal, sought: dict[str, Any], ids: str
) -> None:
    """Newest first, and the limit counts those that fit."""
    a = operation(
        "a",
        kind=OperationKind.REFUND,
        confirmed_by="ann@example.test",
        reason="Heavy snow",
        selection="student c0",
    )
    b = operation(
        "b",
        kind=OperationKind.CANCEL,
        confirmed_at=after(1),
        confirmed_by="joann@example.test",
        reason="storm",
        selection="exam Snowdon",
    )
    c = operation(
        "c",
        kind=OperationKind.MOVE,
        confirmed_at=after(2),
        confirmed_by="bob@example.test",
        reason="100% Öffnung",
        selection="exam Skills",
        to_exam="e7",
    )
    journal.confirm(a, [item(0, operation_id="a", exam_id="e1")])
    journal.confirm(b, [item(n, operation_id="b", exam_id="e7") for n in (1, 2)])
    journal.confirm(c, [item(3, operation_id="c", exam_id="e1")])
    found = SoughtOperations(**sought)

    assert [*reversed(ids)] == [one.id for one in journal.operations(sought=found)]
    assert [*reversed(ids)][1:2] == [
        one.id for one in journal.operations(sought=found, limit=1, offset=1)
    ]
    assert [] == journal.operations(sought=found, states={S.DONE})


def test_progress_of_several_is_that_of_each(journal: Journal) -> None:
    journal.confirm(operation("a"), [item(n, operation_id="a") for n in range(3)])
    journal.confirm(
        operation("b"), [item(9, operation_id="b", state=ItemState.SKIPPED, planned=False)]
    )
    journal.confirm(operation("c"), [])

    found = journal.progress_of(["a", "b", "c", "nothing"])

    assert {id_: journal.progress(id_) for id_ in ("a", "b", "c")} == found
    assert [3, 1, 0] == [found[id_].total for id_ in ("a", "b", "c")]
    assert {} == journal.progress_of([])


def test_what_has_not_begun_is_found_by_the_rows_it_is_to_change(journal: Journal) -> None:
    both = [item(n, operation_id="late") for n in (1, 2)]
    journal.confirm(operation("late", confirmed_at=after(1), state=S.AWAITING), both)
    left = item(1, operation_id="early", state=ItemState.SKIPPED, planned=False)
    journal.confirm(operation("early"), [item(0, operation_id="early"), left])
    journal.confirm(operation("op"), [item(1)])
    move(journal, S.RUNNING)

    def found(*rows: int) -> list[tuple[str, int]]:
        keys = [item(n).booking_id for n in rows]
        return [(one.id, n) for one, n in journal.unbegun_over(keys)]

    assert [("early", 1), ("late", 2)] == found(0, 1, 2)
    assert [("late", 1)] == found(1)
    assert [] == found(7)
    assert [] == found()


@pytest.mark.parametrize("here", list(S))
def test_only_the_drawn_moves_exist(journal: Journal, here: OperationState) -> None:
    for n, there in enumerate(S):
        id_ = f"op{n}"
        journal.confirm(operation(id_, state=here), [])
        if there is here:
            assert operation(id_, state=here) == journal.move(id_, there, at=NOW, actor=ADMIN)
            assert [] == journal.events(operation_id=id_)
        elif there in OPERATION_MOVES[here]:
            assert there is journal.move(id_, there, at=NOW, actor=ADMIN).state
        else:
            with pytest.raises(StateConflict) as refused:
                journal.move(id_, there, at=after(5), actor=ADMIN)
            assert (here.value, NOW) == (refused.value.state, refused.value.at)
            assert [] == journal.events(operation_id=id_)


def test_a_move_from_elsewhere_than_it_was_asked_for_is_refused(journal: Journal) -> None:
    journal.confirm(operation(state=S.STOPPED), [])

    with pytest.raises(StateConflict):
        journal.move("op", S.RUNNING, at=NOW, actor=ADMIN, only_from={S.HELD})

    assert S.STOPPED is journal.operation("op").state


def test_a_move_leaves_its_event(journal: Journal) -> None:
    journal.confirm(operation(), [])
    move(journal, S.CALLED_OFF, at=after(3), detail="wrong exam")

    (event,) = journal.events(operation_id="op")

    assert (after(3), ADMIN, "called off", "op") == (
        event.at,
        event.actor,
        event.what,
        event.operation_id,
    )
    assert {"from": "held", "detail": "wrong exam"} == event.detail


def test_moves_keep_their_times(journal: Journal) -> None:
    journal.confirm(operation(), [])
    move(journal, S.RUNNING, at=after(10))
    move(journal, S.DONE, at=after(20))
    done = journal.operation("op")
    move(journal, S.RUNNING, at=after(30))
    again = journal.operation("op")

    assert (after(10), after(20)) == (done.started_at, done.ended_at)
    assert (after(10), None) == (again.started_at, again.ended_at)


def test_an_ended_operation_waits_for_nothing(journal: Journal) -> None:
    run = running(journal)
    move(journal, S.RUNNING)
    journal.note_waiting(run, "HubSpot does not answer")
    waiting = journal.operation("op").waiting_for
    move(journal, S.DONE)

    assert "HubSpot does not answer" == waiting
    assert "" == journal.operation("op").waiting_for


def test_each_run_has_a_later_epoch(journal: Journal) -> None:
    journal.confirm(operation(), [])

    first, before = journal.begin_run("op", at=NOW)
    second, later = journal.begin_run("op", at=NOW)

    assert (1, 2) == (first.epoch, second.epoch)
    assert (1, 2) == (before.epoch, later.epoch)


def test_calls_add_up(journal: Journal) -> None:
    run = running(journal)
    journal.add_calls(run, 7)
    journal.add_calls(run, 5)

    assert 12 == journal.operation("op").calls


def test_a_large_operation_is_confirmed_whole_and_read_in_plan_order(journal: Journal) -> None:
    many = [item(n) for n in range(2_300)]

    assert journal.confirm(operation(), many)

    assert many == journal.items("op")
    assert many[1_999:2_001] == journal.items("op", limit=2, offset=1_999)
    assert many[:2_250] == journal.items("op", bookings=[i.booking_id for i in many[2_249::-1]])
    assert 2_300 == journal.progress("op").total


@pytest.mark.parametrize("rows", [0, 2, 3, 7])
def test_each_item_is_taken_once_by_portions(
    journal: Journal, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    monkeypatch.setattr(each_items, "READ_AT_ONCE", 3)
    states = (ItemState.DONE, ItemState.FAILED, ItemState.PENDING)
    made = [item(n, state=states[n % 2]) for n in range(rows)]
    run = running(journal, items=made)

    assert made == list(each_item(journal, "op"))
    taken = []
    for each in each_item(journal, "op", states=states[:2]):  # those taken leave the filter
        journal.update_items(run, [replace(each, state=ItemState.PENDING)])
        taken.append(each)
    assert made == taken
    assert [] == list(each_item(journal, "op", states=states[:2]))
    with pytest.raises(UnknownId):
        next(each_item(journal, "other"))
