"""Column types: our words and UTC times, the same over SQLite and PostgreSQL."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Index,
    Integer,
    MetaData,
    String,
    bindparam,
    text,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from core.credits.errors import UnknownWord

W = TypeVar("W", bound=StrEnum)

#: A number the database hands out. Only INTEGER counts up by itself in SQLite.
Serial = BigInteger().with_variant(Integer(), "sqlite")


class Word(TypeDecorator[W], Generic[W]):
    """A ``StrEnum``, stored as its value."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[W]) -> None:
        """``words``: the enum whose members the column holds."""
        super().__init__()
        self.words = words

    def process_bind_param(self, value: W | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """A plain string: drivers treat enum members each in their own way."""
        return None if value is None else str(value.value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> W | None:  # noqa: ARG002
        """The member; ``UnknownWord`` for a word that this version does not know."""
        return None if value is None else _member(self.words, value)


class Words(TypeDecorator[frozenset[W]], Generic[W]):
    """A set of a ``StrEnum``'s members, stored as their values in order, separated by commas."""

    impl = String
    cache_ok = True

    def __init__(self, words: type[W]) -> None:
        """``words``: the enum whose members the column holds."""
        super().__init__()
        self.words = words

    def process_bind_param(self, value: frozenset[W] | None, dialect: Dialect) -> str:  # noqa: ARG002
        """Sorted, so that equal sets are equal texts."""
        return ",".join(sorted(word.value for word in value or ()))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> frozenset[W]:  # noqa: ARG002
        """The members; ``UnknownWord`` for a word that this version does not know."""
        return frozenset(_member(self.words, word) for word in (value or "").split(",") if word)


def _member(words: type[W], value: str) -> W:
    """Never another one in its place: an operation of an unknown kind must not become a refund."""
    try:
        return words(value)
    except ValueError:
        what = re.sub(r"(?<!^)(?=[A-Z])", " ", words.__name__).lower()
        raise UnknownWord(
            f"the desk's database holds the {what} {value!r}, which this version of Credit Desk "
            "does not know. Nothing was done with it: start the version that wrote it"
        ) from None


class UtcTime(TypeDecorator[datetime]):
    """An aware UTC time. Text of fixed width in SQLite, so that it sorts as it should."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """PostgreSQL has a type for it; SQLite has none."""
        if dialect.name == "sqlite":
            return dialect.type_descriptor(String(32))
        return dialect.type_descriptor(DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """Refuse a time without a zone: nobody could tell what it meant."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value.isoformat()} has no time zone")
        utc = value.astimezone(UTC)
        return utc.isoformat(timespec="microseconds") if dialect.name == "sqlite" else utc

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """Aware and in UTC, whatever the session's zone is."""
        if value is None:
            return None
        at = datetime.fromisoformat(value) if isinstance(value, str) else value
        return at.astimezone(UTC)


def always(column: ColumnElement[W], *words: W) -> ColumnElement[bool]:
    """``column`` is one of these, written into the statement and not bound to it.

    SQLite uses a partial index only when it sees that the statement keeps to the index's part.
    """
    if len(words) == 1:
        word = bindparam(None, words[0], type_=column.type, literal_execute=True)
        return column == word
    several = bindparam(None, list(words), type_=column.type, expanding=True, literal_execute=True)
    return column.in_(several)


metadata = MetaData()


def text_column(name: str) -> Column[str]:
    return Column(name, String, nullable=False, default="", server_default="")


def partial_index(name: str, *columns: str, where: str, unique: bool = False) -> Index:
    """An index of those rows alone: small, and used by statements that keep to it (``always``)."""
    part = text(where)
    return Index(name, *columns, unique=unique, sqlite_where=part, postgresql_where=part)
