"""Overview: what needs attention now, is what students see true, and what runs today."""

from __future__ import annotations

from pages.shared import gate, health, places

desk = gate.enter(places.OVERVIEW)
health.show(desk)
