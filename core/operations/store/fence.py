"""What every part of the store does first: find the operation, and check who may act on it."""

from __future__ import annotations

from sqlalchemy import Connection, select

from core.credits.errors import Superseded, UnknownId
from core.credits.writes import Run
from core.operations.store.tables import operations

_HELD = select(operations.c.epoch, operations.c.confirmed_by, operations.c.reason)


def fence(connection: Connection, run: Run) -> tuple[str, str]:
    """Hold the operation for this run until the transaction ends; who confirmed it, and why.

    PostgreSQL: the shared lock makes a newcomer's ``begin_run`` wait for us, so that nothing of
    an older run is saved once the newer one has begun. SQLite has one writer anyway.

    Raises:
        Superseded: another process has taken the operation up.
        UnknownId: no such operation.
    """
    query = _HELD.where(operations.c.id == run.operation_id).with_for_update(read=True)
    held = connection.execute(query).first()
    if held is None:
        raise unknown_operation(run.operation_id)
    if held.epoch != run.epoch:
        raise Superseded(run.operation_id, run.epoch, now=held.epoch)
    return held.confirmed_by, held.reason


def unknown_operation(operation_id: str) -> UnknownId:
    """In the words in which every store says so."""
    return UnknownId(f"there is no operation {operation_id}")


def must_exist(connection: Connection, operation_id: str) -> None:
    """Tell an operation without rows from one that was never confirmed."""
    query = select(operations.c.id).where(operations.c.id == operation_id)
    if connection.execute(query).scalar() is None:
        raise unknown_operation(operation_id)
