"""The store as this package needs it: work, schedules, live processes."""

from __future__ import annotations

from typing import Protocol

from core.drift.store.port import DriftStore
from core.workers.store.workers_port import WorkerRecords
from core.workers.store.works_port import SlotRecords, WorkRecords


class WorkerStore(
    DriftStore,
    WorkRecords,
    SlotRecords,
    WorkerRecords,
    Protocol,
):
    """Each method is one transaction. All times are UTC and passed in by the caller."""
