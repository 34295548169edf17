"""How much demo data, and which."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """The same size, seed and moment make the same data."""

    contacts: int = 2_000
    bookings: int = 6_000
    exams: int = 60
    seed: int = 1
