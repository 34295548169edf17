"""The mirror's rows: what the truth states, as the JSON values of the mirror's columns.

Only what was read is in a row: the mirror keeps every column that a row leaves out. The columns
are those of ``supabase/migrations``; a contract test holds the two together.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

from core.credits.catalogue import Catalogue
from core.credits.records import (
    TOTAL_BOOKINGS,
    Booking,
    BookingId,
    BookingStatus,
    Contact,
    ContactId,
    Counted,
    Exam,
    ExamId,
    Kind,
)

#: One row: a column's name to its JSON value.
Row = Mapping[str, object]

#: Kind of record -> the mirror's table.
TABLES: dict[Kind, str] = {
    Kind.CONTACT: "hubspot_contact_credits",
    Kind.BOOKING: "hubspot_bookings",
    Kind.EXAM: "hubspot_mock_exams",
}

#: In every row: which record, and the version of it that the row states.
ID = "hubspot_id"
SOURCE_TIME = "source_modified_at"
#: In a row that states only some columns of one that should be in the mirror already.
PARTIAL = "partial"
#: In a whole row: names of what it leaves out because HubSpot's value cannot be read. A row that
#: is there keeps what it has of them; in a new one they are empty, where the table lets them be.
UNREAD = "unreadable"
#: What a row says of itself.
BESIDE = frozenset({SOURCE_TIME, PARTIAL, UNREAD})

#: Columns that a school's table may lack: what they would hold is not copied and not compared.
SPARE: dict[Kind, frozenset[str]] = {
    Kind.CONTACT: frozenset({"ndecc_exam_date"}),
    Kind.BOOKING: frozenset(
        {"attending_location", "dominant_hand", "idempotency_key", "mock_type", "exam_date"}
        | {"location", "start_time", "end_time"}
    ),
    Kind.EXAM: frozenset(
        {"mock_exam_name", "mock_type", "end_time", "location", "capacity"}
        | {"scheduled_activation_datetime"}
    ),
}

#: In a row that asks for the deletion of one: HubSpot deleted its record for privacy, for good.
ERASE = "erase"

assert TABLES.keys() == set(Kind), "every kind has its table"


def record_row(record: Counted | Booking, catalogue: Catalogue) -> Row:
    """The row of a record of any kind."""
    match record:
        case Booking():
            return booking_row(record)
        case Contact():
            return contact_row(record, catalogue)
        case Exam():
            return exam_row(record)
    raise TypeError(f"a {type(record).__name__} has no row")


def contact_row(contact: Contact, catalogue: Catalogue) -> Row:
    """All of a contact that could be read."""
    return {
        **_version(contact.id, contact.modified_at),
        "student_id": _text(contact.student_id),
        "email": _text(contact.email),
        "firstname": _text(contact.firstname),
        "lastname": _text(contact.lastname),
        **_read(contact, catalogue.keys, ndecc_exam_date=_day(contact.ndecc_exam_date)),
    }


def written_row(target: Counted) -> Row:
    """The counters that a write has just set, and no other column: those were read before it.

    Partial: the mirror never makes a row of it, for what it leaves out would be invented.
    """
    counters = {str(key): n for key, n in target.balances.items()}
    return {**_version(target.id, target.modified_at), **counters, PARTIAL: True}


def counted_row(target: Counted, catalogue: Catalogue) -> Row:
    """All that is known of a contact or an exam: whole if it was read, else what a write set."""
    match target:
        case Contact():
            return contact_row(target, catalogue)
        case Exam():
            return exam_row(target)
        case _:
            return written_row(target)


def cancelled_row(id_: BookingId, modified_at: datetime) -> Row:
    """What a cancel has just set, and no other column: those were read before it."""
    return {
        **_version(id_, modified_at),
        "is_active": _text(BookingStatus.CANCELLED),
        PARTIAL: True,
    }


def marked_row(id_: BookingId, modified_at: datetime, at: datetime | None, admin: str) -> Row:
    """What a mark has just set, or cleared (``at`` None), and no other column."""
    return {
        **_version(id_, modified_at),
        "token_refunded": at is not None,
        "token_refunded_at": _time(at),
        "token_refund_admin": _text(admin),
        PARTIAL: True,
    }


def booking_row(booking: Booking) -> Row:
    """All of a booking that could be read. Contact and exam: unless there is exactly one."""
    return {
        **_version(booking.id, booking.modified_at),
        "booking_id": _text(booking.booking_id),
        **({"contact_hubspot_id": booking.contact_id} if booking.contact_id else {}),
        **({"exam_hubspot_id": booking.exam_id} if booking.exam_id else {}),
        "is_active": _text(booking.raw_status or booking.status),
        **_read(
            booking,
            [],
            token_used=_text(booking.token),
            token_refunded=booking.refunded,
            token_refunded_at=_time(booking.refunded_at),
            exam_date=_day(booking.exam_date),
        ),
        "token_refund_admin": _text(booking.refund_admin),
        "attendance": _text(booking.attendance),
        "attending_location": _text(booking.attending_location),
        "dominant_hand": _text(booking.raw_hand or booking.dominant_hand),
        "idempotency_key": _text(booking.idempotency_key),
        "mock_type": _text(booking.mock_type),
        "start_time": _text(booking.start_time),
        "end_time": _text(booking.end_time),
        "location": _text(booking.location),
    }


def exam_row(exam: Exam) -> Row:
    """All of an exam that could be read."""
    return {
        **_version(exam.id, exam.modified_at),
        "mock_exam_name": _text(exam.name),
        "mock_type": _text(exam.mock_type),
        "start_time": _text(exam.start_time),
        "end_time": _text(exam.end_time),
        "location": _text(exam.location),
        **_read(
            exam,
            [TOTAL_BOOKINGS],
            exam_date=_day(exam.exam_date),
            capacity=exam.capacity,
            scheduled_activation_datetime=_time(exam.scheduled_activation_at),
        ),
        "is_active": _text(exam.is_active),
    }


def erasure(record_id: str) -> Row:
    """In place of a copy: what the desk knows of this person is to go, here and in Supabase."""
    return {ID: record_id, ERASE: True}


def is_erasure(row: Row | None) -> bool:
    """Whether it asks for a deletion instead of a copy."""
    return row is not None and ERASE in row


def columns(catalogue: Catalogue) -> dict[Kind, frozenset[str]]:
    """Every column that a row may set, by kind: what the mirror's tables must have."""
    then = datetime.min.replace(tzinfo=UTC)
    contact = Contact(id="", balances=dict.fromkeys(catalogue.keys, 0), modified_at=then)
    booking = Booking(
        id=BookingId(""),
        status=BookingStatus.ACTIVE,
        contact_ids=(ContactId("1"),),
        exam_ids=(ExamId("1"),),
        modified_at=then,
    )
    exam = Exam(id="", balances={TOTAL_BOOKINGS: 0}, modified_at=then)
    return {
        Kind.CONTACT: frozenset(contact_row(contact, catalogue)),
        Kind.BOOKING: frozenset(booking_row(booking)),
        Kind.EXAM: frozenset(exam_row(exam)),
    }


