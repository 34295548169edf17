"""Is it getting more or less: what was done, what students hold, how long repairs take."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from core.credits.roles import Act, Actor
from core.drift.store.trends_port import Gauge, Level
from core.health.store.port import HealthStore
from core.health.trend_rules import Acts, Exams, RepairTimes, steps, stretches


@dataclass(frozen=True, slots=True)
class TrendReader:
    """For pages and commands alike. Each answer is one or two questions to the journal, and none to
    HubSpot or Supabase.

    Each method raises ``NotAllowed`` for who may not watch, and ``JournalError``.
    """

    journal: HealthStore
    now: Callable[[], datetime]

    def acts(self, actor: Actor, period: timedelta, zone: tzinfo) -> Acts:
        """By the day or the week of that zone in which operations were confirmed."""
        actor.require(Act.WATCH)
        found = stretches(self.now(), period, zone)
        return Acts(stretches=found, tallies=self.journal.tally_acts(found.edges))

    def exams(self, actor: Actor, period: timedelta) -> Exams:
        """By operations confirmed in this period."""
        actor.require(Act.WATCH)
        since = self.now() - period
        return Exams(since=since, tallies=self.journal.tally_exams(since))

    def repair_times(self, actor: Actor, period: timedelta, zone: tzinfo) -> RepairTimes:
        """By the day or the week of that zone in which repairs ended."""
        actor.require(Act.WATCH)
        found = stretches(self.now(), period, zone)
        return RepairTimes(stretches=found, tallies=self.journal.tally_repairs(found.edges))

    def repaired(
        self, actor: Actor, period: timedelta, step: timedelta
    ) -> list[tuple[datetime, int]]:
        """How many records were repaired in each step in which some were, and where it begins."""
        actor.require(Act.WATCH)
        edges = steps(self.now(), period, step)
        return [(edges[each.slot], each.records) for each in self.journal.tally_repairs(edges)]

    def outstanding(self, actor: Actor, period: timedelta, step: timedelta) -> list[Level]:
        """Credits that students hold in HubSpot, by type, as full checks counted them."""
        actor.require(Act.WATCH)
        since = self.now() - period
        return self.journal.levels([Gauge.OUTSTANDING], since=since, step=step)
