"""The store as this package needs it: the audit, and operations' events."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from core.audit.chain import Head, Link
from core.audit.entries import Sought
from core.audit.store.event_port import EventRecords, Recorded


class AuditRecords(Protocol):
    """The audit: appended to, never changed.

    The acts that the journal saves are recorded in the transactions that save them; ``record`` is
    for acts that change nothing in it.
    """

    def record(self, *recorded: Recorded) -> None:
        """Append these, but for entries whose ``once`` is there already."""
        ...

    def audit(
        self, sought: Sought, *, before: int | None = None, limit: int = 100, offset: int = 0
    ) -> list[Link]:
        """Newest first; ``before``: only entries of a smaller place."""
        ...

    def audit_count(self, sought: Sought) -> int:
        """How many there are."""
        ...

    def audit_sizes(self, operation_ids: Collection[str]) -> dict[str, int]:
        """How many entries there are of each of these operations; nothing of one without any."""
        ...

    def commits(self) -> int | None:
        """Another number after each commit by anybody, in whatever process.

        None: this database does not tell it cheaply.
        """
        ...

    def marks_of(self, operation_ids: Collection[str]) -> dict[str, tuple[int, int]]:
        """By which one sees that something more was recorded of an operation.

        Of those of these operations that there are: the place of the newest entry, 0 without any,
        and how many events there are.
        """
        ...

    def audit_links(self, after: int, limit: int) -> list[Link]:
        """By their place, those that stand after this one."""
        ...

    def forget_reasons(self, *, before: datetime, by: str, at: datetime) -> int:
        """Forget the words of reasons that were given before then, with an entry of its own.

        How many; what is committed to them stays in the chain.
        """
        ...

    def audit_head(self) -> tuple[Head, int]:
        """The head as it is noted apart from the entries, and the last place among them."""
        ...


class NameRecords(Protocol):
    """Students' names and typed words, which are forgotten after a while.

    Ids, movements, claims and writes are never touched.
    """

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


class AuditStore(
    AuditRecords,
    NameRecords,
    EventRecords,
    Protocol,
):
    """Each method is one transaction. All times are UTC and passed in by the caller."""
