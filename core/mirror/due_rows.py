"""Rows of the truth as the mirror takes them, and rows that are due, in batches."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import TypeVar

from core.credits.catalogue import Catalogue
from core.credits.records import BookingId, ContactId, ExamId, Kind
from core.hubspot.ports.crm import Crm
from core.mirror.port import Copied, MirrorRow
from core.mirror.rows import (
    ID,
    PARTIAL,
    SOURCE_TIME,
    booking_row,
    contact_row,
    exam_row,
    is_erasure,
)
from core.mirror.store.outbox_port import Due

I = TypeVar("I", bound=str)  # noqa: E741 - an id
R = TypeVar("R")


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
