"""Files for their owner's eyes alone: the stores, and what commands write of them."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from stat import S_IMODE
from typing import BinaryIO

FILE, FOLDER = 0o600, 0o700
#: What SQLite puts beside a file, with the file's own mode as it was when they were made.
BESIDE = ("", "-wal", "-shm", "-journal")


def make_private(path: Path) -> None:
    """Make the file and its folder where they are missing; nobody else reads the file after.

    A file that others could read (an older release made some) is closed to them, with those of
    SQLite beside it. A folder that is there stays as it is: it may be ``/tmp``.

    A file that is there is never opened: whoever closes a file gives up all locks that this process
    has on it, and another process would take SQLite's log for nobody's and delete it
    (https://sqlite.org/howtocorrupt.html, section 2.2).

    Raises:
        OSError: this user may not.
    """
    path.parent.mkdir(mode=FOLDER, parents=True, exist_ok=True)
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, FILE))
    for each in (path.with_name(path.name + end) for end in BESIDE):
        with suppress(FileNotFoundError):  # whoever closes a store last takes its log away
            _close_to_others(each)


def private_output(path: Path) -> BinaryIO:
    """The file, empty, to be written; what it held is gone. Raises ``OSError``."""
    out = os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, FILE), "wb")
    _close_to_others(path)
    return out


def _close_to_others(path: Path) -> None:
    """Of another user's file only that user may say who reads it; a pipe has no reader to keep."""
    found = path.stat()
    if path.is_file() and found.st_uid == os.geteuid() and S_IMODE(found.st_mode) & ~FILE:
        path.chmod(FILE)
