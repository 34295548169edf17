"""Bulk refund: give back what cancelled bookings are still owed."""

from __future__ import annotations

from core.operations.kinds.refund import REFUND
from pages.shared import batch, gate, places

desk = gate.enter(places.BULK_REFUND)
batch.show(desk, REFUND.key)
