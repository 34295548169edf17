"""Audit: who did what, when and why, with before and after; and that nobody changed it since."""

from __future__ import annotations

from pages.shared import audit, gate, places

desk = gate.enter(places.AUDIT)
audit.show(desk)
