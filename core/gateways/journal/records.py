"""Frozen records in and out of tables whose columns are named like their fields."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields
from operator import attrgetter
from typing import Any, Generic, TypeVar

from sqlalchemy import Row, Table

from core.domain.drift import Drift
from core.domain.foreign_writes import ForeignWrite
from core.domain.operations import Item, Operation
from core.domain.plans import Row as PlanRow
from core.domain.schedules import SlotRecord
from core.domain.sweeps import Sweep
from core.domain.telling import Telling
from core.gateways.journal import sweep_tables, tables
from core.gateways.ports.journal import Due, Event, WorkerInfo

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


OPERATIONS = Records(Operation, tables.operations)
ITEMS = Records(Item, tables.items)
PLAN_ROWS = Records(PlanRow, tables.plan_rows)
FOREIGN_WRITES = Records(ForeignWrite, tables.foreign_writes)
TOLD = Records(Telling, tables.told)
OUTBOX = Records(Due, tables.outbox)
EVENTS = Records(Event, tables.events)
WORKERS = Records(WorkerInfo, tables.workers)
SWEEPS = Records(Sweep, sweep_tables.sweeps)
DRIFTS = Records(Drift, sweep_tables.drifts)
SLOTS = Records(SlotRecord, sweep_tables.slots)

AnyRow = Row[Any]
