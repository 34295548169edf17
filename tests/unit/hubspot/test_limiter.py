"""What HubSpot says of its limits is kept, and the most urgent goes first."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from core.credits.errors import LimitReached, NotSent
from core.hubspot.pace.limiter import FIRST_LIMIT, Lane, Limiter, Priority
from core.hubspot.pace.slots import Limit, MemorySlots
from core.hubspot.ports.inspection import Quota

#: For threads on a busy machine.
PATIENCE_S = 60.0


@dataclass(slots=True)
class Clock:
    at: float = 1000.0

    def __call__(self) -> float:
        return self.at


def headers(
    *, most: int = 190, left: int = 180, day: int = 1000, day_left: int = 900
) -> dict[str, str]:
    return {
        "x-hubspot-ratelimit-max": str(most),
        "x-hubspot-ratelimit-remaining": str(left),
        "x-hubspot-ratelimit-interval-milliseconds": "10000",
        "x-hubspot-ratelimit-daily": str(day),
        "x-hubspot-ratelimit-daily-remaining": str(day_left),
    }


def limiter(clock: Callable[[], float], share: float = 1.0) -> Limiter:
    return Limiter(MemorySlots(clock), MemorySlots(clock), clock, share)


def use(one: Limiter, priority: Priority = Priority.OPERATION, *, search: bool = False) -> None:
    with one.slot(priority, search=search, until=one.now() + 0.001):
        pass


def test_the_limit_is_learnt_from_the_headers() -> None:
    one = limiter(Clock())
    assert FIRST_LIMIT == one.limit

    one.learn(headers(most=250))
    assert Limit(count=250, window_s=10.0) == one.limit

    one.learn({})  # searches have none
    one.learn({"x-hubspot-ratelimit-max": "many"})
    assert Limit(count=250, window_s=10.0) == one.limit


def test_a_share_of_the_limit_leaves_the_rest_to_others() -> None:
    one = limiter(Clock(), share=0.8)
    one.learn(headers(most=190))

    assert 38 == one.limit.spare


def test_calls_that_are_not_ours_take_from_our_share() -> None:
    clock = Clock()
    one = limiter(clock)
    use(one)

    one.learn(headers(left=40))  # HubSpot counts 150, and we made one

    assert 149 == one.limit.spare
    clock.at += 2
    one.learn(headers(left=189))
    assert 149 == one.limit.spare  # HubSpot may have begun to count anew; they may go on
    clock.at += 9
    one.learn(headers(left=190 - 150))
    clock.at += 5
    for _ in range(3):
        use(one)
    one.learn(headers(left=46))
    assert 150 == one.limit.spare  # the most of the last ten seconds
    clock.at += 6
    one.learn(headers(left=46))
    assert 141 == one.limit.spare  # 144 that HubSpot counts, less our three


def test_the_limit_is_all_ours_again_once_the_others_were_not_seen_for_a_window() -> None:
    """With little of the limit in use nobody comes near its end, where others would be seen."""
    clock = Clock()
    one = limiter(clock)
    one.learn(headers(left=0))
    assert 189 == one.limit.spare  # one call at a time is ours

    for _ in range(11):
        clock.at += 1
        one.learn(headers(left=189))

    assert 0 == one.limit.spare


def test_one_thread_does_not_forget_what_another_saw_of_the_others_meanwhile() -> None:
    class Interleaved(Lane):
        seen = False

        def busy(self) -> int:
            if not self.seen:
                self.seen = True
                one.learn(headers(left=0))  # another thread's answer: somebody used it all
            return super().busy()

    clock = Clock()
    one = limiter(clock)
    one._calls = Interleaved(MemorySlots(clock), FIRST_LIMIT, clock, one._others)

    one.learn(headers(left=180))

    assert 189 == one.limit.spare


def test_who_waits_behind_another_process_gives_way_to_nobody_who_is_gone() -> None:
    """It has no answers that would tell it: the other process takes each slot that comes free."""
    clock = Clock()
    slots = MemorySlots(clock)
    waiting, busy = (Limiter(slots, MemorySlots(clock), clock) for _ in range(2))
    for one in (waiting, busy):
        one.learn(headers(left=40))  # 150 are somebody else's
    assert (150, 150) == (waiting.limit.spare, busy.limit.spare)

    for _ in range(11):
        clock.at += 1
        busy.learn(headers(left=189))

    assert (0, 0) == (waiting.limit.spare, busy.limit.spare)


def test_while_much_is_left_others_take_nothing_from_our_share() -> None:
    one = limiter(Clock())

    one.learn(headers(left=100))

    assert 0 == one.limit.spare


def test_searches_have_a_lane_of_their_own() -> None:
    clock = Clock()
    one = limiter(clock)
    for _ in range(2):
        use(one, search=True)

    with pytest.raises(NotSent, match="no room in time"):
        use(one, search=True)
    use(one)
    clock.at += 0.3
    use(one, search=True)


def test_after_a_429_nobody_asks_for_a_while() -> None:
    clock = Clock()
    one = limiter(clock)
    one.refused(2.0, search=False)

    with pytest.raises(NotSent):
        use(one)
    clock.at += 2.0
    use(one)


@pytest.mark.parametrize(
    ("left", "stopped"),
    [
        (900, set[Priority]()),
        (50, {Priority.SWEEP}),
        (10, {Priority.SWEEP, Priority.MIRROR}),
        (0, set(Priority)),
    ],
)
def test_what_is_left_of_the_day_is_for_the_most_urgent(left: int, stopped: set[Priority]) -> None:
    one = limiter(Clock())
    one.learn(headers(day_left=left))
    told: dict[Priority, str] = {}
    for priority in Priority:
        try:
            use(one, priority)
        except LimitReached as error:
            told[priority] = str(error)

    assert stopped == set(told)
    assert all("1000" in said and "midnight" in said for said in told.values())


def test_an_ended_day_is_looked_at_again_after_a_while() -> None:
    clock = Clock()
    one = limiter(clock)
    one.day_is_over()
    with pytest.raises(LimitReached):
        use(one)

    clock.at += 301
    use(one)


def test_an_operation_overtakes_sweeps_that_wait() -> None:
    one = Limiter(MemorySlots(time.monotonic), MemorySlots(time.monotonic), time.monotonic)
    one._calls.limit = Limit(count=1, window_s=0.05)
    order: list[Priority] = []
    ready = threading.Barrier(5)

    def wait_for(priority: Priority) -> None:
        ready.wait()
        with one.slot(priority):
            order.append(priority)

    with one.slot(Priority.OPERATION):
        sweeps = [threading.Thread(target=wait_for, args=(Priority.SWEEP,)) for _ in range(3)]
        for thread in sweeps:
            thread.start()
        ready_last = threading.Thread(target=wait_for, args=(Priority.OPERATION,))
        ready_last.start()
        ready.wait()
        deadline = time.monotonic() + PATIENCE_S
        while len(one._calls._queue) < 4:
            assert time.monotonic() < deadline
            time.sleep(0.001)
    for thread in [*sweeps, ready_last]:
        thread.join(PATIENCE_S)

    assert [Priority.OPERATION, *[Priority.SWEEP] * 3] == order


def test_an_operation_does_not_stand_behind_haste_that_waits_for_its_slots() -> None:
    clock = Clock()
    one = Limiter(MemorySlots(clock), MemorySlots(clock), clock)
    one._calls.limit = Limit(count=20, window_s=60.0)
    with ExitStack() as held:
        for _ in range(18):
            held.enter_context(one.slot(Priority.OPERATION, hasty=True))
    waiting = threading.Thread(target=lambda: _rush(one), daemon=True)
    waiting.start()
    deadline = time.monotonic() + PATIENCE_S
    while not one._calls._hasty:
        assert time.monotonic() < deadline
        time.sleep(0.001)

    use(one)
    use(one)
    with pytest.raises(NotSent):
        use(one)


def _rush(one: Limiter) -> None:
    with one.slot(Priority.OPERATION, hasty=True):
        pass


def test_a_sweep_lets_haste_go_first() -> None:
    one = Limiter(MemorySlots(time.monotonic), MemorySlots(time.monotonic), time.monotonic)
    one._calls.limit = Limit(count=1, window_s=0.05)
    order: list[str] = []

    def ask(name: str, priority: Priority, *, hasty: bool) -> None:
        with one.slot(priority, hasty=hasty):
            order.append(name)

    with one.slot(Priority.OPERATION):
        asked = [
            *(("sweep", Priority.SWEEP, False) for _ in range(2)),
            *(("person", Priority.OPERATION, True) for _ in range(3)),
        ]
        threads = [
            threading.Thread(target=ask, args=(name, priority), kwargs={"hasty": hasty})
            for name, priority, hasty in asked
        ]
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + PATIENCE_S
        while len(one._calls._queue) + len(one._calls._hasty) < 5:
            assert time.monotonic() < deadline
            time.sleep(0.001)
    for thread in threads:
        thread.join(PATIENCE_S)

    assert [*["person"] * 3, *["sweep"] * 2] == order


def test_who_cannot_be_served_in_time_is_told_at_once() -> None:
    one = limiter(time.monotonic)
    one._calls.limit = Limit(count=1, window_s=60)
    use(one)
    begun = time.monotonic()

    with pytest.raises(NotSent), one.slot(Priority.OPERATION, until=begun + 30):
        pass

    assert time.monotonic() - begun < 30


def test_the_share_in_use_is_told() -> None:
    clock = Clock()
    one = limiter(clock)
    one.learn(headers())
    use(one)

    assert Quota(used=1, limit=190, window_s=10.0, day_left=900, day_limit=1000) == one.quota()
    assert Quota(used=0, limit=100, window_s=10.0) == limiter(clock).quota()


def test_a_429_that_asks_for_an_hour_is_tried_after_a_minute() -> None:
    clock = Clock()
    one = limiter(clock)
    one.refused(3600, search=False)
    clock.at += 60

    use(one)
