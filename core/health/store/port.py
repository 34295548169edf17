"""The store as this package needs it: what all others keep, counted."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from core.credits.room import Room
from core.drift.store.trends_port import Gauge
from core.health.alarm_rules import Alarm, Trouble
from core.health.audit_check.forged import Landed
from core.health.over_time.week_rules import GaugeReading
from core.health.store.attention_port import AttentionRecords
from core.health.store.tallies_port import TallyRecords
from core.students.store.port import StudentStore
from core.workers.store.port import WorkerStore


class AlarmRecords(Protocol):
    """Alarms, kept so that of many processes one tells each."""

    def alarms(self) -> list[Alarm]:
        """What is wrong, as far as it was seen; longest first."""
        ...

    def raise_alarm(self, trouble: Trouble, *, at: datetime) -> bool:
        """It is wrong as of now. True: the caller is the one who is to tell people."""
        ...

    def calm_alarm(self, key: str, *, at: datetime, after: timedelta) -> Alarm | None:
        """It is not wrong now. Forgotten when it was well for ``after``.

        The alarm, for the one caller who is to tell people that it is over.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How many of each are in each state; states in which there is none are left out."""

    operations: Mapping[str, int]
    items: Mapping[str, int]
    writes: Mapping[str, int]


class FigureRecords(Protocol):
    """How much the journal holds, what it does not, and whether it can keep more."""

    def figures(self) -> Figures:
        """Counted by the store."""
        ...

    def clock(self) -> datetime | None:
        """The time by the store's own clock; None: it is a file, and goes by this machine's."""
        ...

    def room(self) -> Room:
        """As far as this process knows, without asking the database."""
        ...

    def landed_writes(self, *, after: int, limit: int) -> list[Landed]:
        """By their ``seq``, those that come after this one."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How far ahead of now a stored time can be. A wrong clock stored what is further."""

    #: Until when a record is leased. Those of a student's day are kept for ``days``.
    leases: timedelta
    days: timedelta
    #: From when a copy may be taken.
    copies: timedelta
    #: From when an event for other apps may be sent.
    events: timedelta
    #: Until when a job of the schedule is held.
    jobs: timedelta
    #: Of times that are taken as now: a job's last time, since when an alarm is raised.
    past: timedelta


class TimeRecords(Protocol):
    """Times that its clock cannot have taken yet, brought back."""

    def bring_back(self, now: datetime, bounds: Bounds) -> int:
        """Set times that are further ahead of now than these to now. How many they were."""
        ...


class WeekRecords(Protocol):
    """What was done in each of a few stretches of time.

    ``edges`` are times, the earliest first: stretch n is from edge n on until edge n + 1. Stretches
    in which nothing was are left out. Everything is counted by the store, in one question each.
    """

    def found(self, edges: Sequence[datetime]) -> Mapping[int, int]:
        """Records that complete sweeps found to drift, each in the first stretch that has it."""
        ...

    def repaired(self, edges: Sequence[datetime]) -> Mapping[int, int]:
        """Records proved equal by the repairs that were asked for then, counted likewise."""
        ...

    def readings(
        self, gauges: Collection[Gauge], edges: Sequence[datetime]
    ) -> Mapping[tuple[Gauge, int], GaugeReading]:
        """By gauge and stretch."""
        ...


class HealthStore(
    WorkerStore,
    StudentStore,
    AlarmRecords,
    AttentionRecords,
    FigureRecords,
    TallyRecords,
    TimeRecords,
    WeekRecords,
    Protocol,
):
    """Each method is one transaction. All times are UTC and passed in by the caller."""
