"""The processes that are alive."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, delete, select

from core.database.database import Database, reading, writing
from core.database.rows import Records
from core.database.statements import upsert
from core.workers.store.port import WorkerInfo
from core.workers.store.tables import workers

WORKERS = Records(WorkerInfo, workers)


class Workers:
    """See ``core.workers.store.port.WorkerRecords``."""

    _db: Database

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
