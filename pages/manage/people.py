"""People: who has which role; admins give and withdraw them."""

from __future__ import annotations

from pages.shared import gate, places
from pages.shared.access import people

desk = gate.enter(places.PEOPLE)
people.show(desk)
