"""Claiming: own what an operation is to move, before anything of it is done (section 6, step 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.credits.writes import Run
from core.operations.kinds.registry import credit_kind_of
from core.operations.protocol.batches import batches
from core.operations.states import Item, ItemState, Operation
from core.operations.store.port import OperationStore


def claimed(
    journal: OperationStore, run: Run, operation: Operation, items: Sequence[Item]
) -> list[Item]:
    """Those that are ours alone; the others end here and say whose they are.

    Raises:
        UnknownKind: items of this kind are not claimed; nothing was.
    """
    owners = {item.booking_id: run.operation_id for item in items}
    of = credit_kind_of(operation.kind)
    for kind, ids in of.claims(items).items():
        # only what is ours so far: of two operations that want both, one must win both
        still = [id_ for id_ in ids if owners[id_] == run.operation_id]
        for some in batches(still):
            owners |= journal.claim(run, some, kind)
    ours, others = [], []
    for item in items:
        if owners[item.booking_id] != run.operation_id:
            why = f"{of.claimed_by_others} ({owners[item.booking_id]})"
            others.append(replace(item, state=ItemState.SKIPPED, why=why))
        elif item.state is ItemState.PENDING:
            ours.append(replace(item, state=ItemState.CLAIMED))
        else:
            ours.append(item)
    journal.update_items(run, [*ours, *others])
    return ours
