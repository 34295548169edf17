"""The part of the journal that stops knowing students' names and typed words after a while."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class NameRecords(Protocol):
    """Each method is one transaction. Ids, movements, claims and writes are never touched."""

    def naming_students(self, *, before: datetime, limit: int) -> list[str]:
        """Ids of plans that still name students, oldest first.

        Of operations that ended before then with nothing left for a person to decide, and of
        previews that were made before then and never confirmed.
        """
        ...

    def forget_students(self, plan_id: str, *, by: str, at: datetime) -> int:
        """Blank names and e-mails in the plan and its operation; in how many rows and items.

        What people typed goes too: the reason, and the words in the operation's events.
        With its entry in the audit, in the same transaction.
        """
        ...

    def erase_student(self, contact_id: str, *, row_deleted: bool, at: datetime) -> int:
        """Blank what names this one student in all plans and operations, and what drifts and
        repairs hold of the contact beside its balances; in how many rows.

        ``row_deleted``: its row in Supabase was deleted just now. With an entry in the audit, in
        the same transaction, unless neither was there any more.
        """
        ...
