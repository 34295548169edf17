"""The ports of outgoing events: where they are kept, and who is told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.mirror.outgoing.rules import OutgoingEvent
from core.mirror.store.outbox_port import OutboxState


class NotDelivered(Exception):
    """The receiver did not take the events; ``str()`` says why, for people."""


class EventSender(Protocol):
    """Tells the other apps."""

    def send(self, events: Sequence[OutgoingEvent]) -> None:
        """All in one request; the receiver has them when this returns.

        Raises:
            NotDelivered: it did not take them, or it is not known that it did.
        """
        ...


class OutgoingRecords(Protocol):
    """Part of ``Journal``, whose rules hold here too.

    Events come with the entries of the audit, in the same transaction, where the journal was
    opened to announce changes.
    """

    def take_outgoing(self, *, now: datetime, until: datetime, limit: int) -> list[OutgoingEvent]:
        """The oldest due ones that no other process holds; ours until ``until``."""
        ...

    def outgoing_sent(self, ids: Collection[str]) -> None:
        """The receiver has these."""
        ...

    def outgoing_failed(self, events: Sequence[OutgoingEvent]) -> None:
        """Save attempts, error, ``next_try_at`` and ``dead`` of these."""
        ...

    def outgoing(self) -> OutboxState:
        """How many are due, and how many were given up."""
        ...

    def outgoing_rows(self, *, dead: bool, limit: int = 200) -> list[OutgoingEvent]:
        """The oldest first."""
        ...

    def revive_outgoing(self, *, at: datetime, actor: str) -> int:
        """Make those that were given up due again; how many. With an entry in the audit."""
        ...
