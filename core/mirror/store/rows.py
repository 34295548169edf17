"""Copies that are due, in and out of their table."""

from __future__ import annotations

from core.database.rows import Records
from core.mirror.store import tables
from core.mirror.store.outbox_port import Due

OUTBOX = Records(Due, tables.outbox)
