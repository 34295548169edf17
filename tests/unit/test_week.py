"""This week beside last week: which stretches are compared, by the reader's clock."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.health.over_time.week_rules import Days, GaugeReading, averaged, counted, level

BERLIN = ZoneInfo("Europe/Berlin")
#: A Wednesday, 13:30 in UTC.
WEDNESDAY = datetime(2026, 5, 6, 13, 30, tzinfo=UTC)


def slots(days: Days, *times: datetime) -> dict[int, int]:
    """How many of these times are in each stretch, counted the long way."""
    edges, found = days.edges, dict[int, int]()
    for at in times:
        for n, (begins, ends) in enumerate(itertools.pairwise(edges)):
            if begins <= at < ends:
                found[n] = found.get(n, 0) + 1
    return found


def reading(last: float, *, mean: float = 0, weight: float = 1) -> GaugeReading:
    return GaugeReading(mean=mean, weight=weight, last=last)


def test_last_week_is_compared_until_the_same_weekday_and_time() -> None:
    days = Days.until(WEDNESDAY, UTC)

    assert date(2026, 4, 27) == days.dates[0]
    assert date(2026, 5, 6) == days.dates[-1]
    assert datetime(2026, 4, 29, 13, 30, tzinfo=UTC) == days.like_now
    assert 10 == len(days.dates)


def test_what_was_done_is_told_by_the_day_and_last_week_as_far_as_this_one_is() -> None:
    days = Days.until(WEDNESDAY, UTC)
    last_week = [datetime(2026, 4, 29, hour, tzinfo=UTC) for hour in (9, 13, 14, 23)]
    this_week = [datetime(2026, 5, 4, tzinfo=UTC), WEDNESDAY]

    found = counted(days, slots(days, *last_week, *this_week))

    assert (2, 2, 4) == (found.now, found.before, found.whole)
    assert [0, 0, 4, 0, 0, 0, 0, 1, 0, 1] == list(found.days)


def test_monday_begins_at_the_reader_s_midnight() -> None:
    sunday_evening = datetime(2026, 5, 3, 22, 30, tzinfo=UTC)

    assert 14 == len(Days.until(sunday_evening, UTC).dates)
    monday = Days.until(sunday_evening, BERLIN)
    assert 8 == len(monday.dates)
    assert (0, 1) == (
        counted(monday, slots(monday, datetime(2026, 4, 26, 22, 15, tzinfo=UTC))).now,
        counted(monday, slots(monday, datetime(2026, 4, 26, 22, 15, tzinfo=UTC))).before,
    )


def test_at_monday_s_midnight_nothing_of_either_week_is_compared_yet() -> None:
    days = Days.until(datetime(2026, 5, 4, tzinfo=UTC), UTC)

    found = counted(days, slots(days, datetime(2026, 4, 27, 9, tzinfo=UTC)))

    assert (0, 0, 1) == (found.now, found.before, found.whole)


def test_a_change_of_the_clock_moves_no_day() -> None:
    """Berlin's clocks went forward on Sunday, 29 March 2026: that day had 23 hours."""
    days = Days.until(datetime(2026, 3, 31, 7, 0, tzinfo=UTC), BERLIN)

    assert datetime(2026, 3, 24, 9, 0, tzinfo=BERLIN) == days.like_now
    sunday = [n for n, day in enumerate(days.dates) if day == date(2026, 3, 29)]
    lengths = [
        (after.astimezone(UTC) - before.astimezone(UTC))
        for before, after in zip(days.midnights, days.midnights[1:], strict=False)
    ]
    assert [timedelta(hours=23)] == [lengths[n] for n in sunday]
    assert 1 == list(lengths).count(timedelta(hours=23))


def test_a_mean_is_by_weight_and_nothing_where_nothing_was_read() -> None:
    days = Days.until(WEDNESDAY, UTC)
    thursday, monday = 4, days.edges.index(days.begins[1])

    found = averaged(
        days,
        {
            thursday: reading(0, mean=4.0, weight=1),
            monday: reading(0, mean=1.0, weight=3),
            monday + 2: reading(0, mean=5.0, weight=1),
        },
    )

    assert (2.0, None, 4.0) == (found.now, found.before, found.whole)
    assert [None, None, None, 4.0, None, None, None, 1.0, None, 5.0] == list(found.days)


def test_a_level_stands_until_it_is_read_again() -> None:
    days = Days.until(WEDNESDAY, UTC)
    monday = days.edges.index(days.begins[1])

    found = level(days, {-1: reading(7), 3: reading(9), monday + 1: reading(5)})

    assert (5, 7, 9) == (found.now, found.before, found.whole)
    assert [7, 7, 9, 9, 9, 9, 9, 9, 5, 5] == list(found.days)


def test_what_is_known_better_than_by_the_last_reading_stands_for_today() -> None:
    days = Days.until(WEDNESDAY, UTC)

    found = level(days, {0: reading(7)}, now=4)

    assert (4, 7) == (found.now, found.before)
    assert [7, 4] == [found.days[-2], found.days[-1]]


def test_a_level_that_was_never_read_is_told_by_nothing() -> None:
    found = level(Days.until(WEDNESDAY, UTC), {})

    assert (None, None, None) == (found.now, found.before, found.whole)
    assert {None} == set(found.days)


@given(
    now=st.datetimes(
        min_value=datetime(2025, 1, 10),  # noqa: DTZ001 - the zone is added below
        max_value=datetime(2027, 12, 31),  # noqa: DTZ001
    ),
    hours=st.lists(st.integers(min_value=1, max_value=13 * 24), max_size=20),
    zone=st.sampled_from([UTC, BERLIN, ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/Toronto")]),
)
def test_every_act_counts_once_in_its_day_and_its_week(
    now: datetime, hours: list[int], zone: ZoneInfo
) -> None:
    at = now.replace(tzinfo=UTC)
    days = Days.until(at, zone)
    acts = [at - timedelta(hours=n) for n in hours]
    compared = [act for act in acts if act >= days.begins[0]]

    found = counted(days, slots(days, *acts))

    of_days = [act.astimezone(zone).date() for act in compared]
    assert [of_days.count(day) for day in days.dates] == list(found.days)
    assert sum(act >= days.begins[1] for act in compared) == found.now
    assert sum(act < days.begins[1] for act in compared) == found.whole
    assert sum(act.astimezone(UTC) < days.like_now.astimezone(UTC) for act in compared) == (
        found.before
    )


@pytest.mark.parametrize("weekday", range(7))
def test_every_weekday_is_compared_with_itself(weekday: int) -> None:
    at = datetime(2026, 5, 4, 9, tzinfo=UTC) + timedelta(days=weekday)

    days = Days.until(at, UTC)

    assert weekday == days.like_now.weekday()
    assert 8 + weekday == len(days.dates)
    assert timedelta(days=7) == days.at - days.like_now
