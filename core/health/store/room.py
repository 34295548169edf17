"""Whether the operational store can keep more."""

from __future__ import annotations

from core.credits.room import Room
from core.database.database import Database


class RoomLeft:
    """See ``core.health.store.port.RoomRecords``."""

    _db: Database

    def room(self) -> Room:
        """As the database under all parts of the journal knows it."""
        return self._db.room()
