"""Drift: is what students see true, since when not, why, and who mends it."""

from __future__ import annotations

from pages.shared import drift, gate, places

desk = gate.enter(places.DRIFT)
drift.show(desk)
