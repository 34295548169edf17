"""The port to the journal: plans, operations, items, history, and all that is kept beside.

Each method is one transaction. Methods that take a ``Run`` raise ``Superseded`` when another
process has taken the operation up since, so that a process thought dead can do no more.
"""

from __future__ import annotations

from typing import Protocol

from core.access.store.api_keys_port import ClientRecords
from core.access.store.roles_port import RoleRecords
from core.audit.store.audit_port import AuditRecords
from core.audit.store.event_port import Event, EventRecords
from core.audit.store.retention_port import NameRecords
from core.credits.writes import Run, Settlement, WriteState
from core.drift.store.repairs_port import RepairRecords
from core.drift.store.sweeps_port import SweepRecords
from core.drift.store.trends_port import TrendRecords
from core.health.store.alarms_port import AlarmRecords
from core.health.store.attention_port import AttentionRecords
from core.health.store.figures_port import FigureRecords
from core.health.store.times_port import TimeRecords
from core.mirror.outgoing.store.events_port import OutgoingRecords
from core.mirror.store.outbox_port import DeadLetters, Due, OutboxRecords, OutboxState
from core.operations.desks.store.desks_port import DeskRecords
from core.operations.owed.store.settled_port import SettledRecords
from core.operations.protocol.store.writes_port import WriteRecord, WriteRecords
from core.operations.store.cancelled_exams_port import CancelledExamRecords
from core.operations.store.leftovers_port import WarningRecords
from core.operations.store.operations_port import OperationRecords
from core.operations.store.trail_port import TrailRecords
from core.operations.store.undo_port import UndoRecords
from core.operations.telling.store.tellings_port import TellingRecords
from core.students.store.exam_acts_port import ExamActRecords
from core.workers.store.workers_port import WorkerInfo, WorkerRecords
from core.workers.store.works_port import SlotRecords, WorkRecords

__all__ = [
    "DeadLetters",
    "Due",
    "Event",
    "Journal",
    "OutboxState",
    "Run",
    "Settlement",
    "WorkerInfo",
    "WriteRecord",
    "WriteState",
]


class Journal(
    OperationRecords,
    EventRecords,
    WorkerRecords,
    TrailRecords,
    WriteRecords,
    OutboxRecords,
    SweepRecords,
    RepairRecords,
    WorkRecords,
    SlotRecords,
    TrendRecords,
    AlarmRecords,
    RoleRecords,
    FigureRecords,
    ClientRecords,
    AuditRecords,
    AttentionRecords,
    NameRecords,
    UndoRecords,
    WarningRecords,
    DeskRecords,
    SettledRecords,
    CancelledExamRecords,
    ExamActRecords,
    OutgoingRecords,
    TimeRecords,
    TellingRecords,
    Protocol,
):
    """The operational store. All times are UTC and passed in by the caller."""
