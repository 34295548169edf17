"""The store as this package needs it: operations, writes, and all that is kept beside them."""

from __future__ import annotations

from typing import Protocol

from core.access.store.port import AccessStore
from core.mirror.store.port import MirrorStore
from core.operations.crew.store.groups_port import GroupRecords
from core.operations.desks.store.desks_port import DeskRecords
from core.operations.owed.store.settled_port import SettledRecords
from core.operations.protocol.store.writes_port import WriteRecords
from core.operations.store.cancelled_exams_port import CancelledExamRecords
from core.operations.store.leftovers_port import WarningRecords
from core.operations.store.operations_port import OperationRecords
from core.operations.store.trail_port import TrailRecords
from core.operations.store.undo_port import UndoRecords
from core.operations.telling.store.tellings_port import TellingRecords


class OperationStore(
    AccessStore,
    MirrorStore,
    OperationRecords,
    WriteRecords,
    TrailRecords,
    CancelledExamRecords,
    WarningRecords,
    UndoRecords,
    SettledRecords,
    TellingRecords,
    DeskRecords,
    GroupRecords,
    Protocol,
):
    """Each method is one transaction. All times are UTC and passed in by the caller."""