#: The id of the records that are invented to try a copy.
PROBE_ID = "credit-desk-probe"


def probe_rows(catalogue: Catalogue, now: datetime) -> dict[Kind, Row]:
    """An invented row of each kind with a value in every column, to try a copy with."""
    day, word = now.date(), PROBE_ID
    contact = Contact(
        id=word,
        balances=dict.fromkeys(catalogue.keys, 0),
        student_id=word,
        email=f"{word}@example.invalid",
        firstname=word,
        lastname=word,
        ndecc_exam_date=day,
        modified_at=now,
    )
    booking = Booking(
        id=BookingId(word),
        booking_id=word,
        status=BookingStatus.CANCELLED,
        contact_ids=(ContactId(word),),
        exam_ids=(ExamId(word),),
        modified_at=now,
    )
    exam = Exam(id=word, balances={TOTAL_BOOKINGS: 0}, name=word, exam_date=day, modified_at=now)
    return {
        Kind.CONTACT: contact_row(contact, catalogue),
        Kind.BOOKING: booking_row(booking),
        Kind.EXAM: exam_row(exam),
    }


def _read(record: Counted | Booking, counters: Sequence[str], **columns: object) -> Row:
    """Without what could not be read, which it names."""
    balances = record.balances if isinstance(record, Counted) else {}
    stated = {name: value for name, value in columns.items() if name not in record.unclear}
    stated |= {key: n for key, n in balances.items() if key in counters}
    unread = [name for name in (*columns, *counters) if name not in stated]
    return {**stated, UNREAD: unread} if unread else stated


def _version(record_id: str, modified_at: datetime) -> Row:
    return {ID: record_id, SOURCE_TIME: _time(modified_at)}


def _text(value: str) -> str | None:
    """HubSpot's null and "" are one thing; the mirror holds null for it."""
    return value or None


def _day(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def _time(value: datetime | None) -> str | None:
    """In UTC, so that equal times are equal strings."""
    return None if value is None else value.astimezone(UTC).isoformat(timespec="microseconds")


#: What HubSpot takes from a booking's contact and exam. A change there need not show in the
#: booking's own history and modified time.
CONTACT_OF = "contact_hubspot_id"


def source_time(row: Row) -> datetime | None:
    return moment(row.get(SOURCE_TIME))


def moment(value: object) -> datetime | None:
    """A time as the mirror tells it. One without a zone is UTC, as PostgreSQL's ``now()`` there
    is; None for nothing, and for what is no time (``infinity``, a year past 9999, a word).
    """
    if not value:
        return None
    try:
        at = datetime.fromisoformat(str(value))
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
