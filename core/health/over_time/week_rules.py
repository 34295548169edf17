"""This week beside last week: which days and stretches of time are compared, and what they come to.

A week begins on Monday, by the reader's clock. Last week is compared as far as this week is: until
the same weekday and time, so that a Monday is compared with a Monday.

Pure.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class GaugeReading:
    """What a gauge showed in one stretch."""

    #: By weight, and the weight of all its readings.
    mean: float
    weight: float
    #: The newest, all its parts together: what stood at the end.
    last: float


class WeekFigure(StrEnum):
    """What is compared, in the order in which it is told."""

    #: Credits given back.
    REFUNDED = "refunded"
    #: Bookings.
    CANCELLED = "cancelled"
    BOOKED = "booked"
    #: Records.
    DRIFT_FOUND = "drift found"
    DRIFT_REPAIRED = "drift repaired"
    #: Seconds within which 99 of 100 copies were made: the mean of the minutes, by their copies.
    COPY_LAG = "copy lag"
    #: Credits.
    OWED = "owed"
    OUTSTANDING = "outstanding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """One figure. None: nothing was measured."""

    #: This week so far; of a level, how it stands now.
    now: float | None
    #: Last week until the same weekday and time; of a level, how it stood then.
    before: float | None
    #: Last week in all; of a level, how it stood at its end.
    whole: float | None
    #: Each day from last week's Monday until today; of a level, how it stood at the day's end.
    days: Sequence[float | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """The days that are compared, last week's whole, and how they are cut."""

    #: Now, by the reader's clock.
    at: datetime
    #: When each day begins, from last week's Monday until tomorrow.
    midnights: Sequence[datetime]

    @classmethod
    def until(cls, now: datetime, zone: tzinfo) -> Days:
        """As a reader there counts days."""
        at = now.astimezone(zone)
        monday = at.date() - timedelta(days=at.weekday()) - WEEK
        number = (at.date() - monday).days + 2
        days = (monday + timedelta(days=n) for n in range(number))
        return cls(at=at, midnights=[datetime.combine(day, time(), zone) for day in days])

    @property
    def like_now(self) -> datetime:
        """The same weekday and time of last week."""
        return self.at - WEEK

    @property
    def edges(self) -> list[datetime]:
        """Of the stretches: midnights, and the time until which last week is compared."""
        return sorted({*self.midnights, self.like_now})

    @property
    def dates(self) -> list[date]:
        """Each day of ``Trend.days``."""
        return [midnight.date() for midnight in self.midnights[:-1]]

    @property
    def begins(self) -> tuple[datetime, datetime]:
        """When last week began, and this one."""
        return self.midnights[0], self.midnights[7]

    def of(self, combined: Callable[[Sequence[int]], float | None]) -> Trend:
        """A figure, from what any stretches come to together."""
        edges = self.edges
        slots = range(len(edges) - 1)
        of_days: list[list[int]] = [[] for _ in self.dates]
        for n in slots:
            of_days[bisect_right(self.midnights, edges[n]) - 1].append(n)
        this_week = self.begins[1]
        return Trend(
            now=combined([n for n in slots if edges[n] >= this_week]),
            before=combined([n for n in slots if edges[n] < self.like_now]),
            whole=combined([n for n in slots if edges[n] < this_week]),
            days=[combined(each) for each in of_days],
        )


def counted(days: Days, numbers: Mapping[int, int]) -> Trend:
    """Of what adds up, by stretch."""
    return days.of(lambda slots: sum(numbers.get(n, 0) for n in slots))


def averaged(days: Days, readings: Mapping[int, GaugeReading]) -> Trend:
    """Of what was read often, by weight."""

    def combined(slots: Sequence[int]) -> float | None:
        some = [readings[n] for n in slots if n in readings]
        weight = sum(each.weight for each in some)
        return sum(each.mean * each.weight for each in some) / weight if weight else None

    return days.of(combined)


def level(days: Days, readings: Mapping[int, GaugeReading], now: float | None = None) -> Trend:
    """Of what stands until it is read again. ``now``: known better than by the last reading.

    ``readings``: also of the stretch before the first, as number -1.
    """

    def known(until: int) -> float | None:
        read = (readings[n].last for n in range(until, -2, -1) if n in readings)
        return next(read, None)

    trend = days.of(lambda slots: known(slots[-1]) if slots else known(-1))
    stands = trend.now if now is None else now
    return Trend(
        now=stands, before=trend.before, whole=trend.whole, days=[*trend.days[:-1], stands]
    )
