"""The end of an operation: nothing of it is left that somebody would have to carry."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.domain.operations import SETTLED, Item, ItemState, OperationState
from core.domain.records import Kind
from core.gateways.errors import StateConflict, Superseded
from core.gateways.ports.journal import Journal, Run, WriteState
from tests.contract.journal.given import (
    ADMIN,
    NOW,
    after,
    item,
    operation,
    outcome,
    running,
    saved,
    write,
)

S = OperationState


def settled(state: ItemState = ItemState.DONE) -> list[Item]:
    return [item(0, state=ItemState.DONE), item(1, state=state)]


def begun(journal: Journal, items: list[Item], state: OperationState = S.RUNNING) -> Run:
    return running(journal, "op", items, state=state)


def test_an_operation_ends_done_with_its_event_and_time(journal: Journal) -> None:
    run = begun(journal, settled())

    ended = journal.end(run, at=after(7), actor=ADMIN)

    assert (S.DONE, after(7), "") == (ended.state, ended.ended_at, ended.waiting_for)
    assert ended == journal.operation("op")
    (event,) = journal.events(operation_id="op")
    assert ("done", ADMIN, {"from": "running"}) == (event.what, event.actor, event.detail)


@pytest.mark.parametrize(
    ("left", "ends"), [(ItemState.STOPPED, S.STOPPED), (ItemState.FAILED, S.DONE)]
)
def test_a_stop_that_left_bookings_ends_stopped(
    journal: Journal, left: ItemState, ends: OperationState
) -> None:
    run = begun(journal, settled(left), S.STOPPING)

    assert ends is journal.end(run, at=NOW, actor=ADMIN).state


@pytest.mark.parametrize("state", [s for s in ItemState if s not in SETTLED])
def test_an_operation_with_an_unsettled_booking_cannot_end(
    journal: Journal, state: ItemState
) -> None:
    run = begun(journal, settled(state))

    with pytest.raises(StateConflict, match=f"has bookings that are {state}: it cannot end"):
        journal.end(run, at=NOW, actor=ADMIN)

    assert S.RUNNING is journal.operation("op").state
    assert [] == journal.events(operation_id="op")


def test_an_operation_with_an_open_write_cannot_end(journal: Journal) -> None:
    run = begun(journal, settled())
    saved(journal, run, [write("w1", "b0", kind=Kind.EXAM)])

    with pytest.raises(StateConflict, match="has 1 open writes: it cannot end"):
        journal.end(run, at=NOW, actor=ADMIN)
    journal.settle(run, [outcome("w1", WriteState.UNDECIDED)], at=NOW)

    assert S.DONE is journal.end(run, at=NOW, actor=ADMIN).state


def test_a_process_that_lost_an_operation_cannot_end_it(journal: Journal) -> None:
    dead = begun(journal, settled())
    journal.begin_run("op", at=NOW)

    with pytest.raises(Superseded):
        journal.end(dead, at=NOW, actor=ADMIN)

    assert S.RUNNING is journal.operation("op").state


def test_ending_again_changes_nothing(journal: Journal) -> None:
    run = begun(journal, settled())
    ended = journal.end(run, at=NOW, actor=ADMIN)

    assert ended == journal.end(run, at=after(50), actor=ADMIN)
    assert 1 == len(journal.events(operation_id="op"))


def test_the_leases_of_an_ended_operation_are_free_whoever_left_them(journal: Journal) -> None:
    dead = begun(journal, settled())
    journal.lease(dead, Kind.CONTACT, ["c1"], now=NOW, until=after(120), holder="thread")
    journal.lease(dead, Kind.BOOKING, ["a day"], now=NOW, until=after(9_000))
    other = running(journal, "other")
    journal.lease(other, Kind.CONTACT, ["c2"], now=NOW, until=after(120))
    run, _ = journal.begin_run("op", at=NOW)

    journal.end(run, at=after(1), actor=ADMIN)

    next_ = running(journal, "next")
    got = journal.lease(next_, Kind.CONTACT, ["c1", "c2"], now=after(2), until=after(9))
    assert {"c1"} == got
    assert {"a day"} == journal.lease(next_, Kind.BOOKING, ["a day"], now=after(2), until=after(9))


def test_a_retry_runs_the_operation_again_under_a_new_epoch(journal: Journal) -> None:
    run = begun(journal, settled(ItemState.FAILED))
    journal.end(run, at=NOW, actor=ADMIN)

    assert 1 == journal.reopen("op", {ItemState.FAILED}, at=after(9), actor=ADMIN)

    again = journal.operation("op")
    assert (S.RUNNING, run.epoch + 1) == (again.state, again.epoch)
    with pytest.raises(Superseded):
        journal.end(run, at=after(10), actor=ADMIN)
    assert ["running", "reopened", "done"] == [e.what for e in journal.events(operation_id="op")]


def test_a_retry_of_nothing_leaves_an_operation_ended(journal: Journal) -> None:
    run = begun(journal, settled())
    ended = journal.end(run, at=NOW, actor=ADMIN)

    assert 0 == journal.reopen("op", {ItemState.FAILED}, at=after(9), actor=ADMIN)

    assert ended == journal.operation("op")


@pytest.mark.parametrize("state", [S.AWAITING, S.HELD, S.RUNNING, S.STOPPING, S.CALLED_OFF])
def test_only_an_ended_operation_is_retried(journal: Journal, state: OperationState) -> None:
    journal.confirm(operation(state=state), settled(ItemState.FAILED))

    with pytest.raises(StateConflict):
        journal.reopen("op", {ItemState.FAILED}, at=NOW, actor=ADMIN)

    assert settled(ItemState.FAILED) == journal.items("op")


def test_of_an_end_and_a_takeover_at_once_one_comes_first(journal: Journal) -> None:
    for n in range(10):
        id_ = f"op{n}"
        items = [item(0, operation_id=id_, state=ItemState.DONE)]
        run = running(journal, id_, items, state=S.RUNNING)
        together = threading.Barrier(2)

        def end(run: Run = run, together: threading.Barrier = together) -> bool:
            together.wait()
            try:
                journal.end(run, at=NOW, actor=ADMIN)
            except Superseded:
                return False
            return True

        def take(id_: str = id_, together: threading.Barrier = together) -> OperationState:
            together.wait()
            return journal.begin_run(id_, at=NOW)[1].state

        with ThreadPoolExecutor(2) as pool:
            ended, seen = pool.submit(end), pool.submit(take)

        assert ended.result() is (seen.result() is S.DONE)
