"""What the audit says of copies that were retried."""

from __future__ import annotations

from datetime import datetime

from core.audit.entries import Entry, What
from core.audit.store.event_port import Event


def revived(event: Event) -> Entry:
    """Copies that were given up and are due again."""
    return Entry(at=event.at, actor=event.actor, what=What.DEAD_LETTERS, detail=event.detail)


def events_revived(number: int, *, at: datetime, by: str) -> Entry:
    """Events for other apps that were given up and are due again."""
    return Entry(at=at, actor=by, what=What.EVENTS_RETRIED, detail={"events": number})
