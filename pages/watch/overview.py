"""Overview: what needs attention now, is what students see true, and what runs today."""

from __future__ import annotations

from pages.shared import gate, health, places
from pages.shared.health import trying

desk = gate.enter(places.OVERVIEW)
trying.show(desk, health.show)
