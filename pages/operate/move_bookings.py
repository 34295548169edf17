"""Move bookings: bring active bookings to another exam, each credit kept."""

from __future__ import annotations

from core.operations.kinds.move import MOVE
from pages.shared import gate, operations, places

desk = gate.enter(places.MOVE_BOOKINGS)
operations.show(desk, MOVE.key)
