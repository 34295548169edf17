"""The port to the truth (HubSpot)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Literal, Protocol

from core.credits.moves import Move
from core.credits.records import (
    Booking,
    BookingId,
    BookingStatus,
    Contact,
    ContactId,
    Counted,
    Exam,
    ExamId,
    History,
    Kind,
    NamedHistory,
    NewBooking,
    WriteId,
)
from core.credits.writes import Write
from core.hubspot.ports.telling import TellingCrm


class Fate(StrEnum):
    """What the caller knows of one record of a batch that it sent."""

    LANDED = "landed"
    #: Named in the answer's errors with a reason that says it was not done, or the whole request
    #: was denied.
    REFUSED = "refused"
    #: Nothing reached HubSpot. Safe to send again.
    NOT_SENT = "not sent"
    #: In neither results nor errors, named with an error that may mean anything, or no answer
    #: came.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The fate of one record of a batch write."""

    fate: Fate
    #: HubSpot's ``updatedAt``, when it landed.
    modified_at: datetime | None = None
    #: For people, when it did not.
    reason: str = ""
    #: Not sent, because HubSpot refuses the token: why. Like an outage it is waited for.
    barred: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A note for a contact's timeline. ``marker`` is in its body and makes it findable."""

    contact_id: ContactId
    marker: str
    #: Plain text; the gateway escapes it.
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingFilter:
    """Which bookings to find. Empty fields do not narrow."""

    statuses: tuple[BookingStatus, ...] = ()
    mock_type: str = ""
    exam_date_from: date | None = None
    exam_date_to: date | None = None
    location: str = ""
    token: str = ""
    #: Those alone that name the credit they spent.
    with_token: bool = False
    refunded: bool | None = None

    def fits(self, booking: Booking) -> bool:
        """Whether a booking is one of those looked for."""
        day = booking.exam_date
        since, until = self.exam_date_from, self.exam_date_to
        return (
            (not self.statuses or booking.status in self.statuses)
            and _same(booking.mock_type, self.mock_type)
            and _same(booking.location, self.location)
            and _same(booking.token, self.token)
            and (not self.with_token or bool(booking.token))
            and (self.refunded is None or booking.refunded == self.refunded)
            and (since is None or (day is not None and day >= since))
            and (until is None or (day is not None and day <= until))
        )

    def fits_exam(self, exam: Exam) -> bool:
        """Whether bookings of this exam may be among them: they take these fields from it."""
        return _same(exam.mock_type, self.mock_type) and _same(exam.location, self.location)


def _same(held: str, wanted: str) -> bool:
    return not wanted or held.casefold() == wanted.casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One page of HubSpot's list of all records of a kind, in its order."""

    ids: tuple[str, ...]
    #: By id. Of a booking: only where the list tells its one contact and its one exam.
    records: Mapping[str, Counted | Booking] = field(default_factory=dict)
    #: Ids that a record had before merges; of those that were merged alone.
    former: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: Where the next page begins; "" after the last.
    after: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """How far a list reaches, as the search knows it, which may lag."""

    total: int
    #: The highest id; 0 when there is no record.
    highest: int


