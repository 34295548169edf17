"""Events of operations: the part of the journal that tells what happened, newest first."""

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


class EventRecords(Protocol):
    """Part of ``Journal``, whose rules hold here too."""

    def events(self, *, operation_id: str | None = None, limit: int = 200) -> list[Event]:
        """Newest first."""
        ...

    def add_event(self, event: Event, *entries: Entry) -> None:
        """Append one line, with ``entries`` of the audit in the same transaction."""
        ...
