"""What is known of the telling of students, in and out of its table."""

from __future__ import annotations

from core.database.rows import Records
from core.operations.telling.rules import Telling
from core.operations.telling.store import tables

TOLD = Records(Telling, tables.told)
