"""The text that a search without filters looks through: names, e-mail, the display property."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable, Mapping

from sandbox.hubspot.catalog import Kind
from sandbox.hubspot.rows import Row

PEOPLE = ("firstname", "lastname", "email", "hs_additional_emails", "phone", "company")
_LATER = re.compile(r"(?<=[\W_])[^\W_]")  # where a part of a word begins
WORDS_MAX = 20


def text_of(kind: Kind, properties: Mapping[str, str | None]) -> str:
    """All of it, in lower case: each word, and what is left of it from each of its parts on.

    So the beginning of a word finds `student@school.example` by `school.ex` as well.
    """
    names = PEOPLE if kind.type.id == "0-1" else (kind.type.primary,)
    words = " ".join(filter(None, (properties.get(name) for name in names))).lower().split()
    parts = [word[found.start() :] for word in words for found in _LATER.finditer(word)]
    return " ".join((*words, *parts))


def put(connection: sqlite3.Connection, kind: Kind, rows: Iterable[Row]) -> None:
    """Remember the text of objects."""
    connection.executemany(
        "insert or replace into words values (?, ?, ?)",
        [(row.kind, row.id, text_of(kind, row.properties)) for row in rows],
    )


def clause(kind: Kind, query: str, *, anywhere: bool = False) -> tuple[str, list[str]]:
    """SQL for the objects that have, for every word of the query, a word that begins with it.

    With `anywhere` the word may stand in the middle of another one.
    """
    parts = [_escaped(part) for part in query.lower().split()[:WORDS_MAX]]
    # the first word, or a later one: twice as fast as a blank put before each text
    patterns = [[f"%{part}%"] if anywhere else [f"{part}%", f"% {part}%"] for part in parts]
    alike = " or ".join(["text like ? escape '\\'"] * (1 if anywhere else 2))
    like = f" and ({alike})" * len(parts)
    sql = f"id in (select id from words where kind = {kind.no}{like})"  # noqa: S608 - no user text
    return sql, [pattern for one in patterns for pattern in one]


def _escaped(word: str) -> str:
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
