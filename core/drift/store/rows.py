"""Checks and the drift that each found, in and out of their tables."""

from __future__ import annotations

from core.database.rows import Records
from core.drift.differences import Drift
from core.drift.store import tables
from core.drift.sweeps import Sweep

SWEEPS = Records(Sweep, tables.sweeps)
DRIFTS = Records(Drift, tables.drifts)
