"""People: who has which role; admins give and withdraw them."""

from __future__ import annotations

from pages.shared import gate, people, places

desk = gate.enter(places.PEOPLE)
people.show(desk)
