"""Changes by others in and out of their table."""

from __future__ import annotations

from core.database.rows import Records
from core.operations.foreign.changes import ForeignWrite
from core.operations.protocol.store import tables

FOREIGN_WRITES = Records(ForeignWrite, tables.foreign_writes)
