"""What a time that was taken down tells, though the clock was set since."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.work.clocks import whole_minute, within
from core.work.steady_clock import STRAYS_KEPT, QuietPeriod, SteadyClock

START = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
HOUR, MINUTE, SECOND = timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1)
QUIET = timedelta(seconds=60)


class Machine:
    """One whose wall clock is set; ``true`` is how long it has really run."""

    def __init__(self) -> None:
        self.true = timedelta()
        self.set_by = timedelta()
        self.clock = self.process()

    def process(self) -> SteadyClock:
        return SteadyClock(lambda: START + self.true + self.set_by, self.seconds)

    def seconds(self) -> float:
        return self.true.total_seconds()

    def run(self, for_: timedelta) -> datetime:
        self.true += for_
        return self.clock.now()


@pytest.mark.parametrize("by", [HOUR, -HOUR, timedelta(days=400), timedelta(seconds=-20)])
def test_how_long_ago_something_was_is_known_though_the_clock_was_set(by: timedelta) -> None:
    machine = Machine()
    sent = machine.run(MINUTE)
    machine.run(SECOND)
    machine.set_by += by
    machine.run(4 * SECOND)

    assert 5 * SECOND == machine.clock.passed(sent)


def test_a_clock_that_is_never_set_tells_plain_differences() -> None:
    machine = Machine()
    sent = machine.run(MINUTE)
    later = machine.run(HOUR)

    assert (HOUR, 0) == (machine.clock.passed(sent, later), machine.clock.noticed()[0])


def test_a_quiet_period_neither_ends_early_nor_waits_for_the_clock() -> None:
    for by in (HOUR, -HOUR):
        machine = Machine()
        quiet = QuietPeriod(QUIET, machine.clock)
        sent = machine.run(MINUTE)
        machine.set_by += by
        machine.run(59 * SECOND)
        assert not quiet.over(sent), by
        assert SECOND == quiet.left(sent), by
        machine.run(SECOND)
        assert quiet.over(sent), by
        assert timedelta() == quiet.left(sent), by


def test_what_was_asked_before_the_clock_was_set_is_reckoned_by_then() -> None:
    machine = Machine()
    quiet = QuietPeriod(QUIET, machine.clock)
    sent = machine.run(MINUTE)
    asked = machine.run(30 * SECOND)
    machine.set_by += HOUR
    machine.run(SECOND)

    assert 30 * SECOND == machine.clock.passed(sent, asked)
    assert not quiet.over(sent, asked)


def test_a_time_from_the_future_counts_from_when_it_was_first_seen() -> None:
    """The clock was set back while no process ran: nothing else is known."""
    before = Machine()
    sent = before.run(MINUTE)
    machine = Machine()
    machine.set_by -= HOUR
    machine.clock = machine.process()
    machine.run(SECOND)

    assert timedelta() == machine.clock.passed(sent)
    machine.run(QUIET)
    assert QUIET == machine.clock.passed(sent)


def test_what_comes_in_while_a_slow_answer_is_on_its_way_is_not_counted() -> None:
    machine = Machine()
    sent = machine.clock.now() + HOUR
    assert timedelta() == machine.clock.passed(sent)
    asked = machine.run(50 * SECOND)
    machine.run(20 * SECOND)

    assert 50 * SECOND == machine.clock.passed(sent, asked)


def test_times_from_the_future_take_no_more_room_than_they_may() -> None:
    machine = Machine()
    for n in range(STRAYS_KEPT + 50):
        machine.clock.passed(machine.clock.now() + HOUR + n * SECOND)

    assert STRAYS_KEPT == len(machine.clock._strays)


@given(st.data())
def test_no_history_of_a_clock_makes_anything_older_than_it_is(data: st.DataObject) -> None:
    """A process that was there all the time; what it sent, and when, is known beside it."""
    machine = Machine()
    steps = st.lists(
        st.tuples(
            st.integers(0, 300).map(lambda s: s * SECOND),
            st.one_of(st.just(0), st.integers(-4000, 4000)).map(lambda s: s * SECOND),
        ),
        min_size=2,
        max_size=12,
    )
    sent: list[tuple[datetime, timedelta]] = []
    for ran, set_by in data.draw(steps):
        sent.append((machine.run(ran), machine.true))
        machine.set_by += set_by
        machine.run(SECOND)
        for at, true in sent:
            passed = machine.clock.passed(at)
            assert timedelta() <= passed <= machine.true - true + SECOND


@given(st.integers(2, 4000), st.integers(0, 3000), st.sampled_from([1, -1]))
def test_after_one_jump_the_time_that_passed_is_exact_or_less(by: int, ran: int, way: int) -> None:
    machine = Machine()
    sent = machine.run(MINUTE)
    machine.set_by += way * by * SECOND
    machine.run(ran * SECOND)

    passed = machine.clock.passed(sent)

    true = ran * SECOND
    assert true - (by * SECOND if ran >= by else timedelta()) <= passed <= true


def test_a_time_still_to_come_is_not_within_any_time_before_now() -> None:
    assert within(START, START + SECOND, MINUTE)
    assert not within(START, START + MINUTE, MINUTE)
    assert not within(START + HOUR, START, MINUTE)


@given(st.integers(0, 59), st.integers(0, 999_999))
def test_a_minute_began_at_the_same_time_all_the_while(second: int, microsecond: int) -> None:
    at = START + timedelta(seconds=second, microseconds=microsecond)

    assert START == whole_minute(at)
    assert START + MINUTE == whole_minute(at + MINUTE)