class Crm(TellingCrm, Protocol):
    """Reads are fresh (by id) unless they say *search*; a search may lag and only finds ids.

    Every method takes any number of ids and splits them into HubSpot's batches, in parallel.
    Reads raise ``GatewayError``; batch writes never do: each record gets its ``Outcome``.
    """

    def reads_at_once(self) -> Executor:
        """For a ``with`` block: reads submitted to it go at once, and it ends with the last one.

        For those of which none has to follow another, as each waits for HubSpot alone.
        """
        ...

    def contacts(self, ids: Collection[ContactId]) -> dict[ContactId, Contact | None]:
        """By the id asked for; after a merge ``Contact.id`` differs from it. None: gone."""
        ...

    def exams(self, ids: Collection[ExamId]) -> dict[ExamId, Exam | None]:
        """By the id asked for. None: gone."""
        ...

    def counted(self, kind: Kind, ids: Collection[str]) -> dict[str, Counted | None]:
        """Contacts or exams, for a write or its read-back."""
        ...

    def bookings(self, ids: Collection[BookingId]) -> dict[BookingId, Booking | None]:
        """With their associations to contacts and exams. None: no such booking."""
        ...

    def contacts_of(self, ids: Collection[BookingId]) -> dict[BookingId, tuple[ContactId, ...]]:
        """The contacts that each booking is associated with; none of one that is gone."""
        ...

    def exams_of(self, ids: Collection[BookingId]) -> dict[BookingId, tuple[ExamId, ...]]:
        """The exams that each booking is associated with; none of one that is gone."""
        ...

    def bookings_alone(self, ids: Collection[BookingId]) -> dict[BookingId, Booking | None]:
        """As ``bookings``, without contacts and exams, and without the calls for them."""
        ...

    def histories(
        self, kind: Kind, ids: Collection[str], keys: Sequence[str]
    ) -> dict[str, History | None]:
        """Histories of these properties and of the marker. None: cannot be read."""
        ...

    def named_histories(
        self, kind: Kind, ids: Collection[str], keys: Sequence[str]
    ) -> dict[str, NamedHistory | None]:
        """The same, with every id that each record answers to. None: gone."""
        ...

    def write_counts(self, writes: Sequence[Write]) -> dict[WriteId, Outcome]:
        """Set each write's ``after`` and the marker, contacts and exams apart, ids unique.

        A write that cannot be handed to the network within ``SEND_WITHIN_S`` of its
        ``sent_at`` is not sent at all.
        """
        ...

    def cancel_bookings(
        self, ids: Collection[BookingId], *, marker: str, sent_at: datetime
    ) -> dict[BookingId, Outcome]:
        """Set ``is_active`` to Cancelled, and the marker in the same update. Repeatable.

        Of a booking that was Cancelled already the marker alone is new: its history shows that.

        What does not reach the network within ``SEND_WITHIN_S`` of ``sent_at`` is not sent: a
        later one could cancel what was stopped, or made active again, meanwhile.
        """
        ...

    def mark_refunded(
        self,
        ids: Collection[BookingId],
        *,
        at: datetime,
        admin: str,
        sent_at: datetime,
        forfeited: Collection[BookingId] = (),
    ) -> dict[BookingId, Outcome]:
        """Set ``token_refunded``, ``token_refunded_at``, ``token_refund_admin``. Repeatable.

        ``forfeited``: those of them that say that their credit was kept, which is emptied in the
        same update.

        Not sent at all when it cannot be handed to the network within ``SEND_WITHIN_S`` of
        ``sent_at``: a later one could mark what was taken back meanwhile.
        """
        ...

    def unmark_refunded(
        self, ids: Collection[BookingId], *, sent_at: datetime
    ) -> dict[BookingId, Outcome]:
        """Empty what ``mark_refunded`` sets, within the same time. Repeatable."""
        ...

    def mark_forfeited(
        self, ids: Collection[BookingId], *, told: str, sent_at: datetime
    ) -> dict[BookingId, Outcome]:
        """Set ``credit_forfeited`` to what is told, within the same time. Repeatable."""
        ...

    def move_bookings(
        self, moves: Sequence[Move], *, marker: str, sent_at: datetime
    ) -> dict[BookingId, Outcome]:
        """Tie each to the exam that it goes to, untie it from the other, and then name it.

        The marker is set with the name, and ``associated_mock_exam`` where the account has it.
        Repeatable. In several requests: after any fate but LANDED and NOT_SENT read the bookings,
        for a part of it may have landed. What does not reach the network within ``SEND_WITHIN_S``
        of ``sent_at`` is not sent.
        """
        ...

    def create_booking(self, new: NewBooking, *, sent_at: datetime) -> Outcome:
        """Create it Active with its associations, at once.

        HubSpot refuses a name that a booking has. Not sent at all when it cannot be handed to the
        network within ``SEND_WITHIN_S`` of ``sent_at``. After UNKNOWN look it up by its name.
        """
        ...

    def add_notes(self, notes: Sequence[Note]) -> dict[ContactId, Outcome]:
        """Not repeatable: after UNKNOWN ask ``contacts_with_note`` first."""
        ...

    def contacts_with_note(self, ids: Collection[ContactId], marker: str) -> set[ContactId]:
        """Those of these contacts that have a note with this marker."""
        ...

    def booking_ids_of(self, kind: Kind, ids: Collection[str]) -> dict[str, tuple[BookingId, ...]]:
        """Bookings associated with each of these exams or contacts, all pages."""
        ...

    def booking_ids_named(self, names: Collection[str]) -> dict[str, BookingId | None]:
        """Record ids by the unique ``booking_id``. None: no such booking."""
        ...

    def search_bookings(
        self,
        narrow: BookingFilter,
        *,
        limit: int | None = None,
        known: Collection[BookingId] = (),
    ) -> list[BookingId]:
        """Search: ids only, in order of id, past HubSpot's cap of 10,000 if need be.

        ``limit``: at most the first so many; None: all of them, several pages at once.
        ``known``: left out, for they are known to fit by a read of their own, and search has had
        the time to know it (``SEARCH_KNOWS``). Where HubSpot counts as many as are known, nothing
        is listed.
        """
        ...

    def search_exams(
        self,
        *,
        text: str = "",
        since: date | None = None,
        until: date | None = None,
        limit: int = 200,
    ) -> list[Exam]:
        """Search: for a list to choose from, soonest first."""
        ...

    def search_contacts(self, text: str, *, limit: int = 20) -> list[Contact]:
        """Search by name, e-mail, phone, student id; for a list to choose from."""
        ...

    def contacts_named(
        self, by: Literal["email", "student_id"], values: Collection[str]
    ) -> dict[str, tuple[ContactId, ...]]:
        """Search: all contacts with each of these e-mails, or student ids, in any case."""
        ...

    def changed_ids(self, kind: Kind, since: datetime) -> list[str]:
        """Search: ids of records that changed since, past the cap; it may lag by minutes."""
        ...

    def listed_ids(self, kind: Kind, *, after: str = "") -> tuple[list[str], str]:
        """One page of the list of all records, and where the next begins ("" after the last)."""
        ...

    def listed(self, kind: Kind, *, after: str = "") -> Listed:
        """The same page with what the mirror needs of each record, in the same one call.

        Values of a list are not promised to be the newest: its times say which they are.
        """
        ...

    def extent(self, kind: Kind) -> Extent:
        """Search: how many records there are, and the highest id, in one call."""
        ...

    def archived_ids(self, kind: Kind, ids: Collection[str]) -> set[str]:
        """Those of these records that are in HubSpot's recycling bin."""
        ...

    def usage(self) -> Mapping[str, int]:
        """Calls made by this client since it was made, by kind, and ``total``."""
        ...


#: What was changed longer ago, HubSpot's search knows: it says seconds, and takes minutes at times.
SEARCH_KNOWS = timedelta(minutes=5)
#: A booking changed less than this ago may be one that the desk is just changing.
SETTLING = timedelta(seconds=10)
