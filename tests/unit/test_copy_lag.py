"""Percentiles of how long copies took."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.mirror.lag import KEPT, CopyLag, summarise

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def s(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


def test_no_copies_have_no_lag() -> None:
    assert summarise([]).copies == 0


def test_the_99th_of_a_hundred_is_among_the_slowest() -> None:
    found = summarise(n / 100 for n in range(1, 101))

    assert (found.copies, found.p50_s, found.p99_s, found.worst_s) == (100, 0.5, 1.0, 1.0)


@given(st.lists(st.floats(0, 100), min_size=1))
def test_percentiles_are_lags_that_were_measured_and_in_order(lags: list[float]) -> None:
    found = summarise(lags)

    assert {found.p50_s, found.p99_s} <= set(lags)
    assert min(lags) <= found.p50_s <= found.p99_s <= found.worst_s == max(lags)


def test_a_clock_that_was_set_back_gives_no_negative_lag() -> None:
    lag = CopyLag()
    lag.record([START + s(1)], at=START)

    assert lag.summary().worst_s == 0


def test_a_summary_can_begin_later() -> None:
    lag = CopyLag()
    lag.record([START], at=START + s(9))
    lag.record([START + s(20)], at=START + s(21))

    assert lag.summary().worst_s == 9
    assert lag.summary(since=START + s(10)).worst_s == 1


def test_old_copies_are_forgotten_but_still_counted() -> None:
    lag = CopyLag()
    lag.record([START] * (KEPT + 5), at=START)

    assert lag.summary().copies == KEPT
    assert sum(lag.histogram().counts) == KEPT + 5
