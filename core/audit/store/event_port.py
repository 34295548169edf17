"""Events: lines of an operation's history, for people. The part of the journal that keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from core.audit.entries import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One line of an operation's history. Append-only."""

    at: datetime
    actor: str
    what: str
    operation_id: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)


#: What a transaction records: for people who follow an operation, or in the audit.
Recorded = Event | Entry


class EventRecords(Protocol):
    """Part of ``Journal``, whose rules hold here too."""

    def events(self, *, operation_id: str | None = None, limit: int = 200) -> list[Event]:
        """Newest first."""
        ...
