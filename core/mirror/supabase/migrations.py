"""``supabase/migrations`` for one school: its schema, and what its tables call our columns."""

from __future__ import annotations

from pathlib import Path

from core.credits.records import Kind
from core.mirror.names import MirrorNames

FOLDER = Path(__file__).resolve().parents[3] / "supabase" / "migrations"
#: How each migration begins: it names where everything is, and nothing below it does again.
OPENING = "set search_path = public, pg_temp;"

#: Takes away what the migrations made.
REMOVAL = Path(__file__).with_name("removal.sql")


def sql(schema: str, names: MirrorNames) -> str:
    """All migrations as one transaction, to be run by the owner of the tables; safe to repeat."""
    first, *rest = (path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.sql")))
    parts = [first, _names(names), *rest]
    body = "\n".join(part.replace(OPENING, _opening(schema), 1) for part in parts)
    return f"{_head(schema)}begin;\n\n{_there(schema)}\n{body}\ncommit;\n"


def removal(schema: str) -> str:
    """What takes everything of ours out of the schema, and leaves the tables with their rows.

    Columns that the desk had to add for want of the school's own, such as a refund mark, stay: they
    hold values of HubSpot.
    """
    notify = "notify pgrst, 'reload schema';\nreset search_path;\n"
    body = REMOVAL.read_text(encoding="utf-8")
    return f"{_head(schema)}begin;\n\n{_opening(schema)}\n{body}\n{notify}\ncommit;\n"


def _there(schema: str) -> str:
    """Without the schema, everything would be made in the next one of the path."""
    told = f"there is no schema {schema}: set SUPABASE_SCHEMA to that of the tables".replace(
        "%", "%%"
    )
    return (
        f"do $$ begin if to_regnamespace({_literal(_identifier(schema))}) is null then "
        f"raise exception {_literal(told)}; end if; end $$;\n"
    )


def _head(schema: str) -> str:
    return (
        f"-- Credit Desk in the schema {schema}. Run it as the owner of the tables there.\n"
        "-- Printed by `python -m core mirror-sql`; safe to repeat; all or nothing.\n\n"
    )


def _opening(schema: str) -> str:
    return f"set search_path = {_identifier(schema)}, pg_temp;"


def _names(names: MirrorNames) -> str:
    """The rows of ``credit_desk_names``: those of the settings, and no other."""
    rows = [
        f"    ({', '.join(map(_literal, (kind, ours, column)))}, {place})"
        for kind in Kind
        for ours, columns in sorted(names.renamed.get(kind, {}).items())
        for place, column in enumerate(columns, 1)
    ]
    told = "delete from credit_desk_names;\n"
    if rows:
        told += "insert into credit_desk_names (kind, ours, theirs, place) values\n"
        told += ",\n".join(rows) + ";\n"
    return told


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    """As PostgreSQL reads it whatever its settings are."""
    quoted = text.replace("'", "''").replace("\\", "\\\\")
    return f"E'{quoted}'"
