"""Which Python and SQLite the engine can run on. On PostgreSQL any will do.

DBOS stamps its rows by SQLite's ``unixepoch('subsec')`` when Python is 3.12 or newer. SQLite knows
that word since 3.42 and gives NULL before, so that its first insert fails, at every try, for ever.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlalchemy.engine import make_url

#: ``RETURNING``, which the operational store needs, is from this SQLite on.
LEAST = (3, 35)
#: ``unixepoch('subsec')`` is from this one on, and DBOS uses it from this Python on.
SUBSECONDS = (3, 42)
SUBSECONDS_SINCE = (3, 12)
WORD = "unixepoch('subsec')"
REMEDY = (
    "Use a Python that has a newer SQLite (python -c 'import sqlite3; "
    "print(sqlite3.sqlite_version)'), Python 3.11 with SQLite 3.35 or newer, or a PostgreSQL: "
    "OPS_DATABASE_URL"
)


def version_fault(
    url: str,
    *,
    python: Sequence[int] = sys.version_info[:3],
    sqlite: Sequence[int] = sqlite3.sqlite_version_info,
) -> str:
    """Why no engine can start on these versions, with the remedy; "" when one can.

    ``url``: DBOS's own database (``system.system_url``).
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return ""
    needed = SUBSECONDS if tuple(python) >= SUBSECONDS_SINCE else LEAST
    if tuple(sqlite) < needed:
        return (
            f"Python {_dotted(python)} here uses SQLite {_dotted(sqlite)}, and with it the engine "
            f"needs SQLite {_dotted(needed)} or newer. {REMEDY}"
        )
    if tuple(sqlite) < SUBSECONDS and _stamps_by_subseconds(Path(parsed.database or "")):
        return (
            f"the engine's file {parsed.database} was made by another Python with a newer SQLite, "
            f"and SQLite {_dotted(sqlite)} cannot write it. Run all of the desk with that Python, "
            "or stop all of it and remove this file and those that begin with its name: it is "
            "made anew, and the operational store knows what is not done yet"
        )
    return ""


def _stamps_by_subseconds(file: Path) -> bool:
    if not file.exists():
        return False
    with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        made = connection.execute("SELECT sql FROM sqlite_master WHERE name='application_versions'")
        return any(WORD in str(sql) for (sql,) in made)


def _dotted(version: Sequence[int]) -> str:
    return ".".join(map(str, version))
