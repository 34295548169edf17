"""Which reads are in haste: large ones that a person waits for, and nothing of an operation."""

from __future__ import annotations

import threading

import pytest

from core.credits.ways import Way, coming_by
from core.hubspot.hub import Threads
from core.hubspot.pace.haste import FEW, in_haste, made_in_haste
from core.hubspot.pace.limiter import Priority

MANY = range(FEW + 1)


@pytest.mark.parametrize("way", Way)
def test_many_batches_that_somebody_waits_for_are_in_haste_and_few_are_not(way: Way) -> None:
    threads = Threads(2)
    with coming_by(way):
        many = threads.each(Priority.OPERATION, lambda _: in_haste(), MANY)
        few = threads.each(Priority.OPERATION, lambda _: in_haste(), range(FEW))
        sweep = threads.each(Priority.SWEEP, lambda _: in_haste(), MANY)
    threads.close()

    assert ({True}, {False}, {False}) == ({*many}, {*few}, {*sweep})
    assert not in_haste()


def test_what_nobody_waits_for_is_never_in_haste() -> None:
    with made_in_haste(Priority.OPERATION, 1000) as hasty:
        assert not hasty
        assert not in_haste()


def test_an_operation_does_not_wait_for_the_threads_of_a_preview() -> None:
    threads, begun, go = Threads(2), threading.Event(), threading.Event()
    made: list[int] = []

    def wait(_: int) -> None:
        begun.set()
        go.wait()

    def preview() -> None:
        with coming_by(Way.PAGE):
            threads.each(Priority.OPERATION, wait, MANY)

    def operation() -> None:
        made.extend(threads.each(Priority.OPERATION, lambda n: n, MANY))

    works = [threading.Thread(target=work, daemon=True) for work in (preview, operation)]
    works[0].start()
    assert begun.wait(60)
    works[1].start()
    works[1].join(10)
    seen = list(made)
    go.set()
    for work in works:
        work.join(60)
    threads.close()

    assert [*MANY] == seen
