"""What follows from a contact's write that has settled, for the items whose credit it carries."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from core.credits.catalogue import Catalogue
from core.credits.records import Counted, ItemKey
from core.credits.writes import Write
from core.mirror.store.outbox_port import Due
from core.operations.states import Item, ItemState
from core.operations.steps.items import counted_due, credited
from core.operations.store.port import OperationStore


@dataclass(slots=True)
class ContactConsequences:
    """A landed credit: its items are given back, or taken back, and the contact's copy is due.

    See ``Consequences``.
    """

    journal: OperationStore
    catalogue: Catalogue
    operation_id: str
    #: Items in hand; empty when an earlier run's writes are recovered.
    items: Mapping[ItemKey, Item] = field(default_factory=dict)
    landed: list[Item] = field(default_factory=list)

    def of_landed(self, write: Write, target: Counted) -> tuple[list[Item], list[Due]]:
        items = [
            replace(
                item,
                state=ItemState.GIVEN_BACK,
                why="",
                before=write.before[item.credit],
                after=write.after[item.credit],
            )
            for item in self._items(write)
            if item.credit is not None
        ]
        self.landed += items
        return items, [counted_due(target, self.catalogue)]

    def of_undecided(self, write: Write, reason: str) -> list[Item]:
        return [replace(item, state=ItemState.UNDECIDED, why=reason) for item in self._items(write)]

    def _items(self, write: Write) -> list[Item]:
        ids = credited(write)
        if not ids:
            return []
        if self.items:
            return [self.items[id_] for id_ in ids if id_ in self.items]
        return self.journal.items(self.operation_id, bookings=ids)
