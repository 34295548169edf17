"""Never more than the limit in any window, whatever the network does; and little less."""

from __future__ import annotations

import heapq
import itertools
import random
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from core.credits.errors import NotSent
from core.hubspot.pace import shared_slots
from core.hubspot.pace.shared_slots import SharedSlots, open_engine
from core.hubspot.pace.slots import Grant, Limit, MemorySlots, Slots, Wait

LIMIT = Limit(count=190, window_s=10.0)


@dataclass(slots=True)
class Clock:
    at: float = 1_000_000.0

    def __call__(self) -> float:
        return self.at


@dataclass(slots=True)
class HubSpotSide:
    """When requests arrived."""

    arrivals: list[float] = field(default_factory=list)

    def worst(self, window_s: float) -> int:
        """The most arrivals in any window."""
        window: deque[float] = deque()
        most = 0
        for at in sorted(self.arrivals):
            window.append(at)
            while window[0] <= at - window_s:
                window.popleft()
            most = max(most, len(window))
        return most


def run(
    slots: Slots, clock: Clock, rng: random.Random, *, seconds: float, way_s: float, work_s: float
) -> HubSpotSide:
    """Sixteen threads that always want to send; the way takes up to ``way_s``."""
    hubspot, begun = HubSpotSide(), clock.at
    answers: list[tuple[float, int, Grant]] = []
    number = itertools.count()
    while clock.at < begun + seconds:
        while answers and answers[0][0] <= clock.at:
            slots.give_back(LIMIT, heapq.heappop(answers)[2])
        taken = slots.take(LIMIT, 0) if len(answers) < 16 else Wait(seconds=60)
        if isinstance(taken, Grant):
            arrival = clock.at + rng.uniform(0, way_s)
            hubspot.arrivals.append(arrival)
            answer = arrival + rng.uniform(0.01, work_s)
            heapq.heappush(answers, (answer, next(number), taken))
            continue
        soonest = answers[0][0] if answers else clock.at + taken.seconds
        clock.at = max(clock.at + 1e-9, min(clock.at + taken.seconds, soonest))
    return hubspot


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.floats(0, 1), st.floats(0.02, 30))
def test_no_ten_seconds_see_more_than_the_limit(seed: int, way_s: float, work_s: float) -> None:
    clock = Clock()
    slots = MemorySlots(clock)

    hubspot = run(slots, clock, random.Random(seed), seconds=35, way_s=way_s, work_s=work_s)

    assert hubspot.worst(10.0) <= 190


@pytest.mark.parametrize(
    ("answer_s", "share"), [(0.15, 0.98), (0.3, 0.96), (0.6, 0.94), (1.2, 0.9)]
)
def test_nearly_all_of_the_limit_is_used(answer_s: float, share: float) -> None:
    clock = Clock()
    slots = MemorySlots(clock)

    hubspot = run(slots, clock, random.Random(1), seconds=120, way_s=0.05, work_s=answer_s)
    steady = [at for at in hubspot.arrivals if at >= 1_000_000 + 20]

    assert len(steady) / (100 * 19) >= share


def test_nobody_waits_long_for_the_next_slot() -> None:
    """A write has ten seconds to be sent: the whole limit must not be gone in two of them."""
    clock = Clock()
    slots = MemorySlots(clock)

    hubspot = run(slots, clock, random.Random(1), seconds=60, way_s=0.05, work_s=0.2)
    gaps = [b - a for a, b in itertools.pairwise(sorted(hubspot.arrivals))]

    assert max(gaps) < 2


def test_slots_can_be_left_free_for_others() -> None:
    clock = Clock()
    slots = MemorySlots(clock)
    limit = Limit(count=10, window_s=10.0, spare=4)
    taken = []
    while clock.at < 1_000_009:
        if isinstance(slots.take(limit, 0), Grant):
            taken.append(clock.at)
        clock.at += 0.1

    assert 6 == len(taken) == slots.busy()


def test_a_limit_without_a_slot_for_us_cannot_be() -> None:
    with pytest.raises(ValueError, match="spared"):
        Limit(count=10, window_s=1, spare=10)


