"""Groups of a run: each is one worker's, and those of an older run are nobody's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.app.journal import Journal
from core.credits.errors import Superseded
from core.credits.records import BookingId
from core.credits.writes import Run
from core.operations.crew.store.groups_port import Group
from core.operations.states import ItemState, OperationState
from tests.contract.journal.given import ADMIN, after, item, running

KEYS = [[BookingId("b0"), BookingId("b1")], [BookingId("b2")], [BookingId("b3")]]
FIRST, SECOND, THIRD = (Group(n=n, bookings=tuple(keys)) for n, keys in enumerate(KEYS))


@pytest.fixture
def run(journal: Journal) -> Run:
    made = running(journal)
    journal.offer_groups(made, KEYS)
    return made


def test_each_group_is_taken_once_in_order(journal: Journal, run: Run) -> None:
    taken = [journal.take_group(run, by) for by in ("holder", "mate", "holder", "mate")]

    assert [FIRST, SECOND, THIRD, None] == taken


def test_workers_that_do_not_hold_the_operation_take_what_is_shared(
    journal: Journal, run: Run
) -> None:
    assert journal.shared_run() is None
    assert journal.take_group(run, "mate", shared=True) is None

    journal.take_group(run, "holder")
    journal.share_groups(run, True)
    assert run == journal.shared_run()
    assert SECOND == journal.take_group(run, "mate", shared=True)

    journal.share_groups(run, False)
    assert journal.shared_run() is None
    assert journal.take_group(run, "mate", shared=True) is None
    assert THIRD == journal.take_group(run, "holder")


def test_the_oldest_operation_with_a_free_group_is_shared_first(journal: Journal, run: Run) -> None:
    newer = running(journal, "newer", confirmed_at=after(5))
    journal.offer_groups(newer, [[BookingId("b0")]])
    for each in (newer, run):
        journal.share_groups(each, True)

    assert run == journal.shared_run()
    for _ in KEYS:
        journal.take_group(run, "mate", shared=True)
    assert newer == journal.shared_run()


def test_a_group_is_out_until_its_worker_returns_it(journal: Journal, run: Run) -> None:
    for by in ("holder", "mate", "mate"):
        journal.take_group(run, by)

    assert {"mate"} == journal.groups_out(run, but="holder")
    assert {"holder"} == journal.groups_out(run, but="mate")

    journal.return_groups(run, "mate")
    journal.return_groups(run, "mate")

    assert set() == journal.groups_out(run, but="holder")
    assert journal.take_group(run, "mate") is None, "what is returned is not carried again"


def test_a_new_offer_takes_the_place_of_the_one_before(journal: Journal, run: Run) -> None:
    journal.take_group(run, "mate")

    journal.offer_groups(run, [KEYS[2]])

    assert set() == journal.groups_out(run, but="holder")
    assert replace(THIRD, n=0) == journal.take_group(run, "holder")
    journal.offer_groups(run, [])
    assert journal.take_group(run, "holder") is None


def test_groups_of_an_older_run_are_nobodys(journal: Journal, run: Run) -> None:
    journal.share_groups(run, True)
    journal.take_group(run, "mate", shared=True)

    newer, _ = journal.begin_run("op", at=after(1))

    assert journal.shared_run() is None
    assert journal.take_group(newer, "holder") is None
    assert set() == journal.groups_out(newer, but="holder")
    with pytest.raises(Superseded):
        journal.groups_out(run, but="holder")


def test_an_operation_that_ends_keeps_no_groups(journal: Journal, run: Run) -> None:
    journal.share_groups(run, True)
    journal.update_items(run, [item(n, state=ItemState.DONE) for n in range(4)])
    journal.move("op", OperationState.RUNNING, at=after(1), actor=ADMIN)

    journal.end(run, at=after(2), actor=ADMIN)

    assert journal.shared_run() is None
    assert journal.take_group(run, "holder") is None
