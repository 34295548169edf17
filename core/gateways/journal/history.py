"""Events, appended and never changed but for what people typed, which is forgotten in its time
(``names``); and the workers that are alive.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select

from core.domain.audit import Entry
from core.gateways.journal.database import Database, reading, writing
from core.gateways.journal.fence import upsert
from core.gateways.journal.recording import record
from core.gateways.journal.records import EVENTS, WORKERS
from core.gateways.journal.tables import events, workers
from core.gateways.ports.journal import Event, WorkerInfo


class History:
    """See ``core.gateways.ports.journal.Journal``."""

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

    @writing
    def add_event(self, connection: Connection, event: Event, *entries: Entry) -> None:
        """Append one line, and what is to stand in the audit of it."""
        append(connection, event)
        record(connection, *entries)

    @writing
    def heartbeat(self, connection: Connection, worker: WorkerInfo) -> None:
        """The worker was alive at ``heartbeat_at``."""
        row: dict[str, Any] = WORKERS.dump(worker)
        added = upsert(connection, workers).values(row)
        connection.execute(
            added.on_conflict_do_update(index_elements=[workers.c.executor_id], set_=row)
        )

    @writing
    def forget_worker(self, connection: Connection, executor_id: str) -> None:
        """It stopped, or what it left was taken over."""
        connection.execute(delete(workers).where(workers.c.executor_id == executor_id))

    @reading
    def workers(self, connection: Connection) -> list[WorkerInfo]:
        """The longest running first."""
        query = select(*WORKERS.columns).order_by(workers.c.started_at, workers.c.executor_id)
        return [WORKERS.load(row) for row in connection.execute(query)]


def append(connection: Connection, event: Event) -> None:
    """Add an event to the transaction of what it tells of."""
    connection.execute(events.insert().values(EVENTS.dump(event, detail=dict(event.detail))))
