"""What is known of the room that the database has on its disk.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

#: With so little left SQLite can save nothing: it makes files beside its own.
HARDLY_ANY = 1 << 20
#: Below this the desk says that the disk is nearly full: an operation of 10,000 takes some 50 MB.
LITTLE = 256 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What is known of it."""

    #: The last thing that was to be saved was not, because there was no room.
    full: bool
    #: Bytes free on the disk of the file. None: the disk is another machine's.
    free: int | None

    @property
    def none(self) -> bool:
        """Whether nothing more can be saved."""
        return self.full or (self.free is not None and self.free < HARDLY_ANY)

    @property
    def short(self) -> bool:
        """Whether somebody should see to it now."""
        return self.full or (self.free is not None and self.free < LITTLE)


#: Of a database that nobody has written to yet.
NOT_KNOWN = Room(full=False, free=None)
