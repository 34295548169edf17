"""The part of the journal that counts what was done in each of a few stretches of time.

``edges`` are times, the earliest first: stretch n is from edge n on until edge n + 1. Stretches in
which nothing was are left out. Everything is counted by the store, in one question each.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from core.drift.store.trends_port import Gauge
from core.health.over_time.week_rules import GaugeReading


class WeekRecords(Protocol):
    """Each method is one transaction."""

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
