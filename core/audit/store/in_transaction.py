"""How a transaction says what is to stand in the audit: ``record``, from wherever it acts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from core.audit.entries import Entry
from core.database.database import AT_END


def record(connection: Connection, *entries: Entry) -> None:
    """Have these appended in the transaction of what they tell of, as the last thing it does.

    Saved with it or not at all. Only in one that writes (``database.writing``).
    """
    connection.get_execution_options()[AT_END].extend(entries)


def recorded(connection: Connection) -> Sequence[Entry]:
    """What this transaction has recorded so far."""
    entries: Sequence[Entry] = connection.get_execution_options().get(AT_END, ())
    return entries
