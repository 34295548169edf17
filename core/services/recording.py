"""Recording: what became of writes, saved in the journal while their copies are already made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.domain.audit import Entry
from core.domain.operations import Item, Operation
from core.gateways.ports import Due, Journal, Run, Settlement
from core.services.due_rows import settled_dues
from core.services.handed import HANDED
from core.services.mirroring import Mirroring


@dataclass(frozen=True, slots=True)
class Recording:
    """Never waits for the mirror."""

    journal: Journal
    mirroring: Mirroring
    now: Callable[[], datetime]

    def items(
        self,
        run: Run,
        operation: Operation,
        items: Sequence[Item],
        due: Sequence[Due] = (),
        entries: Sequence[Entry] = (),
        copied: Collection[str] = (),
    ) -> None:
        """What was learned of items. None settles without the copy of its booking being due.

        ``copied``: bookings whose copy has been due since the last change of them was answered.

        Raises:
            JournalError: nothing of it was saved.
        """
        if items:
            all_due = [*due, *settled_dues(operation, items, due, copied)]
            self.record(run, [], items, all_due, entries)

    def record(
        self,
        run: Run,
        settlements: Sequence[Settlement],
        items: Sequence[Item] = (),
        due: Sequence[Due] = (),
        entries: Sequence[Entry] = (),
    ) -> None:
        """Outcomes, items, copies and audit in one transaction; the copies set out before it.

        They state what HubSpot has answered, so they are right even if this is never saved: the
        write is then found open, read back, and its copy is due again.

        Raises:
            JournalError: nothing of it was saved.
        """
        now = self.now()
        self.mirroring.offer([replace(copy, due_since=now) for copy in due])
        held = self.journal.settle(
            run,
            settlements,
            items=items,
            due=due,
            at=now,
            held_until=now + HANDED,
            entries=entries,
        )
        self.mirroring.saved(held)
