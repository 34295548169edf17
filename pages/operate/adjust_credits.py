"""Adjust credits: give, take or set, for one student or a list of many."""

from __future__ import annotations

from core.operations.kinds.adjust import ADJUST
from pages.shared import batch, gate, places
from pages.shared.batch import adjusting

desk = gate.enter(places.ADJUST_CREDITS)
batch.show(desk, ADJUST.key, adjusting.show)
