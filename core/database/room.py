"""Whether the database has room: for SQLite the disk of its file, for PostgreSQL what it says."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.exc import DBAPIError

#: SQLSTATE of PostgreSQL: ``disk_full``.
DISK_FULL = "53100"
#: With so little left SQLite fails in other words: it makes files beside its own.
HARDLY_ANY = 1 << 20
#: Below this the desk says that the disk is nearly full: an operation of 10,000 takes some 50 MB.
LITTLE = 256 << 20

_OF_SQLITE = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """What is known of it."""

    #: The last thing that was to be saved was not, because there was no room.
    full: bool
    #: Bytes free on the disk of the file. None: the disk is another machine's.
    free: int | None

    @property
    def short(self) -> bool:
        """Whether somebody should see to it now."""
        return self.full or (self.free is not None and self.free < LITTLE)


#: Of a database that nobody has written to yet.
NOT_KNOWN = Room(full=False, free=None)


def free(path: Path) -> int | None:
    """Bytes that are free where this file is or would be. None: it cannot be known."""
    try:
        return shutil.disk_usage(path.parent).free
    except OSError:
        return None


def for_lack_of_room(error: DBAPIError, left: int | None) -> bool:
    """Whether the database failed because its disk is full. ``left``: bytes that are free there."""
    if getattr(error.orig, "sqlstate", None) == DISK_FULL:
        return True
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code == sqlite3.SQLITE_FULL:
        return True
    hardly = left is not None and left < HARDLY_ANY
    return hardly and code is not None and code & 0xFF in _OF_SQLITE
