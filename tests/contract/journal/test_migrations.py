from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from core.app.stores import SqlJournal
from core.credits.errors import JournalError
from core.database import migrations
from core.database.columns import metadata
from core.database.database import SCHEMA, Database
from core.database.migrate import VERSION_TABLE, current, upgrade


def test_the_program_works_with_the_newest_revision() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))

    assert migrations.HEAD == ScriptDirectory.from_config(config).get_current_head()


def test_the_migrations_make_the_tables_that_the_program_works_with(url: str) -> None:
    journal = SqlJournal(url)

    def differences(connection: Connection) -> list[object]:
        if not journal._db.on_sqlite:
            connection.execute(text(f"SET LOCAL search_path TO {SCHEMA}"))
        context = MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE})
        return list(compare_metadata(context, metadata))

    assert [] == journal._db.read(differences)
    journal.close()


def test_a_second_upgrade_changes_nothing(url: str) -> None:
    database = Database(url)
    upgrade(database)

    assert migrations.HEAD == database.read(current)
    database.close()


def test_postgresql_keeps_the_journal_out_of_the_public_schema(postgres_journal_url: str) -> None:
    """Supabase serves ``public`` to the world."""
    database = Database(postgres_journal_url)

    assert [] == database.read(lambda connection: inspect(connection).get_table_names("public"))
    database.close()


def test_a_journal_of_a_newer_program_is_left_alone(sqlite_journal_url: str) -> None:
    database = Database(sqlite_journal_url)
    newer = text("UPDATE journal_version SET version_num = '9999'")
    database.write(lambda connection: connection.execute(newer))

    with pytest.raises(JournalError, match="at revision 9999, which a newer version"):
        SqlJournal(sqlite_journal_url)
    database.close()
