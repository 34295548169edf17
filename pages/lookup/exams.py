"""Exams: sessions with their seats; which are open, and when the others open."""

from __future__ import annotations

from pages.shared import gate, places
from pages.shared.students import exams

desk = gate.enter(places.EXAMS)
exams.show(desk)
