"""Batch cancellation: cancel many bookings, each credit given back or kept on purpose."""

from __future__ import annotations

from core.operations.kinds.cancel import CANCEL
from core.operations.kinds.forfeit import FORFEIT
from pages.shared import batch, gate, places

desk = gate.enter(places.BATCH_CANCELLATION)
batch.show(desk, CANCEL.key, keeping=FORFEIT.key)
