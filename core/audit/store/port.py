"""The store as this package needs it: the audit, and operations' events."""

from __future__ import annotations

from typing import Protocol

from core.audit.store.audit_port import AuditRecords
from core.audit.store.event_port import EventRecords
from core.audit.store.retention_port import NameRecords


class AuditStore(
    AuditRecords,
    NameRecords,
    EventRecords,
    Protocol,
):
    """Each method is one transaction. All times are UTC and passed in by the caller."""
