"""What operators find of copies in their logs; they search for ``[SUPABASE SYNC]``."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from core.credits.records import Kind
from core.mirror.due_rows import by_kind, id_of
from core.mirror.store.outbox_port import Due

log = logging.getLogger(__name__)

_NAMES = {Kind.CONTACT: "Contact credits", Kind.BOOKING: "Booking", Kind.EXAM: "Exam"}


def made(dues: Sequence[Due]) -> None:
    """One line for each row."""
    for due in dues:
        log.info("✅ [SUPABASE SYNC] %s synced for %s", _NAMES[due.kind], id_of(due))


def failed(dues: Sequence[Due], why: str) -> None:
    """One line for each kind: a dead mirror says the same of hundreds of rows."""
    for kind, those in by_kind(dues):
        name = _NAMES[kind]
        ids = [due.record_id for due in those]
        log.warning(
            "⚠️ [SUPABASE SYNC] Failed to sync %s (non-blocking)",
            name[0].lower() + name[1:],
            extra={"ids": ids[:10], "rows": len(ids), "why": why},
        )
