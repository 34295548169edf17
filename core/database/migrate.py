"""Bring the tables up to date, safely when several processes open the journal at once."""

from __future__ import annotations

import logging
from pathlib import Path

from sqlalchemy import Connection, MetaData, String, Table, inspect, select, text
from sqlalchemy.schema import Column, CreateSchema

from core.credits.errors import JournalError
from core.database.database import SCHEMA, Database
from core.database.migrations import HEAD

log = logging.getLogger(__name__)

#: Alembic's folder.
SCRIPTS = Path(__file__).parent / "migrations"
VERSION_TABLE = "journal_version"
_version = Table(VERSION_TABLE, MetaData(), Column("version_num", String(32), primary_key=True))

#: Its 38 migrations end at our first revision (docs/decisions/0055-one-migration.md).
UPGRADES_OLDER_STORES = "the program as of 1 December 2026 (commit d4d4d4c8)"

_ONE_MIGRATES_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtext('credit desk migration'))")


def upgrade(database: Database) -> None:
    """Run the migrations that are missing, in one transaction: all of them or none.

    Raises:
        JournalError: the database cannot be opened, is of a newer version of the program, or is
            older than the first revision.
    """
    if database.read(current) != HEAD:
        database.write(lambda connection: _upgrade(connection, database))


def current(connection: Connection) -> str | None:
    """The revision of these tables; None when there are none yet."""
    schema = None if connection.dialect.name == "sqlite" else SCHEMA
    if not inspect(connection).has_table(VERSION_TABLE, schema=schema):
        return None
    return connection.execute(select(_version.c.version_num)).scalar()


def _upgrade(connection: Connection, database: Database) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(_ONE_MIGRATES_AT_A_TIME)
        connection.execute(CreateSchema(SCHEMA, if_not_exists=True))
    found = current(connection)
    if found == HEAD:
        return  # another process was quicker
    _run_alembic(connection, found, database)


def _run_alembic(connection: Connection, found: str | None, database: Database) -> None:
    # Alembic takes a while to import, and a journal that is up to date has no need of it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    try:
        scripts.get_revision(found or "base")
    except CommandError as error:
        raise JournalError(f"{database} {_foreign(str(found), scripts.get_base())}") from error
    log.info("bringing %s from %s to %s", database, found or "nothing", HEAD)
    command.upgrade(config, "head")


def _foreign(found: str, first: str | None) -> str:
    """What is wrong with a store whose revision is none of ours; ``first``: our first one."""
    if first and found.isdecimal() and int(found) < int(first):
        return (
            f"is at revision {found}. This version of the program upgrades stores of revision "
            f"{first} and later. Nothing was changed. Open the store once with "
            f"{UPGRADES_OLDER_STORES}, which upgrades it to revision {first}, then with this "
            "version: docs/deploy.md, Upgrade"
        )
    return f"is at revision {found}, which a newer version of this program made"
