"""Rows of the truth as the mirror takes them, and rows that are due, in batches."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import TypeVar

from core.domain.credits import Catalogue
from core.domain.mirror import (
    ID,
    PARTIAL,
    SOURCE_TIME,
    booking_row,
    contact_row,
    exam_row,
    is_erasure,
)
from core.domain.operations import SETTLED, Item, Operation
from core.domain.records import BookingId, ContactId, ExamId, Kind
from core.gateways.ports import Copied, Crm, Due, MirrorRow
from core.operations.kinds.base import RowSubject
from core.operations.kinds.registry import of_subject

#: Operations whose items are bookings that HubSpot has.
_OF_BOOKINGS = of_subject(RowSubject.BOOKING)

I = TypeVar("I", bound=str)  # noqa: E741 - an id
R = TypeVar("R")
T = TypeVar("T")


def rows_of(
    crm: Crm, catalogue: Catalogue, kind: Kind, ids: Sequence[str]
) -> dict[str, MirrorRow | None]:
    """What the truth states now, by the id asked for. None: gone.

    A row's own ``hubspot_id`` differs from the id asked for when the record was merged.

    Raises:
        GatewayError: the truth cannot be read.
    """
    match kind:
        case Kind.CONTACT:
            contacts = crm.contacts([ContactId(id_) for id_ in ids])
            return _each(contacts, lambda contact: contact_row(contact, catalogue))
        case Kind.BOOKING:
            return _each(crm.bookings([BookingId(id_) for id_ in ids]), booking_row)
        case Kind.EXAM:
            return _each(crm.exams([ExamId(id_) for id_ in ids]), exam_row)


def _each(
    found: Mapping[I, R | None], row_of_record: Callable[[R], MirrorRow]
) -> dict[str, MirrorRow | None]:
    return {id_: None if r is None else row_of_record(r) for id_, r in found.items()}


def must_be_read(due: Due) -> bool:
    """Whether HubSpot is asked first: for the row, or whether the record is really gone."""
    return due.row is None or is_erasure(due.row)


def by_kind(dues: Sequence[Due]) -> list[tuple[Kind, list[Due]]]:
    """Contacts first: a credit is what people spend twice."""
    order = list(Kind)
    ranked = sorted(dues, key=lambda due: order.index(due.kind))
    return [(kind, list(group)) for kind, group in groupby(ranked, key=lambda due: due.kind)]


def newest(dues: Sequence[Due]) -> list[MirrorRow]:
    """One row for each record: after a merge, two ids may have answered as one."""
    rows = sorted((row_of(due) for due in dues), key=_source_time)
    return list({row[ID]: row for row in rows}.values())


def may_be_older(due: Due, copied: Copied) -> bool:
    """Whether a whole row must be read and copied once more, for the mirror kept its own.

    What it kept may be the copy of a write of ours that came in between, which states its counters
    alone: what else the row told would be lost under a later time.
    """
    whole = due.row is not None and PARTIAL not in due.row
    return copied is Copied.NEWER_KEPT and whole and bool(due.seq) and not due.attempts


def halves(items: Sequence[T]) -> tuple[Sequence[T], Sequence[T]]:
    """To find the one that spoils a batch."""
    middle = len(items) // 2
    return items[:middle], items[middle:]


def id_of(due: Due) -> str:
    """Which row of the mirror this copy is for."""
    return str(row_of(due)[ID])


def row_of(due: Due) -> MirrorRow:
    """The row of a due that has one."""
    if due.row is None:
        raise ValueError(f"{due.kind} {due.record_id} was not read from HubSpot yet")
    return due.row


def _source_time(row: MirrorRow) -> datetime:
    return datetime.fromisoformat(str(row[SOURCE_TIME]))


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
