"""Is it getting more or less: what was done, what is measured, how long repairs take."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import TypeVar

from core.credits.roles import Act, Actor
from core.drift.store.trends_port import DriftLevel, Gauge, Level
from core.drift.sweeps import SweepMode
from core.health.over_time.trend_rules import Acts, Exams, RepairTimes, steps, stretches
from core.health.store.port import HealthStore
from core.work.kept_answers import KeptAnswers

T = TypeVar("T")
W = TypeVar("W", bound=Hashable)

#: So many of the newest sweeps tell whether another one has ended.
NEWEST = 20


@dataclass(frozen=True, slots=True)
class TrendReader:
    """For pages and commands alike. Each answer is one question to the journal, and none to HubSpot
    or Supabase; it is kept until the audit has another entry, a gauge another reading, or another
    sweep has ended. A period begins with a whole step, so that its answer does not move with time.

    Each method raises ``NotAllowed`` for who may not watch, and ``JournalError``.
    """

    journal: HealthStore
    now: Callable[[], datetime]
    _kept: KeptAnswers = field(default_factory=KeptAnswers)

    def acts(self, actor: Actor, period: timedelta, zone: tzinfo) -> Acts:
        """By the day or the week of that zone in which operations were confirmed."""
        actor.require(Act.WATCH)
        found = stretches(self.now(), period, zone)
        tallies = self._tallied("acts", found.edges, self.journal.tally_acts)
        return Acts(stretches=found, tallies=tallies)

    def exams(self, actor: Actor, period: timedelta, zone: tzinfo) -> Exams:
        """By operations confirmed since the beginning of the first day or week of that period."""
        actor.require(Act.WATCH)
        since = stretches(self.now(), period, zone).edges[0]
        tallies = self._tallied("exams", since, self.journal.tally_exams)
        return Exams(since=since, tallies=tallies)

    def repair_times(self, actor: Actor, period: timedelta, zone: tzinfo) -> RepairTimes:
        """By the day or the week of that zone in which repairs ended."""
        actor.require(Act.WATCH)
        found = stretches(self.now(), period, zone)
        tallies = self._tallied("repairs", found.edges, self.journal.tally_repairs)
        return RepairTimes(stretches=found, tallies=tallies)

    def repaired(
        self, actor: Actor, period: timedelta, step: timedelta
    ) -> list[tuple[datetime, int]]:
        """How many records were repaired in each step in which some were, and where it begins."""
        actor.require(Act.WATCH)
        edges = steps(self.now(), period, step)
        tallies = self._tallied("repairs", edges, self.journal.tally_repairs)
        return [(edges[each.slot], each.records) for each in tallies]

    def drift(
        self, actor: Actor, modes: tuple[SweepMode, ...], period: timedelta, step: timedelta
    ) -> list[DriftLevel]:
        """What the last complete sweep of each step found, of these modes."""
        actor.require(Act.WATCH)
        since = steps(self.now(), period, step)[0]
        newest = self.journal.sweeps(modes=modes, limit=NEWEST)
        return self._kept.ask(
            ("drift", modes, since, step),
            tuple(sweep.id for sweep in newest if sweep.complete),
            lambda: self.journal.drift_levels(modes=modes, since=since, step=step),
        )

    def levels(
        self, actor: Actor, gauges: Collection[Gauge], period: timedelta, step: timedelta
    ) -> list[Level]:
        """What these gauges showed in each step."""
        actor.require(Act.WATCH)
        since = steps(self.now(), period, step)[0]
        return self._kept.ask(
            ("levels", tuple(gauges), since, step),
            tuple(self.journal.measured_at(gauge) for gauge in gauges),
            lambda: self.journal.levels(gauges, since=since, step=step),
        )

    def _tallied(self, what: str, when: W, tally: Callable[[W], T]) -> T:
        """Kept until the audit has another entry: every act that changes a count leaves one."""
        last = self.journal.audit_head()[1]
        return self._kept.ask((what, when), last, lambda: tally(when))
