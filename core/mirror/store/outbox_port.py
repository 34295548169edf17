"""The part of the journal that keeps the copies to the mirror that are due."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from core.credits.records import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A record whose copy to the mirror is due."""

    kind: Kind
    record_id: str
    #: The row to copy; None: read it from the truth first.
    row: Mapping[str, Any] | None
    #: Orders the versions of one record's row; a done copy only removes its own version.
    seq: int = 0
    attempts: int = 0
    due_since: datetime | None = None
    error: str = ""
    dead: bool = False
    next_try_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxState:
    """How much is due, for screens and ``outbox --wait``."""

    due: int
    dead: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """Copies that were given up for one and the same reason."""

    error: str
    number: int
    #: Since when the oldest of them is due.
    oldest: datetime
    #: How many of each kind of record.
    kinds: Mapping[Kind, int]


class OutboxRecords(Protocol):
    """Each method is one transaction."""

    def put_due(
        self, due: Sequence[Due], *, at: datetime, held_until: datetime | None = None
    ) -> None:
        """Newer rows replace older ones of the same record, and wake a dead one.

        ``held_until``: nobody takes them before; None: at once.
        """
        ...

    def take_due(self, *, now: datetime, until: datetime, limit: int) -> list[Due]:
        """Due rows that no other process holds; ours until ``until``."""
        ...

    def copied(self, done: Sequence[Due], *, at: datetime) -> None:
        """Remove them, unless a newer version (``seq``) came meanwhile."""
        ...

    def copy_failed(self, failed: Sequence[Due]) -> None:
        """Save attempts, error, ``next_try_at`` and ``dead`` of rows not replaced meanwhile."""
        ...

    def outbox(self) -> OutboxState: ...
    def outbox_rows(
        self, *, dead: bool | None = None, error: str | None = None, limit: int = 200
    ) -> list[Due]:
        """The longest due first. ``error``: those alone that failed with these very words."""
        ...

    def dead_letters(self) -> list[DeadLetters]:
        """All of them by error, the commonest first."""
        ...

    def revive(
        self,
        *,
        kind: Kind | None = None,
        record_id: str | None = None,
        error: str | None = None,
        at: datetime | None = None,
        actor: str = "",
    ) -> int:
        """Make dead letters due again: those that all of what is given fits; how many were.

        ``at``: keep an event of it, in the same transaction.
        """
        ...

    def waiting(self, kind: Kind, ids: Collection[str]) -> dict[str, Due]:
        """Those of these records that are in the outbox, dead letters too."""
        ...
