"""Events, appended and never changed but for what people typed, which is forgotten in its time."""

from __future__ import annotations

from sqlalchemy import Connection, select

from core.audit.store.event_port import Event
from core.audit.store.tables import EVENTS, events
from core.database.database import Database, reading


class History:
    """See ``core.audit.store.event_port.EventRecords``."""

    _db: Database

    @reading
    def events(
        self, connection: Connection, *, operation_id: str | None = None, limit: int = 200
    ) -> list[Event]:
        """Newest first, in the order in which they were appended."""
        query = select(*EVENTS.columns).order_by(events.c.seq.desc()).limit(limit)
        if operation_id is not None:
            query = query.where(events.c.operation_id == operation_id)
        return [EVENTS.load(row) for row in connection.execute(query)]
