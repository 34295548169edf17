"""Plans, operations and items in and out of their tables."""

from __future__ import annotations

from core.database.rows import Records
from core.operations.plans import Row
from core.operations.states import Item, Operation
from core.operations.store import tables

OPERATIONS = Records(Operation, tables.operations)
ITEMS = Records(Item, tables.items)
PLAN_ROWS = Records(Row, tables.plan_rows)
