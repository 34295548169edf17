"""The three stores that the journal's cases run on."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, text, update

from core.app.stores import SqlJournal
from core.audit.chain import EMPTY
from core.audit.store.tables import audit_head
from core.database.columns import metadata
from core.database.database import SCHEMA, Database
from sandbox.ports import any_free
from sandbox.supabase.postgres import Postgres, new_password


@contextmanager
def postgres_server(folder: Path) -> Iterator[str]:
    """The URL of a server that lives as long as this."""
    server = Postgres(folder, any_free(), new_password())
    server.start()
    try:
        yield server.dsn
    finally:
        server.stop()


def fresh_database(url: str, name: str) -> str:
    """The URL of a new, empty database on that server."""
    database = Database(url)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    database.close()
    return url.rpartition("/")[0] + f"/{name}"


def empty(journal: SqlJournal) -> None:
    """Leave nothing in it but its tables."""
    emptied = [table for table in metadata.sorted_tables if table is not audit_head]
    tables = ", ".join(f"{SCHEMA}.{table.name}" for table in emptied)

    def forget(connection: Connection) -> None:
        past_the_triggers(connection)
        connection.execute(text(f"TRUNCATE {tables}"))
        connection.execute(text(f"DROP TABLE IF EXISTS {SCHEMA}.api_pace"))  # made when it is used
        connection.execute(update(audit_head).values(n=EMPTY.n, hash=EMPTY.hash))

    journal._db.write(forget)


def past_the_triggers(connection: Connection) -> None:
    """As somebody who rules the whole database may: the audit is changed all the same."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        return
    triggers = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
    for name in connection.execute(triggers).scalars().all():
        connection.execute(text(f"DROP TRIGGER {name}"))


def copied_file(template: Path, to: Path) -> str:
    """The URL of a SQLite journal with nothing in it."""
    shutil.copy(template, to)
    return f"sqlite:///{to}"
