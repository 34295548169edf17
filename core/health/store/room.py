"""Whether the operational store can keep more."""

from __future__ import annotations

from core.database.database import Database
from core.database.room import Room


class RoomLeft:
    """See ``core.health.store.room_port.RoomRecords``."""

    _db: Database

    def room(self) -> Room:
        """As the database under all parts of the journal knows it."""
        return self._db.room()
