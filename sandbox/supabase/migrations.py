"""Applies ``supabase/migrations/*.sql`` in order, once each, recorded as the Supabase CLI does."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg

from sandbox.processes import SandboxError

FOLDER = Path(__file__).resolve().parents[2] / "supabase" / "migrations"
BOOTSTRAP = Path(__file__).with_name("bootstrap.sql")
_NAME = re.compile(r"^(?P<version>\d{14})_(?P<name>\w+)\.sql$")


def prepare(dsn: str, *, authenticator_password: str) -> None:
    """Make what every project has before its first migration. Harmless to repeat."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        connection.execute(BOOTSTRAP.read_text())
        connection.execute(
            psycopg.sql.SQL("alter role authenticator password {}").format(authenticator_password)
        )


def migrate(dsn: str, *, folder: Path = FOLDER) -> list[str]:
    """The versions applied now. Raises SandboxError naming the file that failed and was undone."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        rows = connection.execute("select version from supabase_migrations.schema_migrations")
        done = {version for (version,) in rows}
        due = [path for path in files(folder) if path.name[:14] not in done]
        for path in due:
            _apply(connection, path)
        return [path.name[:14] for path in due]


def files(folder: Path) -> list[Path]:
    found = sorted(folder.glob("*.sql"))
    for path in found:
        if not _NAME.match(path.name):
            raise SandboxError(f"{path.name}: a migration is named YYYYMMDDhhmmss_words.sql")
    return found


def _apply(connection: psycopg.Connection, path: Path) -> None:
    text = path.read_text()
    try:
        with connection.transaction():
            connection.execute(text)
            connection.execute(
                "insert into supabase_migrations.schema_migrations values (%s, %s, %s)",
                (path.name[:14], [text], path.stem[15:]),
            )
    except psycopg.Error as error:
        raise SandboxError(f"migration {path.name} failed: {error}") from error
