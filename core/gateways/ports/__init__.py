"""Ports: what the services need from the world outside, in our words."""

from core.gateways.ports.crm import BookingFilter, Crm, Fate, Note, Outcome
from core.gateways.ports.engine import CarryOut, Engine
from core.gateways.ports.journal import (
    DeadLetters,
    Due,
    Event,
    Journal,
    OutboxState,
    Run,
    Settlement,
    WorkerInfo,
    WriteRecord,
    WriteState,
)
from core.gateways.ports.mirror import (
    Copied,
    CopyResult,
    Deleted,
    DeleteResult,
    Mirror,
    MirrorRow,
    Renamed,
    RenameResult,
)

__all__ = [
    "BookingFilter",
    "CarryOut",
    "Copied",
    "CopyResult",
    "Crm",
    "DeadLetters",
    "DeleteResult",
    "Deleted",
    "Due",
    "Engine",
    "Event",
    "Fate",
    "Journal",
    "Mirror",
    "MirrorRow",
    "Note",
    "OutboxState",
    "Outcome",
    "RenameResult",
    "Renamed",
    "Run",
    "Settlement",
    "WorkerInfo",
    "WriteRecord",
    "WriteState",
]
