"""Adjust credits: give, take or set, for one student or a list of many."""

from __future__ import annotations

from core.operations.kinds.adjust import ADJUST
from pages.shared import gate, operations, places
from pages.shared.operations.choosing import adjusting

desk = gate.enter(places.ADJUST_CREDITS)
operations.show(desk, ADJUST.key, adjusting.show)
