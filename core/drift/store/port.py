"""The store as this package needs it: operations, checks, repairs and measures."""

from __future__ import annotations

from typing import Protocol

from core.drift.store.repairs_port import RepairRecords
from core.drift.store.sweeps_port import SweepRecords
from core.drift.store.trends_port import TrendRecords
from core.operations.store.port import OperationStore


class DriftStore(OperationStore, SweepRecords, RepairRecords, TrendRecords, Protocol):
    """Each method is one transaction. All times are UTC and passed in by the caller."""
