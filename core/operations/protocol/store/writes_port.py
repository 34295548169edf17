"""Claims, leases, intents and outcomes: what the journal keeps of each write (section 6)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from core.audit.store.event_port import Recorded
from core.credits.records import ItemKey, Kind, WriteId
from core.credits.writes import MovementKind, Run, Settlement, Write, WriteState
from core.mirror.store.outbox_port import Due
from core.operations.foreign.changes import ForeignWrite
from core.operations.states import Item

#: A key of an item, in its own type.
K = TypeVar("K", bound=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteRecord:
    """A write with what became of it."""

    write: Write
    state: WriteState
    #: As of HubSpot's own answer to it; None: it was found landed by reading, and others may have
    #: changed the record since.
    modified_at: datetime | None = None
    reason: str = ""
    #: None: not verified yet; otherwise what verify found, in words ("clean", "foreign write").
    verified: str | None = None
    #: When it was last compared with HubSpot's history, and when to look again; None: never.
    verified_at: datetime | None = None
    look_at: datetime | None = None


class WriteRecords(Protocol):
    """Part of ``Journal``, whose rules hold here too."""

    # claims and leases
    def claim(self, run: Run, bookings: Collection[K], kind: MovementKind) -> dict[K, str]:
        """Own (booking, kind) for this operation; the id of the owner for each booking."""
        ...

    def claimed(self, bookings: Collection[K], kind: MovementKind) -> set[K]:
        """Those of these whose movement of that kind an operation owns: landed, or under way."""
        ...

    def owners(self, bookings: Collection[K], kind: MovementKind) -> dict[K, str]:
        """Those that ``claimed`` names, with the operation that owns each. Claims nothing."""
        ...

    def lease(
        self,
        run: Run,
        kind: Kind,
        ids: Collection[str],
        *,
        now: datetime,
        until: datetime,
        holder: str = "",
    ) -> set[str]:
        """Those got: free, expired, the holder's, or left by an earlier epoch of this operation.

        ``holder``: which of the operation's threads has it; another one does not get it.
        """
        ...

    def release_leases(
        self, run: Run, kind: Kind, ids: Collection[str], *, holder: str = ""
    ) -> None:
        """Those of them that are this holder's."""
        ...

    # writes
    def save_intents(self, run: Run, writes: Sequence[Write], *, holder: str = "") -> set[WriteId]:
        """Durable when it returns: a crash after it leaves a question that can be answered.

        Those saved. Not among them: a write whose record this holder has no lease of any more,
        for somebody may have written it since it was read. A lease that only expired still
        counts, unless another took it.
        """
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
        entries: Sequence[Recorded] = (),
    ) -> list[Due]:
        """Record outcomes, items and copies that are due, all in one transaction.

        The copies as they are due now. ``held_until``: nobody else takes them before.
        ``entries``: what stands in the audit before the outcomes, which are in it by themselves.
        """
        ...

    def moving(self, operation_id: str, kind: MovementKind) -> set[ItemKey]:
        """Bookings of this operation whose movement of that kind is open, landed or undecided."""
        ...

    def unverified(self, operation_id: str, limit: int) -> list[WriteRecord]:
        """Landed writes that were not compared with the property history yet."""
        ...

    def record_verified(
        self,
        verified: Mapping[WriteId, str],
        foreign: Sequence[ForeignWrite],
        *,
        at: datetime,
        again: Mapping[WriteId, datetime] = {},
        entries: Sequence[Recorded] = (),
    ) -> None:
        """What was found of these writes, and when to look again: of those not named, never."""
        ...

    def to_look_at(self, now: datetime, limit: int) -> list[WriteRecord]:
        """Landed writes of ended operations that are due to be looked at again, oldest first."""
        ...

    def release_claims(self, run: Run, bookings: Collection[ItemKey], kind: MovementKind) -> None:
        """This operation's claims on these, but for what moved or may have moved."""
        ...

    def foreign_writes(self, operation_id: str) -> list[ForeignWrite]:
        """In the order in which they happened."""
        ...

    def decide_foreign(self, foreign: ForeignWrite, by: int, *recorded: Recorded) -> bool:
        """Keep what a person decided of an unclear one, once. False: it was decided before."""
        ...

    def writes(
        self, operation_id: str, *, limit: int | None = None, offset: int = 0
    ) -> list[WriteRecord]:
        """A page of them, in the order in which they were saved; all, where no limit is given."""
        ...

    def writes_counted(self, operation_id: str) -> Mapping[tuple[WriteState, str | None], int]:
        """How many there are by state, and by what the comparison with HubSpot's history found."""
        ...

    def undecided_writes(self, operation_id: str) -> list[WriteRecord]:
        """Those that wait for a person, of contacts and of exams."""
        ...

    def known_writes(self, ids: Collection[str]) -> set[str]:
        """Those of these ids that are writes of this journal, whatever became of them."""
        ...

    def noted(self, operation_id: str) -> set[str]:
        """Contacts whose timeline note of this operation is known to be there."""
        ...

    def record_noted(self, run: Run, contact_ids: Collection[str]) -> None: ...
