"""Frozen records in and out of tables whose columns are named like their fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import Row, Table

T = TypeVar("T")


class Records(Generic[T]):
    """How one kind of record is kept. Columns it has no field for are left to the caller."""

    def __init__(self, kind: type[T], table: Table) -> None:
        """Raises ``KeyError`` when the table lacks a column for one of the fields."""
        self.kind = kind
        self.names = tuple(field.name for field in fields(kind))  # type: ignore[arg-type]
        self.columns = [table.c[name] for name in self.names]
        self._values = attrgetter(*self.names)

    def load(self, row: Iterable[Any]) -> T:
        """From a row of ``columns``; whatever stands behind them is left out."""
        return self.kind(**dict(zip(self.names, row, strict=False)))

    def load_all(self, rows: Iterable[Iterable[Any]]) -> list[T]:
        """From many rows, of which a hundred thousand may be: they share the texts they have alike.

        An operation's items name a few hundred exams and one operation; each name is kept once.
        """
        shared: list[dict[str, str]] = [{} for _ in self.names]
        return [
            self.load(
                _shared(value, held) if type(value) is str else value
                for value, held in zip(row, shared, strict=False)
            )
            for row in rows
        ]

    def dump(self, record: T, **more: Any) -> dict[str, Any]:
        """The values of a row."""
        return {**dict(zip(self.names, self._values(record), strict=True)), **more}


#: Texts of one column that are looked for again; a column of names soon has as many.
SHARED_MAX = 2_000


def _shared(text: str, held: dict[str, str]) -> str:
    """The same text as it was met first."""
    return held.setdefault(text, text) if len(held) < SHARED_MAX else held.get(text, text)


AnyRow = Row[Any]
