"""When a landed write is compared with HubSpot's history again, and whether that is worth it.

Pure.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from core.credits.records import Counted
from core.credits.writes import Write
from core.operations.foreign.changes import THINKING

#: After a write was sent: when who had read before it has written, and when a sweep has passed.
LOOKS = (THINKING + timedelta(seconds=15), timedelta(hours=2))
#: What could not be compared is tried again so often, and for so long.
RETRY = timedelta(minutes=10)
RETRIED_FOR = timedelta(hours=24)
#: HubSpot's clock and ours may differ by so much.
CLOCKS = timedelta(seconds=5)


def next_look(sent_at: datetime, now: datetime, *, checked: bool) -> datetime | None:
    """When to look again at a write; None: what is known of it is final."""
    if not checked:
        return now + RETRY if now - sent_at < RETRIED_FOR else None
    return next((at for by in LOOKS if (at := sent_at + by) > now), None)


def moved_since(write: Write, target: Counted | None, verified_at: datetime | None) -> bool:
    """Whether the record may have changed since it was compared, so that its history is read.

    The same values prove little alone: they may have changed and changed back.
    """
    if target is None or target.id != write.target_id or verified_at is None:
        return True
    same = target.marker == write.id and all(
        target.balances.get(credit) == value for credit, value in write.after.items()
    )
    return not same or target.modified_at > verified_at - CLOCKS
