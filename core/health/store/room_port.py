"""The part of the journal that knows whether it can keep more."""

from __future__ import annotations

from typing import Protocol

from core.credits.room import Room


class RoomRecords(Protocol):
    """Part of ``Journal``, whose rules hold here too."""

    def room(self) -> Room:
        """As far as this process knows, without asking the database."""
        ...
