"""The port to the journal: plans, operations, items, history, and all that is kept beside.

Each method is one transaction. Methods that take a ``Run`` raise ``Superseded`` when another
process has taken the operation up since, so that a process thought dead can do no more.
"""

from __future__ import annotations

from typing import Protocol

from core.gateways.ports.alarms import AlarmRecords
from core.gateways.ports.attention import AttentionRecords
from core.gateways.ports.audit import AuditRecords
from core.gateways.ports.cancelled_exams import CancelledExamRecords
from core.gateways.ports.clients import ClientRecords
from core.gateways.ports.desks import DeskRecords
from core.gateways.ports.exam_acts import ExamActRecords
from core.gateways.ports.figures import FigureRecords
from core.gateways.ports.forgetting import NameRecords
from core.gateways.ports.history import Event, EventRecords
from core.gateways.ports.operations import OperationRecords
from core.gateways.ports.outbox import DeadLetters, Due, OutboxRecords, OutboxState
from core.gateways.ports.outgoing import OutgoingRecords
from core.gateways.ports.repairs import RepairRecords
from core.gateways.ports.roles import RoleRecords
from core.gateways.ports.settled import SettledRecords
from core.gateways.ports.sweeps import SweepRecords
from core.gateways.ports.telling import TellingRecords
from core.gateways.ports.times import TimeRecords
from core.gateways.ports.trail import TrailRecords
from core.gateways.ports.trends import TrendRecords
from core.gateways.ports.undoing import UndoRecords
from core.gateways.ports.warnings import WarningRecords
from core.gateways.ports.workers import WorkerInfo, WorkerRecords
from core.gateways.ports.works import SlotRecords, WorkRecords
from core.gateways.ports.writes import Run, Settlement, WriteRecord, WriteRecords, WriteState

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
