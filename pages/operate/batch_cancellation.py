"""Batch cancellation: cancel many bookings, each credit given back."""

from __future__ import annotations

from core.domain.plans import OperationKind
from pages.shared import batch, gate, places

desk = gate.enter(places.BATCH_CANCELLATION)
batch.show(desk, OperationKind.CANCEL)
