"""The part of the journal that counts what people and apps do within a time."""

from __future__ import annotations

from typing import Protocol

from core.access.pacing import Spent, Use


class UseRecords(Protocol):
    """One method, one transaction."""

    def spend(self, use: Use, *, most: int | None) -> Spent:
        """Count this use, unless all that counts would then be more than ``most``.

        Of several at once of one actor, each counts those before it. What is known by its name is
        kept already. What counts no more is forgotten, whoever did it.
        """
        ...
