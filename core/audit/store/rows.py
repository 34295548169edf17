"""Events in and out of their table."""

from __future__ import annotations

from core.audit.store import tables
from core.audit.store.event_port import Event
from core.database.rows import Records

EVENTS = Records(Event, tables.events)
