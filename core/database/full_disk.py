"""Whether the disk is full: of a SQLite file what is free beside it, of PostgreSQL what it says."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from core.credits import room

#: SQLSTATE of PostgreSQL: ``disk_full``.
DISK_FULL = "53100"
#: What SQLite says besides when it has hardly any room.
_OF_SQLITE = {sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN}


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
    hardly = left is not None and left < room.HARDLY_ANY
    return hardly and code is not None and code & 0xFF in _OF_SQLITE
