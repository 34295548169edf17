"""Operations: what ran, what runs, what failed; copies that are due; workers."""

from __future__ import annotations

from pages.shared import gate, places
from pages.shared.operations import record

desk = gate.enter(places.OPERATIONS)
record.show(desk)
