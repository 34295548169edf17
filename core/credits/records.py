"""Contacts, bookings and exams as HubSpot, the truth, states them (design, section 3). Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NewType

from core.credits.catalogue import Balances, CreditType

ContactId = NewType("ContactId", str)
BookingId = NewType("BookingId", str)
ExamId = NewType("ExamId", str)
#: A booking to be, which HubSpot gives no id yet (``core.operations.booking_rules.key_of``).
BookingKey = NewType("BookingKey", str)
#: A change of a balance: by others (``core.operations.foreign.corrections.name_of``), or one that
#: an admin asks for (``core.credits.adjustments.named``).
ChangeName = NewType("ChangeName", str)
#: What a row of a plan and an item of an operation are known by, and claimed under. Which of these
#: it is, the kind of the operation says (``core.operations.kinds.base.RowSubject``).
ItemKey = BookingId | ExamId | BookingKey | ChangeName
#: One HubSpot update of one counted object. Made by us and saved before it is sent.
WriteId = NewType("WriteId", str)


#: HubSpot's ids are 64-bit numbers.
ID_DIGITS_MAX = 20


def stored_key(text: str) -> ItemKey:
    """What the store keeps of an item's key: which of them it is, its operation's kind says."""
    return BookingId(text)


def is_record_id(text: str) -> bool:
    """Whether HubSpot can have a record of this id; anything else spoils the batch it is in."""
    return text.isascii() and text.isdigit() and len(text) <= ID_DIGITS_MAX


class Kind(StrEnum):
    """The kinds of record that are read, written and mirrored."""

    CONTACT = "contacts"
    BOOKING = "bookings"
    EXAM = "exams"


#: The one counter on an exam. It goes through the same protocol as a contact's credits.
TOTAL_BOOKINGS = CreditType("total_bookings")


#: The property that says how many seats an exam has.
CAPACITY = "capacity"
#: The property that says whether a booking's credit was given back.
REFUND_MARK = "token_refunded"
#: The property that says of a cancelled booking by whom, when and why its credit was kept; empty:
#: it was not.
FORFEITED = "credit_forfeited"


class BookingStatus(StrEnum):
    """The values of a booking's ``is_active``."""

    ACTIVE = "Active"
    CANCELLED = "Cancelled"
    COMPLETED = "Completed"
    #: Anything else; such a booking is blocked, never guessed at.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A contact or an exam: something with counters and a marker.

    ``id`` is the record that answered. After a merge it differs from the id asked for.
    """

    id: str
    kind: Kind
    #: Counters that could be read.
    balances: Balances
    #: Counters that could not: key to "its raw value and why", as people read it.
    unreadable: Mapping[CreditType, str] = field(default_factory=dict)
    #: Of those, what HubSpot holds, letter by letter. A property that is absent holds nothing.
    held: Mapping[CreditType, str] = field(default_factory=dict)
    #: Other properties that decide something and could not be read: our name to "what and why".
    unclear: Mapping[str, str] = field(default_factory=dict)
    #: ``credit_desk_last_write``: the id of the last write that changed the counters.
    marker: str = ""
    #: HubSpot's ``updatedAt``.
    modified_at: datetime
    created_at: datetime | None = None
    #: Ids of the records that were merged into it, as far as HubSpot lists them.
    former_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Counted):
    """A student. The five credits are ``balances``."""

    kind: Kind = Kind.CONTACT
    student_id: str = ""
    email: str = ""
    firstname: str = ""
    lastname: str = ""
    phone: str = ""
    ndecc_exam_date: date | None = None

    @property
    def name(self) -> str:
        """What to call this person on a screen; the id when there is no name."""
        return f"{self.firstname} {self.lastname}".strip() or self.email or self.id


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelledExam:
    """An admin cancelled this exam at the desk: nobody is booked on it until it is reopened.

    HubSpot's ``is_active`` knows no such value; there the exam is inactive.
    """

    exam_id: ExamId
    by: str
    at: datetime
    reason: str

    def __str__(self) -> str:
        """For staff: "cancelled by ann@x.test on 4 May 2026: the room is closed"."""
        return f"cancelled by {self.by} on {self.at:%-d %B %Y}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exam(Counted):
    """An exam session. ``balances`` holds ``total_bookings`` alone."""

    kind: Kind = Kind.EXAM
    name: str = ""
    mock_type: str = ""
    exam_date: date | None = None
    start_time: str = ""
    end_time: str = ""
    location: str = ""
    capacity: int | None = None
    #: 'true', 'false' or 'scheduled', as HubSpot holds it.
    is_active: str = ""
    scheduled_activation_at: datetime | None = None
    #: None: it is not cancelled, or the journal was not asked (``operations/choosing/exams.py``).
    cancelled: CancelledExam | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Booking:
    """A seat of one contact in one exam. Contact and exam come from associations alone."""

    id: BookingId
    #: ``{mock_type}-{student_id}-{Month D, YYYY}``, unique.
    booking_id: str = ""
    status: BookingStatus
    #: What ``is_active`` held, for the words of a refusal.
    raw_status: str = ""
    #: ``token_used``: the credit it spent, in the booking's own word.
    token: str = ""
    refunded: bool = False
    refunded_at: datetime | None = None
    refund_admin: str = ""
    #: ``FORFEITED``: that its credit was kept on purpose, in words; empty: it was not.
    forfeited: str = ""
    #: Properties that decide something and could not be read: our name to "what and why". Each is
    #: at its empty value in its field above, which then means nothing.
    unclear: Mapping[str, str] = field(default_factory=dict)
    contact_ids: tuple[ContactId, ...] = ()
    exam_ids: tuple[ExamId, ...] = ()
    #: ``associated_contact_id``: a hint only. A disagreement blocks the row.
    contact_hint: str = ""
    mock_type: str = ""
    exam_date: date | None = None
    start_time: str = ""
    end_time: str = ""
    location: str = ""
    attending_location: str = ""
    dominant_hand: str = ""
    #: What ``dominant_hand`` holds in HubSpot, where that is another word.
    raw_hand: str = ""
    attendance: str = ""
    idempotency_key: str = ""
    modified_at: datetime
    created_at: datetime | None = None
    #: Ids of the bookings that were merged into it, as far as HubSpot lists them.
    former_ids: tuple[BookingId, ...] = ()

    @property
    def ids(self) -> tuple[BookingId, ...]:
        """Every id that it answers to, its own first: the journal may know it by any."""
        return (self.id, *self.former_ids)

    @property
    def mark_unclear(self) -> str:
        """What the refund mark holds that cannot be read; empty when ``refunded`` is known."""
        return self.unclear.get(REFUND_MARK, "")

    @property
    def contact_id(self) -> ContactId | None:
        """The one associated contact, if there is exactly one."""
        return self.contact_ids[0] if len(self.contact_ids) == 1 else None

    @property
    def exam_id(self) -> ExamId | None:
        """The one associated exam, if there is exactly one."""
        return self.exam_ids[0] if len(self.exam_ids) == 1 else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One entry of a property's history."""

    value: str
    at: datetime
    #: CRM_UI, INTEGRATION, API, IMPORT, ... as HubSpot names it.
    source: str = ""
    #: App id or user mail behind it, as far as HubSpot tells.
    source_id: str = ""
    user_id: str = ""


#: Property key to its versions, newest first. The marker's is under ``MARKER``.
History = Mapping[str, tuple[Version, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedHistory:
    """The history of one record, and every id that the record answers to, its own first."""

    ids: tuple[str, ...]
    #: None: HubSpot does not give it.
    history: History | None


MARKER = "credit_desk_last_write"


HANDS = ("Right", "Left")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBooking:
    """A booking as it is to be created, with its associations."""

    #: The unique ``booking_id``.
    name: str
    contact_id: ContactId
    exam_id: ExamId
    token: str
    #: Tells whose creation it was, when its answer got lost: the operation's id.
    idempotency_key: str
    attending_location: str = ""
    dominant_hand: str = ""
    #: For other apps that show them, where the account has properties for both.
    student_name: str = ""
    student_email: str = ""
