"""This week beside last week, read from the journal alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo

from core.credits.roles import Act, Actor
from core.drift.store.trends_port import Gauge
from core.health.over_time.trend_rules import Figure, summed
from core.health.over_time.week_rules import (
    WEEK,
    Days,
    GaugeReading,
    Trend,
    WeekFigure,
    averaged,
    counted,
    level,
)
from core.health.owed_now import owed_now
from core.health.store.port import HealthStore
from core.work.clocks import whole_minute
from core.work.kept_answers import KeptAnswers

GAUGES = (Gauge.COPY_LAG_P99, Gauge.OWED, Gauge.OUTSTANDING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """Every figure, and the days that are compared."""

    days: Days
    trends: Mapping[WeekFigure, Trend]


@dataclass(slots=True)
class WeekReader:
    """Keeps what it has counted until the minute is over or the audit has another entry: every act
    that changes a count leaves one, and the rest is measured once a minute.
    """

    journal: HealthStore
    now: Callable[[], datetime]
    _kept: KeptAnswers = field(default_factory=KeptAnswers)
    _counting: threading.Lock = field(default_factory=threading.Lock)

    def read(self, actor: Actor, *, zone: tzinfo) -> Week:
        """As of this minute, by the clock of a reader there.

        Raises:
            NotAllowed: this person may not watch.
            JournalError: the store does not answer.
        """
        actor.require(Act.WATCH)
        minute = whole_minute(self.now())
        mark = minute, self.journal.audit_head()[1]
        with self._counting:  # ten open pages count once
            return self._kept.ask(zone, mark, lambda: self._counted(Days.until(minute, zone)))

    def _counted(self, days: Days) -> Week:
        done = self.journal.tally_acts(days.edges[:-1])
        found, repaired = (
            _each_week(first, days) for first in (self.journal.found, self.journal.repaired)
        )
        read = self.journal.readings(GAUGES, [days.begins[0] - WEEK, *days.edges])
        owed, _ = owed_now(self.journal)
        return Week(
            days=days,
            trends={
                WeekFigure.REFUNDED: counted(days, summed(done, Figure.REFUNDED)),
                WeekFigure.CANCELLED: counted(days, summed(done, Figure.CANCELLED)),
                WeekFigure.BOOKED: counted(days, summed(done, Figure.BOOKED)),
                WeekFigure.DRIFT_FOUND: counted(days, found),
                WeekFigure.DRIFT_REPAIRED: counted(days, repaired),
                WeekFigure.COPY_LAG: averaged(days, _of(read, Gauge.COPY_LAG_P99)),
                WeekFigure.OWED: level(days, _of(read, Gauge.OWED), owed),
                WeekFigure.OUTSTANDING: level(days, _of(read, Gauge.OUTSTANDING)),
            },
        )


def _each_week(
    first: Callable[[Sequence[datetime]], Mapping[int, int]], days: Days
) -> dict[int, int]:
    """By stretch: a record that was found last week and again this week is one of each."""
    edges = days.edges
    middle = edges.index(days.begins[1])
    this = {middle + n: number for n, number in first(edges[middle:]).items()}
    return {**first(edges[: middle + 1]), **this}


def _of(read: Mapping[tuple[Gauge, int], GaugeReading], gauge: Gauge) -> dict[int, GaugeReading]:
    """By stretch, that before the first as -1."""
    return {n - 1: each for (of, n), each in read.items() if of is gauge}
