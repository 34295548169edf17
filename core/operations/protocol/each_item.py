"""Each item of an operation, read by portions while they are taken: it may have any number."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from core.operations.states import Item, ItemState
from core.operations.store.operations_port import OperationRecords

#: Items in memory at a time: 4 MB or so.
READ_AT_ONCE = 5_000


def each_item(
    journal: OperationRecords, operation_id: str, *, states: Collection[ItemState] = ()
) -> Iterator[Item]:
    """In plan order; of all states, where that filter is empty. Raises ``UnknownId``.

    One that changes its state meanwhile is told as it stood when its portion was read.
    """
    some = journal.items(operation_id, states=states, after=-1, limit=READ_AT_ONCE)
    yield from some
    while len(some) == READ_AT_ONCE:
        last = some[-1].n
        some = journal.items(operation_id, states=states, after=last, limit=READ_AT_ONCE)
        yield from some
