"""The part of the journal behind the charts: drift over time, and what is measured every minute.

Everything is aggregated by the store: an answer is as long as its chart, not as its history.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from core.credits.catalogue import CreditType
from core.credits.records import Kind
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.sweeps import SweepMode


class Gauge(StrEnum):
    """What is measured, and in which unit."""

    #: Seconds from due to copied, of the copies since the last measure. Weight: copies.
    COPY_LAG_P50 = "copy lag p50"
    COPY_LAG_P99 = "copy lag p99"
    #: Part of HubSpot's limit that all processes use, 0 to 1.
    QUOTA = "quota"
    #: Part of the account's day that is used up, 0 to 1.
    QUOTA_DAY = "quota of the day"
    #: Cancelled bookings still owed a credit. ``of``: the credit type.
    OWED = "owed"
    #: Credits on all contacts in HubSpot, by each full sweep. ``of``: the credit type.
    OUTSTANDING = "outstanding"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One reading of one gauge by one process."""

    #: To the second.
    at: datetime
    gauge: Gauge
    #: What of it, where a gauge has parts: a credit type.
    of: str = ""
    #: Which process read it.
    source: str = ""
    value: float
    #: How much it counts in a mean.
    weight: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What a gauge showed during one step of time."""

    #: Where the step begins; steps are counted from 1970 on.
    at: datetime
    gauge: Gauge
    of: str = ""
    #: By weight.
    mean: float
    most: float
    #: The newest reading of the step: what stood at its end.
    last: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftLevel:
    """The last sweep of one step of time: how things stood when it ended."""

    at: datetime
    sweep_id: str
    mode: SweepMode
    swept_at: datetime
    #: Causes without a record are left out.
    counts: Mapping[Cause, int]
    #: Since when the oldest of them drifts; None when nothing does.
    oldest_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Contacts whose mirror differs from the truth by the same number of one credit."""

    credit: CreditType
    #: Mirror minus truth: above 0 the student sees too many.
    difference: int
    contacts: int
    #: Their balances added up, on either side.
    truth: int
    mirror: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrow:
    """Which drifts of a sweep are meant. Empty fields do not narrow."""

    causes: frozenset[Cause] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    #: Those that differ in one of these credits, by ``least`` to ``most`` (mirror minus truth).
    credits: tuple[CreditType, ...] = ()
    least: int | None = None
    most: int | None = None
    #: How the record's id begins.
    record: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftPage:
    """Some drifts, and how many there are in all."""

    total: int
    rows: Sequence[Drift] = field(default_factory=tuple)


class TrendRecords(Protocol):
    """Each method is one transaction."""

    def add_measures(self, measures: Sequence[Measure]) -> None:
        """A reading of one gauge by one process in one second is kept once."""
        ...

    def measured_at(self, gauge: Gauge) -> datetime | None:
        """When any process read it last."""
        ...

    def levels(self, gauges: Collection[Gauge], *, since: datetime, step: timedelta) -> list[Level]:
        """From ``since`` on, by time; steps in which nothing was read are left out."""
        ...

    def forget_measures(self, *, before: datetime) -> int:
        """How many were forgotten."""
        ...

    def drift_levels(
        self, *, modes: Collection[SweepMode], since: datetime, step: timedelta
    ) -> list[DriftLevel]:
        """Of complete sweeps of these modes from ``since`` on, by time."""
        ...

    def gaps(self, sweep_id: str, types: Sequence[CreditType]) -> list[Gap]:
        """Of the contacts whose balances are whole numbers on both sides, by credit and size."""
        ...

    def drift_page(
        self, sweep_id: str, narrow: Narrow, *, limit: int | None = None, offset: int = 0
    ) -> DriftPage:
        """The oldest first."""
        ...
