"""The store as this package needs it: operations, writes, and all that is kept beside them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.access.store.port import AccessStore
from core.audit.store.event_port import Event
from core.credits.records import BookingId, CancelledExam, ExamId, Kind
from core.credits.writes import Run
from core.mirror.store.port import MirrorStore
from core.operations.crew.store.groups_port import GroupRecords
from core.operations.desks.store.desks_port import DeskRecords
from core.operations.leftovers import About, Warned
from core.operations.owed.forfeited import Forfeited
from core.operations.owed.rules import TakenBack
from core.operations.owed.store.settled_port import SettledRecords
from core.operations.protocol.store.writes_port import WriteRecord, WriteRecords
from core.operations.states import Item, Operation, OperationState
from core.operations.store.operations_port import OperationRecords
from core.operations.telling.store.tellings_port import TellingRecords


class CancelledExamRecords(Protocol):
    """Which exams are cancelled. Each change is in the audit with it."""

    def cancel_exam(self, exam: CancelledExam) -> CancelledExam:
        """The word that is in effect now: this one, unless the exam is cancelled already."""
        ...

    def reopen_exam(
        self, exam_id: ExamId, *, by: str, at: datetime, reason: str
    ) -> CancelledExam | None:
        """End it; the word that was in effect. None: the exam was not cancelled."""
        ...

    def cancelled_exams(self, ids: Collection[ExamId]) -> dict[ExamId, CancelledExam]:
        """Those of these exams that are cancelled."""
        ...


class WarningRecords(Protocol):
    """What an operation left undone beside its credits."""

    def warn(
        self,
        run: Run,
        warned: Sequence[Warned],
        *,
        well: Collection[tuple[About, str]] = (),
        at: datetime,
    ) -> None:
        """Keep these in the operation's history, each once while it stands.

        ``well``: those of these records do not stand any more. Raises ``Superseded``.
        """
        ...

    def warnings(self, operation_id: str) -> list[Warned]:
        """Those that stand, and what its writes leave open: a count in doubt, one not checked.

        Raises ``UnknownId``.
        """
        ...

    def warnings_of(self, operation_ids: Collection[str]) -> dict[str, list[Warned]]:
        """Of those of these operations that there are, at once."""
        ...


class TrailRecords(Protocol):
    """What was done to one contact or exam."""

    def writes_of(self, kind: Kind, ids: Collection[str], *, limit: int = 200) -> list[WriteRecord]:
        """Writes of these records by any operation, newest first."""
        ...

    def operations_named(self, ids: Collection[str]) -> dict[str, Operation]:
        """Those of these operations that there are."""
        ...

    def items_of(
        self,
        contact_ids: Collection[str],
        *,
        states: Collection[OperationState] = (),
        limit: int | None = 200,
    ) -> list[tuple[Item, Operation]]:
        """What operations did to bookings of these contacts, newest operation first.

        ``states``: of operations in one of them; of all, where that is empty. ``limit``: None: all.
        """
        ...

    def items_of_exam(self, exam_id: str, *, ended_since: datetime) -> list[tuple[Item, Operation]]:
        """Bookings that leave it, or move to it.

        Of operations that have not ended, or only since then, or have follow-ups due.
        """
        ...

    def events_called(self, names: Sequence[str], *, limit: int = 50) -> list[Event]:
        """Events with one of these names, newest first."""
        ...


class UndoRecords(Protocol):
    """What was taken back. Asked alone: what an undo moves is saved like every movement."""

    def taken_back(self, bookings: Collection[BookingId]) -> dict[BookingId, TakenBack]:
        """The latest undo that took back the credit of each of these, where one did."""
        ...

    def forfeited(self, bookings: Collection[BookingId]) -> dict[BookingId, Forfeited]:
        """The latest operation that cancelled each of these and kept its credit, where one did.

        Not that of which an undo later took back the credit, for by then it had been given back.
        """
        ...

    def undoing(self, operation_id: str) -> list[Operation]:
        """Operations that undo this one, whatever became of them, newest first."""
        ...


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
