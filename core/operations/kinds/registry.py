"""The registry: the one place that knows which kinds of operation there are. Pure.

What it does not know can do nothing: it is not planned, run, claimed or shown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Never, NoReturn, TypeVar

from core.credits.records import BookingId, ItemKey, stored_key
from core.credits.writes import Movement
from core.operations.kinds.adjust import ADJUST
from core.operations.kinds.base import (
    ChosenKind,
    CreditKind,
    KindOfOperation,
    MovingKind,
    RowSubject,
)
from core.operations.kinds.book import BOOK
from core.operations.kinds.cancel import CANCEL
from core.operations.kinds.correct import CORRECT
from core.operations.kinds.forfeit import FORFEIT
from core.operations.kinds.move import MOVE
from core.operations.kinds.recount import RECOUNT
from core.operations.kinds.refund import REFUND
from core.operations.kinds.undo import UNDO
from core.operations.plans import Row
from core.operations.states import Item, Operation
from core.operations.verdicts import OperationKind

V = TypeVar("V")


class UnknownKind(ValueError):
    """This program does not know this kind of operation, or not for what was asked of it."""


def kind_of(key: OperationKind) -> KindOfOperation:
    """The kind of that name.

    Raises:
        UnknownKind: there is none, whatever the store or a caller says.
    """
    match key:
        case OperationKind.CANCEL:
            return CANCEL
        case OperationKind.FORFEIT:
            return FORFEIT
        case OperationKind.REFUND:
            return REFUND
        case OperationKind.UNDO:
            return UNDO
        case OperationKind.MOVE:
            return MOVE
        case OperationKind.BOOK:
            return BOOK
        case OperationKind.CORRECT:
            return CORRECT
        case OperationKind.RECOUNT:
            return RECOUNT
        case OperationKind.ADJUST:
            return ADJUST
        case _:
            return _unknown(key)


def _unknown(key: Never) -> Never:
    """Mypy lets no member of the enumeration get here."""
    raise UnknownKind(
        f"Credit Desk does not know the kind of operation {str(key)!r}: nothing was done. "
        "Start the version that made it"
    )


def credit_kind_of(key: OperationKind) -> CreditKind:
    """The same, of a kind whose items are claimed and moved by the write of their contact.

    Raises:
        UnknownKind: there is none of that name, or it does not move its items so.
    """
    kind = kind_of(key)
    if isinstance(kind, CreditKind):
        return kind
    raise UnknownKind(f"the kind {key.value!r} claims nothing and moves no credit of its items")


def chosen_kind_of(key: OperationKind) -> ChosenKind:
    """The same, of a kind whose bookings somebody chooses.

    Raises:
        UnknownKind: there is none of that name, or no bookings are chosen for it.
    """
    kind = kind_of(key)
    if isinstance(kind, ChosenKind):
        return kind
    raise UnknownKind(
        f"no bookings are chosen for the kind {key.value!r}: it is planned in another way"
    )


def moving_kind_of(key: OperationKind) -> MovingKind:
    """The same, of a kind whose bookings all go to one other exam.

    Raises:
        UnknownKind: there is none of that name, or its bookings stay at their exams.
    """
    kind = kind_of(key)
    if isinstance(kind, MovingKind):
        return kind
    raise UnknownKind(f"the kind {key.value!r} moves no booking to another exam")


def goes_to_exam(key: OperationKind) -> bool:
    """Whether the bookings of this kind go to another exam, which is chosen with them.

    Raises:
        UnknownKind: there is none of that name.
    """
    return isinstance(kind_of(key), MovingKind)


class ByKind(dict[OperationKind, V]):
    """A table with an entry for each kind. Asked for another one, it names it."""

    def __missing__(self, key: OperationKind) -> NoReturn:
        """Raise ``UnknownKind``."""
        kind_of(key)
        raise UnknownKind(f"this table has no entry for the kind {key.value!r}")


def cancelling(*, keeps: bool) -> OperationKind:
    """The kind that cancels bookings, and keeps their credits or gives them back."""
    return FORFEIT.key if keeps else CANCEL.key


def by_kind(entry: Callable[[KindOfOperation], V]) -> Mapping[OperationKind, V]:
    """The table of what ``entry`` makes of each kind, in the order of the enumeration."""
    return ByKind({key: entry(kind_of(key)) for key in OperationKind})


#: Every kind.
KINDS: Mapping[OperationKind, KindOfOperation] = by_kind(lambda kind: kind)


def of_subject(*subjects: RowSubject) -> frozenset[OperationKind]:
    """The kinds whose rows are these."""
    return frozenset(key for key, kind in KINDS.items() if kind.subject in subjects)


def makes_bookings(key: OperationKind) -> bool:
    """Whether the rows of this kind are bookings that HubSpot does not have yet.

    Raises:
        UnknownKind: there is none of that name.
    """
    return kind_of(key).subject is RowSubject.NEW_BOOKING


#: What operations of each kind are called.
NAMES: Mapping[OperationKind, str] = by_kind(lambda kind: kind.words.name)
#: Kinds that give back what is owed, whose bookings are cancelled already.
OF_OWED = frozenset(
    key for key, kind in KINDS.items() if isinstance(kind, ChosenKind) and kind.of_owed
)
#: Kinds that cancel bookings, that give credits back, and that make bookings.
CANCELLING = frozenset(key for key, kind in KINDS.items() if kind.cancels)
REFUNDING = frozenset(key for key, kind in KINDS.items() if kind.refunds)
MAKING = of_subject(RowSubject.NEW_BOOKING)
#: Kinds that keep the credits of the bookings that they cancel.
KEEPING = frozenset(
    key for key, kind in KINDS.items() if isinstance(kind, ChosenKind) and kind.keeps
)


def booking_of(item: Item | Row, kind: OperationKind) -> BookingId:
    """The record id of the booking that this item, or row of a plan, is.

    Raises:
        UnknownKind: the items of this kind are no bookings that HubSpot has.
    """
    subject = kind_of(kind).subject
    if subject is not RowSubject.BOOKING:
        raise UnknownKind(f"item {item.booking_id} of the kind {kind.value!r} is a {subject.value}")
    return BookingId(item.booking_id)


def item_moved(movement: Movement, kind: OperationKind) -> ItemKey:
    """The item of an operation of this kind that this movement is of.

    A booking may move a seat once for each operation: its name stands before the operation's.
    """
    if kind_of(kind).subject is RowSubject.BOOKING:
        return BookingId(movement.booking_id.partition("/")[0])
    return stored_key(movement.booking_id)


def named(operation: Operation) -> str:
    """What it is called: "Bulk refund"."""
    return UNDO.words.name if operation.undoes else kind_of(operation.kind).words.name


def titled(operation: Operation) -> str:
    """What it is: "Bulk refund of exam Clinical Skills, 4 May 2026"."""
    return f"{named(operation)} of {operation.selection}"