def test_a_slot_rests_from_its_answer_and_no_longer_than_its_grant_said() -> None:
    clock = Clock()
    slots = MemorySlots(clock)
    limit = Limit(count=1, window_s=10.0)
    first = slots.take(limit, 0)
    assert isinstance(first, Grant)

    clock.at += 0.2
    slots.give_back(limit, first)
    resting = slots.take(limit, 0)
    assert isinstance(resting, Wait)
    assert resting.seconds == pytest.approx(10.0)

    clock.at += 10.0
    second = slots.take(limit, 0)
    assert isinstance(second, Grant)
    clock.at += 29
    slots.give_back(limit, second)
    assert isinstance(slots.take(limit, 0), Grant)


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.floats(0, 1), st.floats(0.02, 5))
def test_no_ten_seconds_see_more_than_the_limit_when_people_come_and_go_in_haste(
    seed: int, way_s: float, work_s: float
) -> None:
    """Previews, operations and sweeps, each asking for some seconds and then silent for some."""
    clock, rng = Clock(), random.Random(seed)
    slots, hubspot = MemorySlots(clock), HubSpotSide()
    answers: list[tuple[float, int, Grant]] = []
    who = [(0, True), (0, False), (1, False), (2, False)]
    until, asking = 0.0, who
    while clock.at < 1_000_035:
        while answers and answers[0][0] <= clock.at:
            slots.give_back(LIMIT, heapq.heappop(answers)[2])
        if clock.at >= until:
            until = clock.at + rng.uniform(0.5, 8)
            asking = rng.sample(who, rng.randrange(len(who) + 1))
        for priority, hasty in asking:
            if len(answers) < 64 and isinstance(
                taken := slots.take(LIMIT, priority, hasty=hasty), Grant
            ):
                arrival = clock.at + rng.uniform(0, way_s)
                hubspot.arrivals.append(arrival)
                answer = arrival + rng.uniform(0.01, work_s)
                heapq.heappush(answers, (answer, len(hubspot.arrivals), taken))
        clock.at += 0.02

    assert hubspot.worst(10.0) <= 190


def grants(slots: Slots, limit: Limit = LIMIT, *, hasty: bool = False) -> int:
    """How many of one who asks on and on are granted in this moment."""
    return len(list(iter(lambda: isinstance(slots.take(limit, 0, hasty=hasty), Grant), False)))


def test_haste_takes_at_once_what_is_free_but_a_burst_of_those_who_are_paced() -> None:
    slots = MemorySlots(Clock())

    assert 190 - 19 == grants(slots, hasty=True)
    assert 19 == grants(slots), "nobody is held back by what others had in advance"


def test_haste_heeds_what_was_used_in_the_window_before() -> None:
    clock = Clock()
    slots = MemorySlots(clock)
    run(slots, clock, random.Random(1), seconds=6, way_s=0.05, work_s=0.15)
    clock.at += 2  # nobody is told to wait any more

    assert grants(slots, hasty=True) <= 190 - 19 - 100


def test_haste_is_paced_while_somebody_else_has_to_wait_and_pays_back_what_it_had() -> None:
    clock = Clock()
    slots = MemorySlots(clock)
    for _ in range(60):
        assert isinstance(slots.take(LIMIT, 0, hasty=True), Grant)
    assert 19 == grants(slots)  # an operation; the last of its takes has to wait
    paid_back = clock.at + (60 - 20) * LIMIT.gap_s
    while clock.at + 0.5 < paid_back:
        clock.at += 0.5
        assert 0 == grants(slots, hasty=True)
        assert 9 <= grants(slots) <= 10, "half a second of the even pace"
    clock.at = paid_back + 0.5
    assert 0 < grants(slots, hasty=True)

    clock.at = 1_000_020.0
    granted, rng = {True: 0, False: 0}, random.Random(1)
    for _ in range(500):
        for hasty in rng.sample([True, False], 2):
            granted[hasty] += isinstance(slots.take(LIMIT, 0, hasty=hasty), Grant)
        clock.at += 0.02

    assert sum(granted.values()) <= 19.6 * 10 + 19, "the even pace, and one burst"
    assert min(granted.values()) > 60, "neither waits for the other"


