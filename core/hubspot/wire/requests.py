"""Bodies of HubSpot's batches."""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from core.credits.account import Portal
from core.credits.moves import Move
from core.credits.records import FORFEITED, MARKER, BookingStatus, ExamId, Kind, NewBooking
from core.credits.sessions import ExamChange
from core.credits.writes import Write
from core.hubspot.ports.crm import Note
from core.hubspot.wire.records import MERGED
from core.hubspot.wire.values import milliseconds

#: What HubSpot takes in one request; one more and it refuses the whole.
BATCH_MAX, HISTORY_BATCH_MAX, LINKS_BATCH_MAX = 100, 50, 1000
NOTE_CHARS_MAX = 60_000

Body = dict[str, Any]
T = TypeVar("T")


def batches(items: Iterable[T], size: int = BATCH_MAX) -> Iterator[list[T]]:
    """At most ``size`` of them at a time, each once: HubSpot refuses a batch with a duplicate."""
    unique = list(dict.fromkeys(items))
    for start in range(0, len(unique), size):
        yield unique[start : start + size]


def read_body(portal: Portal, kind: Kind, ids: Sequence[str]) -> Body:
    """Records by id with all that we read of them."""
    names = [*portal.names(kind).values(), *MERGED]
    return {"properties": names, "inputs": [{"id": id_} for id_ in ids]}


def named_body(portal: Portal, names: Sequence[str]) -> Body:
    """Bookings by their unique ``booking_id``."""
    property_ = portal.names(Kind.BOOKING)["booking_id"]
    return {
        "idProperty": property_,
        "properties": [property_],
        "inputs": [{"id": name} for name in names],
    }


def history_body(portal: Portal, kind: Kind, ids: Sequence[str], keys: Sequence[str]) -> Body:
    """Histories of these properties and of the marker."""
    names = portal.names(kind)
    return {
        "properties": list(MERGED),
        "propertiesWithHistory": [names[key] for key in keys],
        "inputs": [{"id": id_} for id_ in ids],
    }


def links_body(pages: Mapping[str, str]) -> Body:
    """Associations of these records, each from its page on; "" is the first."""
    return {
        "inputs": [
            {"id": id_, "after": after} if after else {"id": id_} for id_, after in pages.items()
        ]
    }


def write_body(portal: Portal, kind: Kind, writes: Sequence[Write]) -> Body:
    """The balances that change and the marker, in the same update of each record."""
    names = portal.names(kind)
    return _updates(
        {
            write.target_id: {
                **{names[key]: str(value) for key, value in write.sets.items()},
                names[MARKER]: write.id,
            }
            for write in writes
        }
    )


def cancel_body(portal: Portal, ids: Sequence[str], *, marker: str) -> Body:
    """Bookings become Cancelled; the marker in the same update shows whose cancel it was."""
    names = portal.names(Kind.BOOKING)
    values = {names["is_active"]: BookingStatus.CANCELLED.value, names[MARKER]: marker}
    return _updates(dict.fromkeys(ids, values))


def new_booking_body(
    portal: Portal, new: NewBooking, links: Mapping[str, Mapping[str, object]]
) -> Body:
    """One booking with its associations: made apart they could be lost. ``links``: id to type.

    What describes the session is left out: HubSpot takes it from the exam. What only other apps
    read is written where the portal names a property for it.
    """
    names = portal.names(Kind.BOOKING)
    values = {
        "booking_id": new.name,
        "is_active": BookingStatus.ACTIVE.value,
        "token_used": new.token,
        "idempotency_key": new.idempotency_key,
        "associated_contact_id": new.contact_id,
        "attending_location": new.attending_location,
        "dominant_hand": portal.value(Kind.BOOKING, "dominant_hand", new.dominant_hand),
    }
    for_others = {
        "student_name": new.student_name,
        "student_email": new.student_email,
        "associated_mock_exam": new.exam_id,
    }
    values |= {key: value for key, value in for_others.items() if key in names}
    return {
        "inputs": [
            {
                "objectWriteTraceId": new.idempotency_key,
                "properties": {names[key]: value for key, value in values.items() if value},
                "associations": [
                    {"to": {"id": id_}, "types": [dict(type_)]} for id_, type_ in links.items()
                ],
            }
        ]
    }


