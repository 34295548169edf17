"""SQLite as several processes use one file."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

PATIENCE_S = 10.0
PAUSE_S = 0.01


def log_ahead(
    connection: sqlite3.Connection,
    *,
    seconds: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """The file keeps a write-ahead log from now on, so that readers do not wait for a writer.

    SQLite does not wait while another process makes the same switch, whatever its timeout is
    (``sqlite3_busy_handler``: not asked where waiting could be a deadlock): so we ask again.

    Raises:
        sqlite3.OperationalError: it is still locked after ``PATIENCE_S``, or is no database.
    """
    until = seconds() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or seconds() >= until:
                raise
        else:
            return
        sleep(PAUSE_S)


#: ``user_version`` of a file that was rebuilt since each connection overwrites what it deletes.
SCRUBBED = 1


def scrub(connection: sqlite3.Connection) -> bool:
    """What was deleted leaves the bytes of the file and of its write-ahead log.

    ``secure_delete`` overwrites what is deleted from then on; a file that is older is rebuilt once.
    False: somebody read meanwhile, so that old pages are still in the log. Outside a transaction.

    Raises:
        sqlite3.OperationalError: another process writes for longer than the connection waits.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version < SCRUBBED:
        connection.execute("VACUUM")
        connection.execute(f"PRAGMA user_version={SCRUBBED}")
    (busy, _, _) = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not busy
