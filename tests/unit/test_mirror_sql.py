"""The SQL that `python -m core mirror-sql` prints."""

from __future__ import annotations

import re

from core.credits.records import Kind
from core.mirror.names import MirrorNames
from core.mirror.supabase.migrations import FOLDER, OPENING, removal, sql


def test_every_migration_begins_where_its_schema_is_named_and_names_it_nowhere_else() -> None:
    """Another schema is a matter of that one line."""
    files = sorted(FOLDER.glob("*.sql"))

    assert len(files) >= 8
    for path in files:
        first, rest = path.read_text().split("\n", 1)
        assert first == OPENING, path.name
        code = re.sub(r"--.*", "", rest)
        assert "public." not in code, path.name
        assert "search_path = ''" not in code, path.name


def test_the_sql_is_one_transaction_in_the_schema_of_the_settings() -> None:
    told = sql("hubspot_sync", MirrorNames())

    assert told.count('set search_path = "hubspot_sync", pg_temp;') == len(
        list(FOLDER.glob("*.sql"))
    )
    assert OPENING not in told
    assert told.count("\nbegin;") == told.count("\ncommit;") == 1
    assert "insert into credit_desk_names" not in told


def test_the_names_of_the_settings_replace_those_of_before() -> None:
    names = MirrorNames(
        renamed={Kind.BOOKING: {"is_active": ("is_active", 'a "quoted" \\ name, that\'s it')}}
    )

    told = sql("public", names)

    assert told.index("delete from credit_desk_names;") < told.index(
        "insert into credit_desk_names"
    )
    assert "(E'bookings', E'is_active', E'is_active', 1)" in told
    assert "E'a \"quoted\" \\\\ name, that''s it', 2)" in told


def test_the_way_back_names_the_schema_and_drops_no_table_of_the_school() -> None:
    told = removal("hubspot_sync")

    assert 'set search_path = "hubspot_sync", pg_temp;' in told
    dropped = re.findall(r"drop table if exists ([\w, ]+);", told)
    assert dropped
    assert all(name.strip().startswith("credit_desk_") for name in dropped[0].split(","))
