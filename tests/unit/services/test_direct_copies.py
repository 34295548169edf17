"""A copy set out before the journal has it: the later half takes it out of the outbox."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core.credits.records import Kind
from core.mirror.direct_copies import HANDED, KEPT_MAX, DirectCopies, PendingRemovals
from core.mirror.store.outbox_port import Due

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
SOON = NOW + timedelta(milliseconds=30)
LATE = NOW + HANDED


def copy(record: str = "1", *, at: datetime = NOW, credits_: int = 3) -> Due:
    row: dict[str, Any] = {"hubspot_id": record, "cs_credits": credits_}
    return Due(kind=Kind.CONTACT, record_id=record, row=row, due_since=at)


def held(due: Due, seq: int = 7) -> Due:
    """The same in the outbox."""
    return replace(due, seq=seq)


def test_what_is_offered_is_taken_once_and_in_order() -> None:
    handed = DirectCopies()
    handed.offer([copy("1"), copy("2"), copy("3")])

    assert [copy("1"), copy("2")] == handed.take(2, SOON)
    assert [copy("3")] == handed.take(2, SOON)
    assert [] == handed.take(2, SOON)


def test_what_is_held_no_longer_is_left_to_the_outbox() -> None:
    handed = DirectCopies()
    handed.offer([copy("1"), copy("2", at=SOON)])

    assert [copy("2", at=SOON)] == handed.take(10, LATE)


@pytest.mark.parametrize("saved_first", [True, False])
def test_the_later_half_takes_it_out_of_the_outbox(saved_first: bool) -> None:
    handed = DirectCopies()
    halves: list[Callable[[], list[Due]]] = [
        lambda: handed.saved([held(copy())], SOON),
        lambda: handed.made([copy()], SOON),
    ]
    first, last = halves if saved_first else reversed(halves)

    assert [] == first()
    assert [held(copy())] == last()
    assert [] == first(), "each half comes once"


def test_a_copy_never_takes_out_a_later_version() -> None:
    handed = DirectCopies()
    later = copy(at=SOON, credits_=4)

    assert [] == handed.made([copy()], SOON)
    assert [] == handed.saved([held(later, 8)], SOON)
    assert [held(copy(), 7)] == handed.saved([held(copy(), 7)], SOON)
    assert [held(later, 8)] == handed.made([later], SOON)


@pytest.mark.parametrize("saved_first", [True, False])
def test_a_row_that_the_outbox_made_another_of_stays_due(saved_first: bool) -> None:
    """An older copy waited that had columns which this one lacks: the truth is read first."""
    handed = DirectCopies()
    blank = replace(held(copy()), row=None)
    halves: list[Callable[[], list[Due]]] = [
        lambda: handed.saved([blank], SOON),
        lambda: handed.made([copy()], SOON),
    ]
    first, last = halves if saved_first else reversed(halves)

    assert [] == first()
    assert [] == last()


def test_halves_that_never_meet_are_forgotten() -> None:
    handed = DirectCopies()
    handed.made([copy("1")], SOON)
    handed.saved([held(copy("2"))], SOON)

    handed.made([copy("3", at=LATE)], LATE)
    handed.saved([held(copy("4", at=LATE))], LATE)

    assert [] == handed.saved([held(copy("1"))], LATE)
    assert [] == handed.made([copy("2")], LATE)


def test_it_keeps_no_more_than_memory_may_hold() -> None:
    handed = DirectCopies()
    handed.offer([copy(str(n)) for n in range(KEPT_MAX + 5)])

    assert len(handed.take(KEPT_MAX * 2, SOON)) == KEPT_MAX


def test_one_thread_removes_what_others_finish_meanwhile() -> None:
    finished = PendingRemovals()
    removing, go_on = threading.Event(), threading.Event()
    removed: list[list[str]] = []

    def remove(done: Any) -> None:
        removed.append([due.record_id for due in done])
        removing.set()
        assert go_on.wait(60)

    finished.put([copy("1")])
    one = threading.Thread(target=finished.close, args=(remove,))
    one.start()
    assert removing.wait(60)
    finished.put([copy("2")])
    finished.put([copy("3")])
    finished.close(remove)  # returns at once: the other is at it
    assert removed == [["1"]]
    go_on.set()
    one.join(60)

    assert removed == [["1"], ["2", "3"]]


def test_a_removal_that_fails_is_told_and_stops_no_other() -> None:
    finished = PendingRemovals()
    removed: list[str] = []

    def fail(done: Any) -> None:
        raise OSError("the journal is away")

    finished.put([copy("1")])
    with pytest.raises(OSError, match="away"):
        finished.close(fail)
    finished.put([copy("2")])
    finished.close(lambda done: removed.extend(due.record_id for due in done))

    assert removed == ["2"]
