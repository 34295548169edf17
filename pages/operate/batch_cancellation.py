"""Batch cancellation: cancel many bookings, each credit given back or kept on purpose."""

from __future__ import annotations

from functools import partial

from core.operations.kinds.cancel import CANCEL
from core.operations.kinds.forfeit import FORFEIT
from pages.shared import gate, operations, places
from pages.shared.operations.choosing import choosing

desk = gate.enter(places.BATCH_CANCELLATION)
operations.show(desk, CANCEL.key, partial(choosing.show, keeping=FORFEIT.key))
