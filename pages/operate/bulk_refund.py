"""Bulk refund: give back what cancelled bookings are still owed."""

from __future__ import annotations

from core.operations.kinds.refund import REFUND
from pages.shared import gate, operations, places

desk = gate.enter(places.BULK_REFUND)
operations.show(desk, REFUND.key)
