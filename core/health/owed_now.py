"""What is owed now: as it was counted last, less what refunds have given back since."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.drift.store.trends_port import Gauge
from core.health.store.port import HealthStore


def owed_now(journal: HealthStore) -> tuple[int | None, datetime | None]:
    """Credits, and when they were counted. To count afresh takes dozens of calls. None: never."""
    at = journal.measured_at(Gauge.OWED)
    if at is None:
        return None, None
    levels = journal.levels([Gauge.OWED], since=at, step=timedelta(seconds=1))
    counted = round(sum(level.last for level in levels))
    return max(0, counted - journal.refunds_landed(since=at)), at
