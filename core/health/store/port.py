"""The store as this package needs it: what all others keep, counted."""

from __future__ import annotations

from typing import Protocol

from core.health.store.alarms_port import AlarmRecords
from core.health.store.attention_port import AttentionRecords
from core.health.store.figures_port import FigureRecords
from core.health.store.room_port import RoomRecords
from core.health.store.tallies_port import TallyRecords
from core.health.store.times_port import TimeRecords
from core.health.store.week_port import WeekRecords
from core.students.store.port import StudentStore
from core.workers.store.port import WorkerStore


class HealthStore(
    WorkerStore,
    StudentStore,
    AlarmRecords,
    AttentionRecords,
    FigureRecords,
    TallyRecords,
    TimeRecords,
    RoomRecords,
    WeekRecords,
    Protocol,
):
    """Each method is one transaction. All times are UTC and passed in by the caller."""
