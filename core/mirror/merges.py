"""Rows of records that were merged away in HubSpot: they go before the merged record is copied.

Two rows of one student would fail the student app's read by student id and e-mail, and where the
table allows only one of them, the copy of the merged record.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.credits.records import Kind
from core.mirror.port import Deleted, Mirror, Renamed

#: A row that is copied between our read and our deletion is read again so often.
LOOKS_MAX = 3


@dataclass(frozen=True, slots=True)
class Merges:
    """HubSpot never undoes a merge, so a row of an id from before one is never needed again."""

    mirror: Mirror

    def settle(self, kind: Kind, old: str, new: str) -> str:
        """No row of ``old`` is left; why not, where Supabase refuses.

        The row is kept under the new id where there is none yet, so that other tables that refer
        to it go on doing so, and the student app finds a row at every moment.

        Raises:
            GatewayError: Supabase does not answer.
        """
        for _ in range(LOOKS_MAX):
            rows = self.mirror.rows(kind, [old, new])
            if old not in rows:
                return ""
            if new not in rows:
                answer = self.mirror.rename(kind, old, new)
                if answer.renamed is Renamed.REFUSED:
                    return _why(old, new, answer.reason)
                continue  # what it became is read again
            deleted = self.mirror.delete(kind, [rows[old]])[old]
            if deleted.deleted is Deleted.REFUSED:
                return _why(old, new, deleted.reason)
        return _why(old, new, "it changes at every look") if self._there(kind, old) else ""

    def _there(self, kind: Kind, old: str) -> bool:
        return old in self.mirror.rows(kind, [old])


def _why(old: str, new: str, reason: str) -> str:
    return f"{old} was merged into {new} in HubSpot, but its row could not be removed: {reason}"
