"""Claiming: own what an operation is to move, before anything of it is done (section 6, step 2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.domain.operations import Item, ItemState, Operation
from core.domain.plans import OperationKind, Why
from core.domain.records import BookingId
from core.domain.writes import MovementKind
from core.gateways.ports import Journal, Run
from core.services.batches import batches


def claimed(journal: Journal, run: Run, operation: Operation, items: Sequence[Item]) -> list[Item]:
    """Those that are ours alone; the others end here and say whose they are."""
    owners = {item.booking_id: run.operation_id for item in items}
    for kind, ids in _claims(operation, items).items():
        # only what is ours so far: of two operations that want both, one must win both
        still = [id_ for id_ in ids if owners[id_] == run.operation_id]
        for some in batches(still):
            owners |= journal.claim(run, some, kind)
    taken = Why.BEING_TAKEN_BACK if operation.kind is OperationKind.UNDO else Why.CLAIMED
    ours, others = [], []
    for item in items:
        if owners[item.booking_id] != run.operation_id:
            why = f"{taken} ({owners[item.booking_id]})"
            others.append(replace(item, state=ItemState.SKIPPED, why=why))
        elif item.state is ItemState.PENDING:
            ours.append(replace(item, state=ItemState.CLAIMED))
        else:
            ours.append(item)
    journal.update_items(run, [*ours, *others])
    return ours


def _claims(operation: Operation, items: Sequence[Item]) -> dict[MovementKind, list[BookingId]]:
    """Which claims each item needs: its credit's, and its seat's when it is cancelled."""
    if operation.kind is OperationKind.CORRECT:
        return {MovementKind.CORRECTION: [item.booking_id for item in items]}
    if operation.kind is OperationKind.UNDO:
        return {MovementKind.UNDO_REFUND: [item.booking_id for item in items]}
    claims: dict[MovementKind, list[BookingId]] = {}
    credits_ = [item.booking_id for item in items if item.credit is not None]
    if operation.kind is OperationKind.CANCEL and items:
        claims[MovementKind.SEAT_FREED] = [item.booking_id for item in items]
    if credits_:
        claims[MovementKind.REFUND] = credits_
    return claims
