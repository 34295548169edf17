"""Recording: what became of writes, saved in the journal while their copies are already made."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from core.audit.entries import Entry
from core.credits.records import Kind
from core.credits.writes import Run, Settlement
from core.mirror.copier import MirrorCopier
from core.mirror.direct_copies import HANDED
from core.mirror.store.outbox_port import Due
from core.operations.kinds.base import RowSubject
from core.operations.kinds.registry import of_subject
from core.operations.states import SETTLED, Item, Operation
from core.operations.store.port import OperationStore


@dataclass(frozen=True, slots=True)
class Recording:
    """Never waits for the mirror."""

    journal: OperationStore
    mirroring: MirrorCopier
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


#: Operations whose items are bookings that HubSpot has.
_OF_BOOKINGS = of_subject(RowSubject.BOOKING)


def settled_dues(
    operation: Operation, items: Iterable[Item], due: Sequence[Due], copied: Collection[str] = ()
) -> list[Due]:
    """Copies of bookings that settle here, that we may have changed, and that ``due`` lacks.

    They are read first: the answer that would have told how the booking stands was lost, or it
    was refused after an earlier one was. ``copied``: those of which this is known not to be so,
    because a copy has been due since the last change of them was answered.
    """
    if operation.kind not in _OF_BOOKINGS:
        return []
    known = {*copied, *(one.record_id for one in due if one.kind is Kind.BOOKING)}
    return [
        Due(kind=Kind.BOOKING, record_id=item.booking_id, row=None)
        for item in items
        if item.state in SETTLED and _touched(item) and item.booking_id not in known
    ]


def _touched(item: Item) -> bool:
    """Whether this operation sent a change of its booking that may have arrived."""
    return item.cancelled or item.cancel_sent or item.sent_at is not None or item.after is not None
