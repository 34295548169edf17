"""The part of the journal that keeps the audit: appended to, never changed."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from core.audit.chain import Head, Link
from core.audit.entries import Sought
from core.audit.store.event_port import Recorded


class AuditRecords(Protocol):
    """Each method is one transaction.

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
