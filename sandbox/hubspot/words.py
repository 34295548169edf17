"""The text that a search without filters looks through: names, e-mail, the display property."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping

from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.rows import Row

PEOPLE = ("firstname", "lastname", "email", "phone", "company")
WORDS_MAX = 20


def text_of(kind: Kind, properties: Mapping[str, str | None]) -> str:
    """All of it, in lower case."""
    names = PEOPLE if kind.type.id == "0-1" else (kind.type.primary,)
    return " ".join(filter(None, (properties.get(name) for name in names))).lower()


def put(connection: sqlite3.Connection, kind: Kind, rows: Iterable[Row]) -> None:
    """Remember the text of objects."""
    connection.executemany(
        "insert or replace into words values (?, ?, ?)",
        [(row.kind, row.id, text_of(kind, row.properties)) for row in rows],
    )


def clause(kind: Kind, query: str) -> tuple[str, list[str]]:
    """SQL for the objects that have every word of the query somewhere in their text."""
    parts = query.lower().split()[:WORDS_MAX]
    like = "".join(" and text like ? escape '\\'" for _ in parts)
    sql = f"id in (select id from words where kind = {kind.no}{like})"  # noqa: S608 - no user text
    return sql, [f"%{_escaped(part)}%" for part in parts]


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
