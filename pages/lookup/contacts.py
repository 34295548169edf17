"""Contacts: find a student, and see what they hold and how it came about."""

from __future__ import annotations

from pages.shared import gate, places
from pages.shared.health import trying
from pages.shared.students import contact

desk = gate.enter(places.CONTACTS)
trying.show(desk, contact.show)
