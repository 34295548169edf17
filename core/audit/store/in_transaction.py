"""How a transaction says what it did: ``record``, from wherever it acts."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from core.audit.entries import Entry
from core.audit.store.event_port import Event, Recorded
from core.audit.store.tables import EVENTS, events
from core.database.database import AT_END


def record(connection: Connection, *recorded: Recorded) -> None:
    """Have these appended in the transaction of what they tell of: saved with it or not at all.

    Entries of the audit as the last thing it does. Only in one that writes (``database.writing``).
    """
    entries = connection.get_execution_options()[AT_END]
    for each in recorded:
        if isinstance(each, Event):
            row = EVENTS.dump(each, detail=dict(each.detail))
            connection.execute(events.insert().values(row))
        else:
            entries.append(each)


def recorded(connection: Connection) -> Sequence[Entry]:
    """What this transaction has recorded in the audit so far."""
    entries: Sequence[Entry] = connection.get_execution_options().get(AT_END, ())
    return entries
