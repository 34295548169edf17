"""The port to the journal: plans, operations, claims, leases, intents, outcomes, outbox.

Each method is one transaction. Methods that take a ``Run`` raise ``Superseded`` when another
process has taken the operation up since, so that a process thought dead can do no more.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from core.domain.audit import Entry
from core.domain.operations import Item, ItemState, Operation, OperationState, Progress
from core.domain.plans import Plan, Row, Verdict
from core.domain.records import BookingId, Kind, WriteId
from core.domain.writes import ForeignWrite, MovementKind, Write
from core.gateways.ports.alarms import AlarmRecords
from core.gateways.ports.audit import AuditRecords
from core.gateways.ports.clients import ClientRecords
from core.gateways.ports.figures import FigureRecords
from core.gateways.ports.forgetting import NameRecords
from core.gateways.ports.outbox import DeadLetters, Due, OutboxRecords, OutboxState
from core.gateways.ports.repairs import RepairRecords
from core.gateways.ports.roles import RoleRecords
from core.gateways.ports.sweeps import SweepRecords
from core.gateways.ports.trends import TrendRecords
from core.gateways.ports.warnings import WarningRecords
from core.gateways.ports.works import SlotRecords, WorkRecords

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process carrying one operation."""

    operation_id: str
    epoch: int


class WriteState(StrEnum):
    """What became of a write."""

    #: Saved, perhaps sent, outcome not known.
    OPEN = "open"
    LANDED = "landed"
    #: Known not to have landed. Its movements are free to be written again.
    VOID = "void"
    #: A person decides.
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The outcome of a write, to be recorded together with what follows from it."""

    write_id: WriteId
    state: WriteState
    modified_at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of an operation's history. Append-only."""

    at: datetime
    actor: str
    what: str
    operation_id: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRecord:
    """A write with what became of it."""

    write: Write
    state: WriteState
    modified_at: datetime | None = None
    reason: str = ""
    #: None: not verified yet; otherwise what verify found, in words ("clean", "foreign write").
    verified: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerInfo:
    """A process that carries operations."""

    executor_id: str
    host: str
    pid: int
    started_at: datetime
    heartbeat_at: datetime


