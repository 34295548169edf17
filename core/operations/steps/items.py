"""Steps of one item: what each answer makes of it, and which copies fall due."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from core.credits.catalogue import Catalogue
from core.credits.records import Booking, BookingId, Counted, ItemKey, Kind, stored_key
from core.credits.writes import OF_ITEMS, OF_NEW_BOOKINGS, Write
from core.hubspot.ports.crm import Fate, Outcome
from core.mirror.rows import booking_row, cancelled_row, counted_row, marked_row
from core.mirror.store.outbox_port import Due
from core.operations.kinds.registry import item_moved
from core.operations.protocol.settle import Ending, Result
from core.operations.protocol.starts import NOT_BEGUN
from core.operations.states import Item, ItemState, Operation
from core.operations.verdicts import OperationKind


def counted_due(target: Counted, catalogue: Catalogue) -> Due:
    """The copy of a contact or exam whose write has settled."""
    return Due(kind=target.kind, record_id=target.id, row=counted_row(target, catalogue))


def credited(write: Write) -> list[ItemKey]:
    """The items whose credit this write carries; further credits of one correction name none."""
    return [stored_key(m.booking_id) for m in write.movements if m.kind in OF_ITEMS]


def takes_seat(write: Write) -> bool:
    """Whether it takes something for a booking that is not there yet, or gives that back."""
    return any(movement.kind in OF_NEW_BOOKINGS for movement in write.movements)


def booked(write: Write, kind: OperationKind) -> list[ItemKey]:
    """The items of those bookings, of an operation of this kind."""
    return [item_moved(m, kind) for m in write.movements if m.kind in OF_NEW_BOOKINGS]


@dataclass(frozen=True, slots=True)
class CancelSent:
    """A cancel about to be sent. ``item`` is saved first, and stays while it may still arrive."""

    item: Item
    before: Item
    #: An earlier cancel of it may still arrive.
    pending: bool


def sending_cancel(item: Item, now: datetime, *, pending: bool) -> CancelSent:
    return CancelSent(replace(item, cancel_sent=True, sent_at=now), item, pending)


def not_sent(sent: CancelSent) -> Item:
    """Stopped before its cancel went out; as before while an earlier one may still arrive."""
    if sent.pending:
        return sent.before
    return replace(sent.before, state=ItemState.STOPPED, why=NOT_BEGUN, cancel_sent=False)


def after_cancel(sent: CancelSent, outcome: Outcome) -> Item:
    """Judged again at the next pass, on what HubSpot then says, as long as any may arrive."""
    item = replace(sent.item, cancel_sent=False)
    match outcome.fate:
        case Fate.LANDED:
            return replace(item, state=ItemState.CANCELLED, cancelled=True)
        case Fate.REFUSED if not sent.pending:
            why = f"HubSpot refused to cancel it: {outcome.reason}. Nothing was changed"
            return replace(item, state=ItemState.FAILED, why=why)
        case Fate.REFUSED | Fate.NOT_SENT:
            return sent.before
        case Fate.UNKNOWN:
            return sent.item


def after_write(item: Item, result: Result) -> Item | None:
    """The item when its write was refused; None where it stays as it is or was saved already."""
    if result.ending is not Ending.REFUSED:
        return None
    owed = "cancelled, but its credit is still owed" if item.cancelled else "nothing was changed"
    return replace(item, state=ItemState.FAILED, why=f"{owed}: {result.reason}")


def after_mark(item: Item, outcome: Outcome) -> Item:
    if outcome.fate is Fate.LANDED:
        return replace(item, state=ItemState.DONE, why="")
    if outcome.fate is Fate.REFUSED:
        why = f"its credit was given back, but HubSpot refused the mark: {outcome.reason}"
        return replace(item, state=ItemState.FAILED, why=why)
    return item


def after_forfeit(item: Item, outcome: Outcome) -> Item:
    """``sent_at`` stays while the mark may still be on its way."""
    return _after_last(item, outcome, "cancelled and its credit kept, but HubSpot refused the mark")


def cancelled_due(id_: BookingId, outcome: Outcome) -> Due:
    """The copy of a booking that was cancelled just now."""
    at = outcome.modified_at
    row = None if at is None else cancelled_row(id_, at)
    return Due(kind=Kind.BOOKING, record_id=id_, row=row)


def marked_due(id_: BookingId, operation: Operation, outcome: Outcome) -> Due:
    """The copy of a booking that was marked just now."""
    at = outcome.modified_at
    # HubSpot keeps milliseconds: a finer copy would differ from it for ever
    then = _to_the_millisecond(operation.confirmed_at)
    row = None if at is None else marked_row(id_, at, then, operation.confirmed_by)
    return Due(kind=Kind.BOOKING, record_id=id_, row=row)


def after_unmark(item: Item, outcome: Outcome) -> Item:
    """``sent_at`` stays while the clearing may still be on its way."""
    return _after_last(item, outcome, "its credit was taken, but HubSpot refused to clear the mark")


def _after_last(item: Item, outcome: Outcome, refused: str) -> Item:
    """After the last request of an item, which may be sent again only when it cannot arrive."""
    match outcome.fate:
        case Fate.LANDED:
            return replace(item, state=ItemState.DONE, why="", sent_at=None)
        case Fate.REFUSED:
            why = f"{refused}: {outcome.reason}"
            return replace(item, state=ItemState.FAILED, why=why, sent_at=None)
        case Fate.NOT_SENT:
            return replace(item, sent_at=None)
        case Fate.UNKNOWN:
            return item


def unmarked_due(id_: BookingId, outcome: Outcome) -> Due:
    """The copy of a booking whose mark was cleared just now."""
    at = outcome.modified_at
    row = None if at is None else marked_row(id_, at, None, "")
    return Due(kind=Kind.BOOKING, record_id=id_, row=row)


def _to_the_millisecond(at: datetime) -> datetime:
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def booking_due(booking: Booking) -> Due:
    return Due(kind=Kind.BOOKING, record_id=booking.id, row=booking_row(booking))
