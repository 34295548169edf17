"""API keys: which apps may ask for what; admins make and withdraw their keys."""

from __future__ import annotations

from pages.shared import gate, places
from pages.shared.access import api_keys

desk = gate.enter(places.API_KEYS)
api_keys.show(desk)
