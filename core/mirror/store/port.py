"""The store as this package needs it: the outbox, and events for other apps."""

from __future__ import annotations

from typing import Protocol

from core.audit.store.port import AuditStore
from core.mirror.outgoing.store.events_port import OutgoingRecords
from core.mirror.store.outbox_port import OutboxRecords


class MirrorStore(AuditStore, OutboxRecords, OutgoingRecords, Protocol):
    """Each method is one transaction. All times are UTC and passed in by the caller."""
