"""The end of an operation: nothing of it is left that somebody would have to carry."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.app.journal import Journal
from core.credits.errors import StateConflict, Superseded
from core.credits.records import ExamId, Kind
from core.credits.writes import Run, WriteState
from core.operations.leftovers import About, Warned
from core.operations.states import SETTLED, FollowUps, Item, ItemState, OperationState
from core.work.work import Task, Work
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


def left(journal: Journal) -> Run:
    """An operation that has ended with follow-ups due."""
    run = begun(journal, settled())
    journal.end(run, at=after(5), actor=ADMIN, left="notes: HubSpot is away")
    return run


def test_what_follow_ups_wait_for_is_kept_with_an_ended_operation(journal: Journal) -> None:
    left(journal)

    ended = journal.operation("op")

    assert (S.DONE, FollowUps.DUE) == (ended.state, ended.follow_ups)
    assert "notes: HubSpot is away" == ended.waiting_for
    assert [ended] == journal.following_up()
    assert [Task(work=Work.FOLLOW_UPS, id="op", state="done")] == journal.unended()
    (warned,) = journal.warnings("op")
    assert (About.FOLLOW_UPS, "op") == (warned.about, warned.record)
    assert "HubSpot is away" in warned.told


def test_an_operation_without_follow_ups_left_is_carried_by_nobody(journal: Journal) -> None:
    journal.end(begun(journal, settled()), at=NOW, actor=ADMIN)

    assert FollowUps.DONE is journal.operation("op").follow_ups
    assert ([], [], []) == (
        journal.unended(), journal.following_up(), journal.warnings("op"),
    )  # fmt: skip


def test_follow_ups_end_once_and_free_their_leases(journal: Journal) -> None:
    run = left(journal)
    journal.lease(run, Kind.EXAM, ["e1"], now=NOW, until=after(120))

    journal.end_follow_ups(run, at=after(9))

    ended = journal.operation("op")
    assert (FollowUps.DONE, "") == (ended.follow_ups, ended.waiting_for)
    assert "follow-ups done" == journal.events(operation_id="op")[0].what
    other = running(journal, "other")
    assert {"e1"} == journal.lease(other, Kind.EXAM, ["e1"], now=after(10), until=after(20))
    with pytest.raises(StateConflict):
        journal.end_follow_ups(run, at=after(10))


def test_follow_ups_with_an_open_write_are_not_done(journal: Journal) -> None:
    run = left(journal)
    saved(journal, run, [write("w1", "b0", kind=Kind.EXAM)])

    with pytest.raises(StateConflict, match="has 1 open writes"):
        journal.end_follow_ups(run, at=NOW)


def test_follow_ups_that_are_given_up_are_taken_from_whoever_carries_them(journal: Journal) -> None:
    run = left(journal)

    journal.move_follow_ups("op", FollowUps.GIVEN_UP, at=after(6), actor="bo@example.test")

    assert FollowUps.GIVEN_UP is journal.operation("op").follow_ups
    with pytest.raises(Superseded):
        journal.end_follow_ups(run, at=after(7))
    assert [] == journal.unended()
    event = journal.events(operation_id="op")[0]
    assert ("follow-ups given up", "bo@example.test") == (event.what, event.actor)
    assert "given up" in journal.warnings("op")[0].told


def test_a_retry_of_follow_ups_forgets_the_notes_that_were_refused(journal: Journal) -> None:
    run = left(journal)
    refused = Warned(about=About.NOTE, record="c0", told="no note on contact c0")
    journal.warn(run, [refused], at=NOW)
    journal.record_noted(run, ["c0", "c1"])
    journal.end_follow_ups(run, at=NOW)

    journal.move_follow_ups("op", FollowUps.DUE, at=after(9), actor=ADMIN)

    assert {"c1"} == journal.noted("op")
    assert FollowUps.DUE is journal.operation("op").follow_ups


def test_an_operation_that_runs_again_has_no_follow_ups_yet(journal: Journal) -> None:
    run = begun(journal, settled(ItemState.FAILED))
    journal.end(run, at=NOW, actor=ADMIN, left="notes")
    journal.reopen("op", {ItemState.FAILED}, at=after(9), actor=ADMIN)

    assert FollowUps.NONE is journal.operation("op").follow_ups
    with pytest.raises(StateConflict):
        journal.move_follow_ups("op", FollowUps.GIVEN_UP, at=NOW, actor=ADMIN)


def test_an_exam_s_bookings_are_under_way_while_its_seats_are_to_follow(
    journal: Journal,
) -> None:
    items = [item(0, state=ItemState.DONE, exam_id=ExamId("e1"))]
    run = begun(journal, items)
    journal.end(run, at=after(5), actor=ADMIN, left="seats")

    assert 1 == len(journal.items_of_exam("e1", ended_since=after(90)))
    journal.end_follow_ups(run, at=after(6))
    assert [] == journal.items_of_exam("e1", ended_since=after(90))
