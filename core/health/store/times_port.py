"""The part of the journal that brings back times which its clock cannot have taken yet."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol


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
    """Part of ``Journal``, whose rules hold here too."""

    def bring_back(self, now: datetime, bounds: Bounds) -> int:
        """Set times that are further ahead of now than these to now. How many they were."""
        ...
