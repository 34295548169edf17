"""Contacts: find a student, and see what they hold and how it came about."""

from __future__ import annotations

from pages.shared import contact, gate, places

desk = gate.enter(places.CONTACTS)
contact.show(desk)