class Journal(
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
    NameRecords,
    WarningRecords,
    Protocol,
):
    """The operational store. All times are UTC and passed in by the caller."""

    # plans and operations
    def save_plan(self, plan: Plan) -> None: ...
    def plan(self, plan_id: str) -> Plan:
        """Raises ``UnknownId``."""
        ...

    def plan_rows(
        self,
        plan_id: str,
        *,
        verdicts: Collection[Verdict] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Row]:
        """A page of a plan, in plan order; raises ``UnknownId``."""
        ...

    def confirm(self, operation: Operation, items: Sequence[Item]) -> bool:
        """Add the operation with its items unless it exists. True if this call added it."""
        ...

    def operation(self, operation_id: str) -> Operation:
        """Raises ``UnknownId``."""
        ...

    def operations(
        self, *, states: Collection[OperationState] = (), limit: int = 100, offset: int = 0
    ) -> list[Operation]:
        """Newest first."""
        ...

    def move(
        self, operation_id: str, to: OperationState, *, at: datetime, actor: str, detail: str = ""
    ) -> Operation:
        """Take one drawn move (``OPERATION_MOVES``), with its event.

        Raises ``StateConflict`` when the operation's state has no such move. Moving to the
        state it is in already returns it unchanged, without an event.
        """
        ...

    def approve(
        self, operation_id: str, *, by: str, at: datetime, hold_until: datetime
    ) -> Operation:
        """From awaiting approval to held until then, with who said yes and when, and its event.

        Raises ``StateConflict`` when it does not await approval, or ``by`` confirmed it.
        """
        ...

    def begin_run(self, operation_id: str, *, at: datetime) -> tuple[Run, Operation]:
        """A new epoch: every earlier run of this operation is superseded."""
        ...

    def note_waiting(self, run: Run, waiting_for: str) -> None: ...
    def add_calls(self, run: Run, calls: int) -> None: ...

    # items
    def items(
        self,
        operation_id: str,
        *,
        states: Collection[ItemState] = (),
        bookings: Collection[BookingId] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Item]:
        """In plan order; all states, or all bookings, where the filter is empty."""
        ...

    def update_items(self, run: Run, items: Sequence[Item]) -> None:
        """Save what was learned of these. A settled item's claim is released unless it moved.

        "Moved": a write with its movement is open, landed or undecided.
        """
        ...

    def reopen(self, operation_id: str, states: Collection[ItemState], *, at: datetime) -> int:
        """For "retry failed only": back to GIVEN_BACK where the credit landed (``after`` is set),
        to CANCELLED where we cancelled it, else to PENDING. How many were.
        """
        ...

    def progress(self, operation_id: str) -> Progress: ...

    # claims and leases
    def claim(
        self, run: Run, bookings: Collection[BookingId], kind: MovementKind
    ) -> dict[BookingId, str]:
        """Own (booking, kind) for this operation; the id of the owner for each booking."""
        ...

    def claimed(self, bookings: Collection[BookingId], kind: MovementKind) -> set[BookingId]:
        """Those of these whose movement of that kind an operation owns: landed, or under way."""
        ...

    def lease(
        self, run: Run, kind: Kind, ids: Collection[str], *, now: datetime, until: datetime
    ) -> set[str]:
        """Those got: free, expired, ours, or left by an earlier epoch of this operation."""
        ...

    def release_leases(self, run: Run, kind: Kind, ids: Collection[str]) -> None: ...

    # writes
    def save_intents(self, run: Run, writes: Sequence[Write]) -> None:
        """Durable when it returns: a crash after it leaves a question that can be answered."""
        ...

    def resend(self, run: Run, write_ids: Collection[WriteId], *, at: datetime) -> None:
        """Move ``sent_at`` of open writes forward, before they are sent again."""
        ...

    def open_writes(
        self,
        *,
        operation_id: str | None = None,
        kind: Kind | None = None,
        ids: Collection[str] = (),
    ) -> list[Write]:
        """Writes whose outcome is not known: of an operation, or of these targets by anyone."""
        ...

    def settle(
        self,
        run: Run,
        settlements: Sequence[Settlement],
        *,
        items: Sequence[Item] = (),
        due: Sequence[Due] = (),
        at: datetime,
        held_until: datetime | None = None,
        entries: Sequence[Entry] = (),
    ) -> list[Due]:
        """Record outcomes, items and copies that are due, all in one transaction.

        The copies as they are due now. ``held_until``: nobody else takes them before.
        ``entries``: what stands in the audit before the outcomes, which are in it by themselves.
        """
        ...

    def moving(self, operation_id: str, kind: MovementKind) -> set[BookingId]:
        """Bookings of this operation whose movement of that kind is open, landed or undecided."""
        ...

    def unverified(self, operation_id: str, limit: int) -> list[WriteRecord]:
        """Landed writes that were not compared with the property history yet."""
        ...

    def record_verified(
        self, verified: Mapping[WriteId, str], foreign: Sequence[ForeignWrite], *, at: datetime
    ) -> None: ...
    def foreign_writes(self, operation_id: str) -> list[ForeignWrite]: ...
    def writes(self, operation_id: str) -> list[WriteRecord]: ...
    def noted(self, operation_id: str) -> set[str]:
        """Contacts whose timeline note of this operation is known to be there."""
        ...

    def record_noted(self, run: Run, contact_ids: Collection[str]) -> None: ...

    # history, workers
    def events(self, *, operation_id: str | None = None, limit: int = 200) -> list[Event]:
        """Newest first."""
        ...

    def add_event(self, event: Event, *entries: Entry) -> None:
        """Append one line, with ``entries`` of the audit in the same transaction."""
        ...

    def heartbeat(self, worker: WorkerInfo) -> None: ...
    def forget_worker(self, executor_id: str) -> None: ...
    def workers(self) -> list[WorkerInfo]: ...