def tied_body(moves: Sequence[Move], type_: Mapping[str, object]) -> Body:
    """Bookings are tied to the exams that they go to; ``type_``: category and id of the tie."""
    return {
        "inputs": [
            {"from": {"id": move.booking_id}, "to": {"id": move.to}, "types": [dict(type_)]}
            for move in moves
        ]
    }


def untied_body(moves: Sequence[Move]) -> Body:
    """Bookings are untied from the exams that they leave, whatever the label of the tie."""
    return {
        "inputs": [{"from": {"id": move.booking_id}, "to": [{"id": move.leaves}]} for move in moves]
    }


def moved_body(portal: Portal, moves: Sequence[Move], *, marker: str) -> Body:
    """Bookings get the names that they have at their exams; other apps, where they look for it."""
    names = portal.names(Kind.BOOKING)
    hint = names.get("associated_mock_exam")
    return _updates(
        {
            move.booking_id: {names["booking_id"]: move.name, names[MARKER]: marker}
            | ({hint: move.to} if hint else {})
            for move in moves
        }
    )


def refunded_body(
    portal: Portal, ids: Sequence[str], *, at: datetime, admin: str, forfeited: Collection[str]
) -> Body:
    """Bookings are marked refunded; those that were ``forfeited`` are that no more."""
    names = portal.names(Kind.BOOKING)
    marks = {
        names["token_refunded"]: "true",
        names["token_refunded_at"]: milliseconds(at),
        names["token_refund_admin"]: admin,
    }
    cleared = {names[FORFEITED]: ""}
    return _updates({id_: marks | cleared if id_ in forfeited else marks for id_ in ids})


def forfeited_body(portal: Portal, ids: Sequence[str], *, told: str) -> Body:
    """Bookings say that their credit was kept."""
    mark = {portal.names(Kind.BOOKING)[FORFEITED]: told}
    return _updates(dict.fromkeys(ids, mark))


def unrefunded_body(portal: Portal, ids: Sequence[str]) -> Body:
    """Bookings are marked refunded no more: an empty value clears a property of any type."""
    names = portal.names(Kind.BOOKING)
    marks = ("token_refunded", "token_refunded_at", "token_refund_admin")
    cleared = {names[mark]: "" for mark in marks}
    return _updates(dict.fromkeys(ids, cleared))


def exams_body(portal: Portal, changes: Mapping[ExamId, ExamChange]) -> Body:
    """Exams become active, inactive or scheduled. Only a schedule sets the time of one."""
    names = portal.names(Kind.EXAM)
    status, time = names["is_active"], names["scheduled_activation_datetime"]
    return _updates(
        {
            id_: {status: change.opening.value}
            | ({time: milliseconds(change.at)} if change.at else {})
            for id_, change in changes.items()
        }
    )


def _updates(values: Mapping[str, Mapping[str, str]]) -> Body:
    """With a trace id in every input HubSpot refuses a bad one alone, where it keeps that promise.

    It is documented for creates, was seen on upserts, and is in the specification of updates.
    """
    return {
        "inputs": [
            {"id": id_, "objectWriteTraceId": id_, "properties": dict(held)}
            for id_, held in values.items()
        ]
    }


def notes_body(portal: Portal, notes: Collection[Note]) -> Body:
    """Notes with their contact associated at once: a note made alone may stay an orphan."""
    kind = {
        "associationCategory": "HUBSPOT_DEFINED",
        "associationTypeId": portal.note_to_contact,
    }
    return {
        "inputs": [
            {
                "objectWriteTraceId": note.contact_id,
                "properties": {
                    "hs_timestamp": milliseconds(note.at),
                    "hs_note_body": note_html(note),
                },
                "associations": [{"to": {"id": note.contact_id}, "types": [kind]}],
            }
            for note in notes
        ]
    }


def note_html(note: Note) -> str:
    """The text escaped, its lines kept, the marker last, where a cut cannot take it."""
    lines = html.escape(note.text[:NOTE_CHARS_MAX]).splitlines()
    return f"<p>{'<br>'.join(lines)}</p><p>{html.escape(note.marker)}</p>"


def has_marker(body: str, marker: str) -> bool:
    """Whether a line of a note is this marker, whatever tags HubSpot has put around it."""
    lines = re.split(r"<[^>]*>|\n", body)
    return any(html.unescape(line).strip() == marker for line in lines)
