"""Beside the journal: what every process must see, and nobody misses after a crash.

On SQLite it is a file of its own beside the operational store, not synced to disk, so that using it
never waits for the journal. On PostgreSQL it is tables of the operational store.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from core.credits.private_files import make_private
from core.database.database import REACHABLE, SCHEMA
from core.database.sqlite import log_ahead

#: One writer at a time; PostgreSQL would otherwise let two read the same free slot.
LOCK = sa.text("select pg_advisory_xact_lock(3405691582)")

#: A process that stands still while it holds that lock (a suspended machine, say) soon loses it.
#: Supabase serves the schema ``public`` to the world, so nothing of ours stands there.
BEGIN = (
    f"begin; set local idle_in_transaction_session_timeout = 5000; set local search_path = {SCHEMA}"
)


def opened(url: str, tables: str, *, connections: int = 2) -> sa.Engine:
    """An engine for what lies beside the operational store at ``url``, with these tables made.

    ``tables``: one statement after the other, parted by semicolons. ``connections``: of PostgreSQL,
    kept open; a file has one, and more for a while when they are needed.
    """
    made = sa.make_url(url)
    if made.get_backend_name() == "sqlite" and made.database:
        path = Path(made.database)
        path = path.with_name(f"{path.stem}-slots{path.suffix}")
        make_private(path)
        made = made.set(database=str(path))
        engine = sa.create_engine(
            made, isolation_level="AUTOCOMMIT", connect_args={"timeout": 10}, pool_size=1
        )
        sa.event.listen(engine, "connect", _unsynced)
    else:
        made = made.set(drivername="postgresql+psycopg")
        engine = sa.create_engine(
            made,
            isolation_level="AUTOCOMMIT",
            pool_size=connections,
            pool_pre_ping=True,
            connect_args=REACHABLE,
        )
        tables = f"create schema if not exists {SCHEMA};{tables}"
    with transaction(engine) as connection:
        for statement in tables.split(";"):
            connection.execute(sa.text(statement))
    return engine


def _unsynced(connection: Any, _record: Any) -> None:
    log_ahead(connection)
    connection.execute("pragma synchronous=off")


@contextmanager
def transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One that holds the write lock from its beginning, so that what it reads stays true."""
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as connection:
        connection.exec_driver_sql("begin immediate" if sqlite else BEGIN)
        try:
            if not sqlite:
                connection.execute(LOCK)
            yield connection
        except BaseException:
            connection.exec_driver_sql("rollback")
            raise
        connection.exec_driver_sql("commit")
