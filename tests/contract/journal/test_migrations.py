from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from core.app.stores import SqlJournal
from core.credits.errors import JournalError
from core.credits.roles import Grant, Role
from core.database import migrate, migrations
from core.database.columns import metadata
from core.database.database import SCHEMA, Database
from core.database.migrate import VERSION_TABLE, current, upgrade
from tests.contract.journal.stores import fresh_database

AT = datetime(2026, 12, 1, tzinfo=UTC)


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


NEXT = """
import sqlalchemy as sa
from alembic import op

from core.database.columns import partial_index, text_column
from core.database.database import SCHEMA

revision = "next"
down_revision = "0039"


def upgrade():
    schema = None if op.get_bind().dialect.name == "sqlite" else SCHEMA
    op.add_column("roles", text_column("colour"), schema=schema)
    op.create_index("roles_by_colour", "roles", ["colour"])
    role = sa.Column("email", sa.String, sa.ForeignKey("roles.email"), primary_key=True)
    few = partial_index("hats_of_some", "hat", where="hat <> ''")
    op.create_table("hats", role, text_column("hat"), few)
"""


@pytest.mark.parametrize("on", ["sqlite", "postgres"])
def test_the_next_migration_upgrades_a_store_that_is_there(
    on: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = (
        fresh_database(request.getfixturevalue("postgres_url"), "to_be_upgraded")
        if on == "postgres"
        else f"sqlite:///{tmp_path}/store.sqlite"
    )
    journal = SqlJournal(url)
    journal.grant(Grant(email="ada@example.test", role=Role.ADMIN, by="ops", at=AT))
    before = journal._db.read(schema_of)
    scripts = shutil.copytree(migrate.SCRIPTS, tmp_path / "migrations")
    (scripts / "versions" / "next.py").write_text(NEXT)
    monkeypatch.setattr(migrate, "SCRIPTS", scripts)
    monkeypatch.setattr(migrate, "HEAD", "next")

    migrate.upgrade(journal._db)

    added = {"hats": ["email", "hat"], "roles": [*before["roles"], "colour"]}
    assert before | added == journal._db.read(schema_of)
    assert "next" == journal._db.read(migrate.current)
    assert Role.ADMIN is journal.granted("ada@example.test")
    journal.close()


def schema_of(connection: Connection) -> dict[str, list[str]]:
    """The columns of each table."""
    schema = None if connection.dialect.name == "sqlite" else SCHEMA
    look = inspect(connection)
    tables = look.get_table_names(schema=schema)
    return {name: [each["name"] for each in look.get_columns(name, schema)] for name in tables}


def test_postgresql_keeps_the_journal_out_of_the_public_schema(postgres_journal_url: str) -> None:
    """Supabase serves ``public`` to the world."""
    database = Database(postgres_journal_url)

    assert [] == database.read(lambda connection: inspect(connection).get_table_names("public"))
    database.close()


@pytest.fixture
def stored(url: str) -> Iterator[Database]:
    database = Database(url)
    yield database
    mark(database, migrations.HEAD)  # PostgreSQL's is used by the next test too
    database.close()


def mark(database: Database, revision: str) -> None:
    """As if a version of the program with this revision had made it."""
    schema = "" if database.on_sqlite else f"{SCHEMA}."
    marked = text(f"UPDATE {schema}{VERSION_TABLE} SET version_num = :revision")  # noqa: S608
    database.write(lambda connection: connection.execute(marked, {"revision": revision}))


@pytest.mark.parametrize("revision", ["9999", "another"])
def test_a_journal_of_a_newer_program_is_left_alone(
    url: str, stored: Database, revision: str
) -> None:
    mark(stored, revision)

    with pytest.raises(JournalError, match=f"at revision {revision}, which a newer version"):
        SqlJournal(url)
    assert revision == stored.read(current)


@pytest.mark.parametrize("revision", ["0001", "0038"])
def test_a_journal_from_before_the_first_revision_is_left_alone_and_says_what_upgrades_it(
    url: str, stored: Database, revision: str
) -> None:
    mark(stored, revision)
    before = stored.read(schema_of)

    with pytest.raises(JournalError) as refused:
        SqlJournal(url)

    assert (
        f"{stored} is at revision {revision}. This version of the program upgrades stores of "
        "revision 0039 and later. Nothing was changed. Open the store once with the program as of "
        "1 December 2026 (commit d4d4d4c8), which upgrades it to revision 0039, then with this "
        "version: docs/deploy.md, Upgrade"
    ) == str(refused.value)
    assert (revision, before) == (stored.read(current), stored.read(schema_of))


def test_the_migrations_make_every_index_over_the_rows_that_the_program_says(
    sqlite_journal_url: str, tmp_path: Path
) -> None:
    """``compare_metadata`` does not compare the conditions of partial indexes."""
    journal, here = SqlJournal(sqlite_journal_url), Database(f"sqlite:///{tmp_path}/here.sqlite")

    def indexes(connection: Connection) -> dict[str, str]:
        made = text("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql <> ''")
        return {index.name: index.sql for index in connection.execute(made)}

    def made_anew(connection: Connection) -> dict[str, str]:
        metadata.create_all(connection)
        return indexes(connection)

    assert here.write(made_anew) == journal._db.read(indexes)
    journal.close()
    here.close()
