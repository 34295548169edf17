"""Erasing: HubSpot deleted a record for privacy, so its row goes, and what names its student."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.credits.records import Kind
from core.mirror.port import Deleted, Mirror
from core.mirror.store.port import MirrorStore

#: A row that is copied between our read and our deletion is read again so often.
LOOKS_MAX = 3


@dataclass(frozen=True, slots=True)
class Erasing:
    """Nobody needs to confirm it: the deletion in HubSpot is for good. Repeating it is harmless."""

    mirror: Mirror
    journal: MirrorStore
    now: Callable[[], datetime]

    def erase(self, kind: Kind, id_: str) -> str:
        """Delete the row, and blank the student's name and e-mail in the journal.

        Returns why the row is still there, where Supabase refuses; the names are gone then too.

        Raises:
            GatewayError: Supabase does not answer. JournalError: nothing was blanked.
        """
        deleted, why = self._delete(kind, id_)
        if kind is Kind.CONTACT:
            self.journal.erase_student(id_, row_deleted=deleted, at=self.now())
        return why

    def _delete(self, kind: Kind, id_: str) -> tuple[bool, str]:
        deleted = False
        for _ in range(LOOKS_MAX):
            rows = self.mirror.rows(kind, [id_])
            if id_ not in rows:
                return deleted, ""
            answer = self.mirror.delete(kind, [rows[id_]])[id_]
            if answer.deleted is Deleted.REFUSED:
                return False, f"{_what(id_)} its row could not be deleted: {answer.reason}"
            deleted = deleted or answer.deleted is Deleted.DELETED
        return deleted, f"{_what(id_)} its row changes at every look"


def _what(id_: str) -> str:
    return f"HubSpot deleted {id_} for privacy, but"
