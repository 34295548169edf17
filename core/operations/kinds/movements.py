"""Claims and movements that kinds share. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.credits.records import ItemKey
from core.credits.writes import Movement, MovementKind
from core.operations.states import Item


def refund_claims(items: Sequence[Item]) -> dict[MovementKind, list[ItemKey]]:
    """The refund of each item that spent a credit."""
    credits_ = [item.booking_id for item in items if item.credit is not None]
    return {MovementKind.REFUND: credits_} if credits_ else {}


def cancel_claims(items: Sequence[Item]) -> dict[MovementKind, list[ItemKey]]:
    """The seat of each item, and the refund of each that spent a credit."""
    seats = {MovementKind.SEAT_FREED: [i.booking_id for i in items]} if items else {}
    return seats | refund_claims(items)


def refund_movements(item: Item) -> list[Movement]:
    """One credit, given back."""
    return [one_credit(item, MovementKind.REFUND, 1)]


def one_credit(item: Item, kind: MovementKind, by: int) -> Movement:
    """The movement of this item's credit by one.

    Raises:
        ValueError: the item has none.
    """
    if item.credit is None:
        raise ValueError(f"booking {item.booking_id} has no credit to move")
    return Movement(booking_id=item.booking_id, kind=kind, credit=item.credit, delta=by)