def test_haste_does_not_wait_longer_than_somebody_else_does() -> None:
    clock = Clock()
    slots = MemorySlots(clock)
    grants(slots)  # the last of them has to wait
    clock.at += 0.01
    told = slots.take(LIMIT, 0, hasty=True)
    assert isinstance(told, Wait)

    clock.at += 1.1

    assert grants(slots, hasty=True) > 140


def test_a_sweep_that_waits_does_not_hold_up_haste() -> None:
    slots = MemorySlots(Clock())
    while isinstance(slots.take(LIMIT, 2), Grant):
        pass

    assert grants(slots, hasty=True) == 190 - 19 - 19


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[sa.Engine]:
    made = open_engine(f"sqlite:///{tmp_path}/state/desk.sqlite")
    yield made
    made.dispose()


def test_shared_slots_have_a_file_of_their_own(engine: sa.Engine, tmp_path: Path) -> None:
    assert (tmp_path / "state/desk-slots.sqlite").exists()
    assert not (tmp_path / "state/desk.sqlite").exists()


def test_a_slot_taken_by_one_process_is_not_given_to_another(
    engine: sa.Engine, tmp_path: Path
) -> None:
    """Eight threads with engines of their own stand for eight processes."""
    taken: list[int] = []
    fast = Limit(count=40, window_s=1000.0)
    lock = threading.Lock()

    def race(_: int) -> None:
        own = open_engine(f"sqlite:///{tmp_path}/state/desk.sqlite")
        slots = SharedSlots(own, "calls")
        for _ in range(10):
            answer = slots.take(fast, 0)
            if isinstance(answer, Grant):
                with lock:
                    taken.append(answer.slot)
        own.dispose()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(race, range(8)))

    assert len(taken) == len(set(taken))
    assert len(taken) == SharedSlots(engine, "calls").busy()
    assert 0 < len(taken) <= 40


def test_two_buckets_do_not_meet(engine: sa.Engine) -> None:
    limit = Limit(count=1, window_s=1000.0)

    assert isinstance(SharedSlots(engine, "calls").take(limit, 0), Grant)
    assert isinstance(SharedSlots(engine, "searches").take(limit, 0), Grant)
    assert isinstance(SharedSlots(engine, "calls").take(limit, 0), Wait)


def test_a_sweep_gives_way_to_an_operation_that_waits_in_another_process(
    engine: sa.Engine,
) -> None:
    here, there = SharedSlots(engine, "calls"), SharedSlots(engine, "calls")
    full = Limit(count=1, window_s=1000.0)
    assert isinstance(here.take(full, 0), Grant)
    assert isinstance(here.take(full, 0), Wait)  # an operation waits now, and says so

    assert there.take(Limit(count=2, window_s=1000.0), 2) == Wait(seconds=shared_slots.LOOK_AGAIN_S)


def test_a_shared_slot_rests_from_its_answer(engine: sa.Engine) -> None:
    slots = SharedSlots(engine, "calls")
    grant = slots.take(Limit(count=1, window_s=1000.0), 0)
    assert isinstance(grant, Grant)

    slots.give_back(Limit(count=1, window_s=5.0), grant)
    after = slots.take(Limit(count=1, window_s=5.0), 2)

    assert isinstance(after, Wait)
    assert 0 < after.seconds <= 1000


def test_a_store_that_fails_means_that_nothing_is_sent(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        connection.exec_driver_sql("drop table hubspot_slots")

    with pytest.raises(NotSent, match="operational store"):
        SharedSlots(engine, "calls").take(LIMIT, 0)


def test_a_slot_held_by_seconds_of_before_the_machine_started_rests_one_window(
    engine: sa.Engine,
) -> None:
    """The machine counts from the start again: what it stored lies thousands of seconds ahead."""
    limit = Limit(count=1, window_s=10.0)
    assert isinstance(SharedSlots(engine, "calls", lambda: 5_000.0).take(limit, 0), Grant)

    seconds = [100.0]
    slots = SharedSlots(engine, "calls", lambda: seconds[0])
    wait = slots.take(limit, 0)
    assert isinstance(wait, Wait)
    assert wait.seconds <= limit.window_s
    seconds[0] += limit.window_s + 1

    assert isinstance(slots.take(limit, 0), Grant)
