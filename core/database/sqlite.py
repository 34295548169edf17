"""SQLite as several processes use one file."""

from __future__ import annotations

import sqlite3
import threading
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


class Commits:
    """Tells by one file whether anything was committed, whoever did it. For all threads.

    On a connection of its own, which never writes: ``PRAGMA data_version`` there changes with every
    commit of every other connection, in this process or another.
    """

    def __init__(self, file: str) -> None:
        """Opens nothing yet."""
        self._file = file
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def count(self) -> int | None:
        """Another number after each commit; None: it cannot be told just now."""
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = sqlite3.connect(self._file, check_same_thread=False)
                (number,) = self._connection.execute("PRAGMA data_version").fetchone()
            except sqlite3.Error:
                return None
        return int(number)

    def close(self) -> None:
        """It is opened again when it is asked for."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
