"""Workers and slots of schedules in and out of their tables."""

from __future__ import annotations

from core.database.rows import Records
from core.work.schedules import SlotRecord
from core.workers.store import tables
from core.workers.store.port import WorkerInfo

WORKERS = Records(WorkerInfo, tables.workers)
SLOTS = Records(SlotRecord, tables.slots)
