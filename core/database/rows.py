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

    def dump(self, record: T, **more: Any) -> dict[str, Any]:
        """The values of a row."""
        return {**dict(zip(self.names, self._values(record), strict=True)), **more}


AnyRow = Row[Any]
