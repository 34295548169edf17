"""HubSpot in memory: the ``Crm`` port over ``Truth``, with faults decided by whoever runs it.

Held to the real client by tests/contract/hubspot. A call costs a few microseconds, so that a
simulation can run thousands of histories. Time is what ``now`` says; chance is the caller's.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from enum import Enum, auto
from itertools import islice
from types import MappingProxyType
from typing import Literal, cast

from core.credits.account import Portal
from core.credits.catalogue import SCHOOL, Catalogue, parse_count
from core.credits.errors import NotSent, OutcomeUnknown, Refused, Unauthorized
from core.credits.moves import Move
from core.credits.records import (
    FORFEITED,
    MARKER,
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
    is_record_id,
)
from core.credits.sessions import ExamChange, is_due
from core.credits.writes import SEND_WITHIN_S, Write
from core.hubspot.ports.crm import BookingFilter, Extent, Fate, Listed, Note, Outcome
from core.hubspot.ports.telling import Mail
from core.hubspot.wire import records
from core.hubspot.wire.records import Json
from core.work.call_count import count_call
from core.work.inline_executor import InlineExecutor
from tests.fakes.telling_crm import FakeTelling
from tests.fakes.truth import Record, Truth

NO_TOKEN = "HubSpot refuses the token: set HUBSPOT_TOKEN to a live one"
#: The day of an exam of which a test says nothing: it has not begun.
YEARS_AWAY = "2036-06-02"
GONE = "archived or deleted in HubSpot"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Fault(Enum):
    """What the network or HubSpot does to one request, or to one record of it."""

    NONE = auto()
    #: A 429 or no connection: nothing happened, and the caller knows.
    NOT_SENT = auto()
    #: Nothing happened, and the caller cannot know.
    REQUEST_LOST = auto()
    #: It happened, and the caller cannot know.
    ANSWER_LOST = auto()
    #: It happens when somebody calls ``deliver_late``, and the caller cannot know. A read: lost.
    LATE = auto()
    REFUSED = auto()
    #: The token is refused: nothing happened, and nothing will until somebody mends it.
    BARRED = auto()


@dataclass(slots=True)
class Request:
    """One HTTP request of the real client."""

    #: "read", "write", "history", "associations", "search" or "notes".
    what: str
    kind: Kind
    ids: tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether it changes HubSpot."""
        return self.what == "write"


class _RefusedError(Exception):
    """HubSpot refuses this change of one record; nothing happened."""


@dataclass(slots=True)
class Late:
    """A write still on its way."""

    request: Request
    since: datetime
    apply: Callable[[], object]


#: Asked before each request; may change the truth, raise (a crash before sending) or answer with
#: a fault for all of it or for some of its ids.
Sending = Callable[[Request], Fault | Mapping[str, Fault]]
#: Told after each request took effect; may raise (a crash before the answer was used).
Answered = Callable[[Request], None]


def _no_fault(_: Request) -> Fault:
    return Fault.NONE


def _nothing(_: Request) -> None:
    return None


@dataclass(slots=True)
class FakeCrm(FakeTelling):
    """An account with nothing in it until ``add_*`` is called. Safe for threads."""

    now: Callable[[], datetime]
    catalogue: Catalogue = SCHOOL
    #: Records in one request. The real one: 100, and 50 for histories.
    #: The clock of who sends, which may be another than HubSpot's; None: it is HubSpot's.
    sender: Callable[[], datetime] | None = field(default=None, kw_only=True)
    batch_max: int = 100
    sending: Sending = _no_fault
    answered: Answered = _nothing
    #: What was created less than this ago is not found by a search.
    search_lag: timedelta = timedelta(0)
    #: Ids whose history HubSpot does not give.
    unreadable_histories: set[str] = field(default_factory=set)
    #: False: as before ``python -m core provision``.
    has_marker: bool = True
    #: True: a list's cursors are nobody's ids.
    opaque_lists: bool = False
    #: True: notes alone are not taken.
    notes_down: bool = False
    late: list[Late] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    #: E-mails that were sent, by send id.
    mails: dict[str, Mail] = field(default_factory=dict)
    #: What becomes of a mail to an address, where it is not sent: HubSpot's ``sendResult``.
    send_results: dict[str, str] = field(default_factory=dict)
    #: True: HubSpot takes e-mails, and sends them when ``send_mails`` is called.
    mails_wait: bool = False
    _taken: dict[str, Mail] = field(default_factory=dict)
    truth: Truth = field(init=False)
    portal: Portal = field(init=False)
    _created: int = 0
    _usage: Counter[tuple[str, Kind]] = field(default_factory=Counter)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self.truth = Truth(self.now)
        self.portal = Portal(catalogue=self.catalogue)

    # --- what a test does to the account -------------------------------------------------------

    def add_contact(
        self,
        id_: str,
        balances: Mapping[str, int | str | None] | None = None,
        **properties: str,
    ) -> None:
        """Balances as the wire may hold them: 3, "3", "3.0", "", None, "abc"."""
        wire = {key: None if v is None else str(v) for key, v in (balances or {}).items()}
        self.truth.add(Kind.CONTACT, id_, {**properties, **wire})

    def add_exam(self, id_: str, total_bookings: int | str | None = 0, **properties: str) -> None:
        """``exam_date`` as YYYY-MM-DD, years away unless told; times as ISO 8601."""
        total = None if total_bookings is None else str(total_bookings)
        usual = {"is_active": "true", "exam_date": YEARS_AWAY}
        self.truth.add(Kind.EXAM, id_, {**usual, **properties, "total_bookings": total})

    def add_booking(
        self,
        id_: str,
        *,
        contact: str | None = None,
        exam: str | None = None,
        status: str = "Active",
        token: str = "",
        **properties: str,
    ) -> None:
        """Associated with this contact and exam, which must be there."""
        own = {"booking_id": f"booking-{id_}", "is_active": status, "token_used": token}
        record = self.truth.add(Kind.BOOKING, id_, own | properties)
        if contact is not None:
            self.truth.link(record, self.truth.need(Kind.CONTACT, contact))
        if exam is not None:
            self.truth.link(record, self.truth.need(Kind.EXAM, exam))

    def link(self, booking: str, kind: Kind, other: str) -> None:
        """Associate a booking with one more contact or exam."""
        self.truth.link(self.truth.need(Kind.BOOKING, booking), self.truth.need(kind, other))

    def unlink(self, booking: str, kind: Kind, other: str) -> None:
        """Take an association away."""
        self.truth.unlink(self.truth.need(Kind.BOOKING, booking), self.truth.need(kind, other))

    def foreign_write(
        self,
        kind: Kind,
        id_: str,
        changes: Mapping[str, int | str | None],
        *,
        source: str = "CRM_UI",
        source_id: str = "userId:7",
        user_id: str = "7",
    ) -> None:
        """Somebody else sets properties: the student app, a person in HubSpot."""
        with self._lock:
            wire = {key: None if v is None else str(v) for key, v in changes.items()}
            record = self.truth.need(kind, id_)
            self.truth.change(record, wire, source=source, source_id=source_id, user_id=user_id)

    def merge(self, kind: Kind, primary: str, other: str) -> str:
        """The id of the record that both ids answer with from now on."""
        with self._lock:
            return self.truth.merge(kind, primary, other)

    def archive(self, kind: Kind, id_: str) -> None:
        """Move to the recycling bin."""
        with self._lock:
            self.truth.archive(self.truth.need(kind, id_))

    def forget(self, kind: Kind, id_: str) -> None:
        """Delete for good, as privacy law asks."""
        with self._lock:
            self.truth.forget(self.truth.need(kind, id_))

    def deliver_late(self, index: int = 0) -> None:
        """A request that its sender gave up on arrives after all."""
        with self._lock:
            self.late.pop(index).apply()

    def balance(self, kind: Kind, id_: str, key: str) -> int:
        """The counter as it is now, for an invariant at the end of a history."""
        return parse_count(self.truth.need(kind, id_).properties.get(key))

    # --- reads ---------------------------------------------------------------------------------

    def reads_at_once(self) -> Executor:
        return InlineExecutor()

    def contacts(self, ids: Collection[ContactId]) -> dict[ContactId, Contact | None]:
        return cast("dict[ContactId, Contact | None]", self.counted(Kind.CONTACT, ids))

    def exams(self, ids: Collection[ExamId]) -> dict[ExamId, Exam | None]:
        return cast("dict[ExamId, Exam | None]", self.counted(Kind.EXAM, ids))

    def counted(self, kind: Kind, ids: Collection[str]) -> dict[str, Counted | None]:
        with self._lock:
            return {
                id_: None if record is None else self._counted(record)
                for id_, record in self._read("read", kind, ids)
            }

    def bookings(self, ids: Collection[BookingId]) -> dict[BookingId, Booking | None]:
        with self._lock:
            found = {
                BookingId(id_): None if record is None else self._booking(record)
                for id_, record in self._read("read", Kind.BOOKING, ids)
            }
            for _ in (Kind.CONTACT, Kind.EXAM):
                for _ in self._read("associations", Kind.BOOKING, ids):
                    pass
            return found

    def contacts_of(self, ids: Collection[BookingId]) -> dict[BookingId, tuple[ContactId, ...]]:
        with self._lock:
            found = self._read("associations", Kind.BOOKING, ids)
            return {
                BookingId(id_): tuple(ContactId(c.id) for c in record.linked(Kind.CONTACT))
                if record
                else ()
                for id_, record in found
            }

    def exams_of(self, ids: Collection[BookingId]) -> dict[BookingId, tuple[ExamId, ...]]:
        with self._lock:
            found = self._read("associations", Kind.BOOKING, ids)
            return {
                BookingId(id_): tuple(ExamId(e.id) for e in record.linked(Kind.EXAM))
                if record
                else ()
                for id_, record in found
            }

    def bookings_alone(self, ids: Collection[BookingId]) -> dict[BookingId, Booking | None]:
        with self._lock:
            return {
                BookingId(id_): None
                if record is None
                else replace(self._booking(record), contact_ids=(), exam_ids=())
                for id_, record in self._read("read", Kind.BOOKING, ids)
            }

    def histories(
        self, kind: Kind, ids: Collection[str], keys: Sequence[str]
    ) -> dict[str, History | None]:
        named = self.named_histories(kind, ids, keys)
        return {id_: None if told is None else told.history for id_, told in named.items()}

    def named_histories(
        self, kind: Kind, ids: Collection[str], keys: Sequence[str]
    ) -> dict[str, NamedHistory | None]:
        with self._lock:
            return {
                id_: None
                if record is None
                else NamedHistory(
                    ids=(record.id, *record.former_ids),
                    history=None
                    if id_ in self.unreadable_histories
                    else {
                        key: tuple(reversed(record.versions.get(key, ())))
                        for key in (*keys, MARKER)
                    },
                )
                for id_, record in self._read("history", kind, ids)
            }

    def contact_with_history(self, id_: ContactId) -> tuple[Contact, History] | None:
        with self._lock:
            ((_, record),) = self._read("read", Kind.CONTACT, [id_])
            if record is None:
                return None
            keys = () if id_ in self.unreadable_histories else (*self.catalogue.keys, MARKER)
            kept = {key: tuple(reversed(record.versions.get(key, ()))) for key in keys}
            return cast("Contact", self._counted(record)), kept

    def bookings_of(self, contact_id: ContactId) -> list[Booking]:
        with self._lock:
            ((_, contact),) = self._read("associations", Kind.CONTACT, [contact_id])
            if contact is None:
                return []
            ids = [record.id for record in contact.linked(Kind.BOOKING)]
            if ids:
                self._ask("associations", Kind.BOOKING, ids)
            else:
                self._ask("read", Kind.CONTACT, [contact_id])  # one that was merged away?
            held = [record for _, record in self._read("read", Kind.BOOKING, ids) if record]
            made = [replace(self._booking(each), contact_ids=(contact_id,)) for each in held]
            return sorted(made, key=lambda booking: int(booking.id))

    def contacts_with_note(self, ids: Collection[ContactId], marker: str) -> set[ContactId]:
        with self._lock:
            found = dict(self._read("notes", Kind.CONTACT, ids))
            noted = {
                self.truth.find(Kind.CONTACT, note.contact_id)
                for note in self.notes
                if note.marker == marker
            }
            return {ContactId(id_) for id_, record in found.items() if record and record in noted}

    def booking_ids_of(self, kind: Kind, ids: Collection[str]) -> dict[str, tuple[BookingId, ...]]:
        with self._lock:
            found = {
                id_: tuple(BookingId(b.id) for b in record.linked(Kind.BOOKING)) if record else ()
                for id_, record in self._read("associations", kind, ids)
            }
            if empty := [id_ for id_, held in found.items() if not held]:
                self._ask("read", kind, empty)  # which of them were merged away?
            return found

    def booking_ids_named(self, names: Collection[str]) -> dict[str, BookingId | None]:
        with self._lock:
            self._ask("read", Kind.BOOKING, names)
            held = {r.properties.get("booking_id"): r.id for r in self.truth.all(Kind.BOOKING)}
            return {name: BookingId(held[name]) if name in held else None for name in names}

    # --- searches ------------------------------------------------------------------------------

    def search_bookings(
        self,
        narrow: BookingFilter,
        *,
        limit: int | None = None,
        known: Collection[BookingId] = (),
    ) -> list[BookingId]:
        with self._lock:
            unseen = [r.id for r in self.truth.all(Kind.BOOKING) if r.created_at > self._searched]
            assert not set(unseen) & set(known), "what search cannot know yet is not counted on"
            found = (r for r in self._search(Kind.BOOKING) if narrow.fits(self._booking(r)))
            left = (BookingId(r.id) for r in found if r.id not in set(known))
            return list(islice(left, limit))

    def search_exams(
        self,
        *,
        text: str = "",
        since: date | None = None,
        until: date | None = None,
        limit: int = 200,
    ) -> list[Exam]:
        with self._lock:
            exams = [cast("Exam", self._counted(record)) for record in self._search(Kind.EXAM)]
            found = [
                exam
                for exam in exams
                if _has(text, exam.name, exam.mock_type, exam.location)
                and (since is None or (exam.exam_date is not None and exam.exam_date >= since))
                and (until is None or (exam.exam_date is not None and exam.exam_date <= until))
            ]
            return sorted(found, key=lambda exam: exam.exam_date or date.max)[:limit]

    def search_contacts(self, text: str, *, limit: int = 20) -> list[Contact]:
        if not text.strip():
            return []
        with self._lock:
            contacts = [cast("Contact", self._counted(r)) for r in self._search(Kind.CONTACT)]
            return [
                c
                for c in contacts
                if _has(text, c.firstname, c.lastname, c.email, c.phone)
                or text in (c.student_id, c.id)
            ][:limit]

    def contacts_named(
        self, by: Literal["email", "student_id"], values: Collection[str]
    ) -> dict[str, tuple[ContactId, ...]]:
        with self._lock:
            held: dict[str, list[ContactId]] = {}
            for record in self._search(Kind.CONTACT):
                of = (record.properties.get(by) or "").strip().casefold()
                held.setdefault(of, []).append(ContactId(record.id))
            asked = {v for v in values if by == "email" or is_record_id(v)}
            return {v: tuple(held.get(v.casefold(), ()) if v in asked else ()) for v in values}

    def scheduled_exam_ids(self, due_by: datetime) -> list[ExamId]:
        with self._lock:
            exams = [cast("Exam", self._counted(record)) for record in self._search(Kind.EXAM)]
            return [ExamId(exam.id) for exam in exams if is_due(exam, due_by)]

    def changed_ids(self, kind: Kind, since: datetime) -> list[str]:
        with self._lock:
            seen_until = self.now() - self.search_lag
            found = self._search(kind)
            return [r.id for r in found if since <= r.modified_at <= seen_until]

    def listed_ids(self, kind: Kind, *, after: str = "") -> tuple[list[str], str]:
        with self._lock:
            self._ask("list", kind, ("page",))
            page, following = self._page(kind, after)
            return [record.id for record in page], following

    def listed(self, kind: Kind, *, after: str = "") -> Listed:
        with self._lock:
            told, _ = self._page(kind, after)
            self._ask("list", kind, [record.id for record in told] or ("page",))
            page, following = self._page(kind, after)
            return Listed(
                ids=tuple(record.id for record in page),
                records={record.id: made for record in page if (made := self._of_list(record))},
                former={record.id: record.former_ids for record in page if record.former_ids},
                after=following,
            )

    def _page(self, kind: Kind, after: str) -> tuple[list[Record], str]:
        held = list(self.truth.all(kind))
        if self.opaque_lists:
            first = int(after.removeprefix("page-") or 0)
        else:
            first = sum(int(record.id) <= int(after or 0) for record in held)
        last = first + self.batch_max
        page = held[first:last]
        if last >= len(held):
            return page, ""
        return page, f"page-{last}" if self.opaque_lists else page[-1].id

    def _of_list(self, record: Record) -> Counted | Booking | None:
        if record.kind is not Kind.BOOKING:
            return self._counted(record)
        booking = self._booking(record)
        return booking if booking.contact_id and booking.exam_id else None

    def extent(self, kind: Kind) -> Extent:
        with self._lock:
            ids = [int(record.id) for record in self._search(kind)]
            return Extent(total=len(ids), highest=max(ids, default=0))

    def archived_ids(self, kind: Kind, ids: Collection[str]) -> set[str]:
        with self._lock:
            self._ask("read", kind, ids)
            return {id_ for id_ in ids if self.truth.is_archived(kind, id_)}

    # --- writes --------------------------------------------------------------------------------

    def write_counts(self, writes: Sequence[Write]) -> dict[WriteId, Outcome]:
        with self._lock:
            outcomes: dict[WriteId, Outcome] = {}
            for kind in (Kind.CONTACT, Kind.EXAM):
                chosen: dict[str, Write] = {}
                for write in writes:
                    if (
                        write.kind is kind
                        and chosen.setdefault(write.target_id, write) is not write
                    ):
                        reason = f"another write of {kind} {write.target_id} is in this batch"
                        outcomes[write.id] = Outcome(fate=Fate.REFUSED, reason=reason)
                if not chosen:
                    continue
                fates = self._change(kind, {id_: self._values(w) for id_, w in chosen.items()})
                late = {id_ for id_, write in chosen.items() if self._too_late(write)}
                for id_, outcome in fates(late):
                    outcomes[chosen[id_].id] = outcome
            return outcomes

    def cancel_bookings(
        self, ids: Collection[BookingId], *, marker: str, sent_at: datetime
    ) -> dict[BookingId, Outcome]:
        values = {"is_active": BookingStatus.CANCELLED.value, MARKER: marker}
        return self._change_bookings(ids, values, sent_at=sent_at)

    def change_exams(self, changes: Mapping[ExamId, ExamChange]) -> dict[ExamId, Outcome]:
        with self._lock:
            values = {
                id_: {"is_active": change.opening.value}
                | ({"scheduled_activation_datetime": change.at.isoformat()} if change.at else {})
                for id_, change in changes.items()
            }

            def change(record: Record, id_: str) -> None:
                self.truth.change(record, values[ExamId(id_)])

            return {ExamId(id_): outcome for id_, outcome in self._send(Kind.EXAM, values, change)}

    def mark_refunded(
        self,
        ids: Collection[BookingId],
        *,
        at: datetime,
        admin: str,
        sent_at: datetime,
        forfeited: Collection[BookingId] = (),
    ) -> dict[BookingId, Outcome]:
        marks = {
            "token_refunded": "true",
            "token_refunded_at": str((at - EPOCH) // timedelta(milliseconds=1)),
            "token_refund_admin": admin,
        }
        cleared = {id_: {FORFEITED: ""} for id_ in forfeited}
        return self._change_bookings(ids, marks, sent_at=sent_at, also=cleared)

    def unmark_refunded(
        self, ids: Collection[BookingId], *, sent_at: datetime
    ) -> dict[BookingId, Outcome]:
        marks = ("token_refunded", "token_refunded_at", "token_refund_admin")
        return self._change_bookings(ids, dict.fromkeys(marks, ""), sent_at=sent_at)

    def mark_forfeited(
        self, ids: Collection[BookingId], *, told: str, sent_at: datetime
    ) -> dict[BookingId, Outcome]:
        return self._change_bookings(ids, {FORFEITED: told}, sent_at=sent_at)

    def move_bookings(
        self, moves: Sequence[Move], *, marker: str, sent_at: datetime
    ) -> dict[BookingId, Outcome]:
        with self._lock:
            by_id: dict[str, Move] = {move.booking_id: move for move in moves}
            late = list(by_id) if self._is_past(sent_at) else []

            def tie(record: Record, id_: str) -> None:
                exam = self.truth.find(Kind.EXAM, by_id[id_].to)
                if exam is None:
                    raise _RefusedError(f"no exam with ID {by_id[id_].to} exists")
                self.truth.link(record, exam)

            def untie(record: Record, id_: str) -> None:
                exam = self.truth.find(Kind.EXAM, by_id[id_].leaves)
                if exam in record.links.get(Kind.EXAM, ()):
                    self.truth.unlink(record, cast("Record", exam))

            def name(record: Record, id_: str) -> None:
                wanted = by_id[id_].name
                if self._held(wanted) not in {None, record.id}:
                    raise _RefusedError(f"another booking already has the booking_id {wanted}")
                self.truth.change(record, {"booking_id": wanted, MARKER: marker})

            fates: dict[BookingId, Outcome] = {}
            for step in (tie, untie, name):
                going = [i for i in by_id if not fates or fates[BookingId(i)].fate is Fate.LANDED]
                for id_, outcome in self._send(Kind.BOOKING, going, step, late):
                    half = bool(fates) and outcome.fate is Fate.NOT_SENT
                    told = replace(outcome, fate=Fate.UNKNOWN) if half else outcome
                    fates[BookingId(id_)] = told
                late = []
            return fates

    def _held(self, name: str) -> str | None:
        """The booking that has this name, in HubSpot's spelling of it."""
        named = (
            record.id
            for record in self.truth.all(Kind.BOOKING)
            if (record.properties.get("booking_id") or "").casefold() == name.casefold()
        )
        return next(named, None)

    def create_booking(self, new: NewBooking, *, sent_at: datetime) -> Outcome:
        with self._lock:
            if self._is_past(sent_at):
                return Outcome(fate=Fate.NOT_SENT, reason=f"not sent within {SEND_WITHIN_S:g} s")

            def create() -> Outcome:
                reason = self._refuses(new)
                if reason:
                    return Outcome(fate=Fate.REFUSED, reason=reason)
                self._created += 1
                self.add_booking(
                    str(7_000_000 + self._created),
                    contact=new.contact_id,
                    exam=new.exam_id,
                    token=new.token,
                    booking_id=new.name,
                    idempotency_key=new.idempotency_key,
                    associated_contact_id=new.contact_id,
                    attending_location=new.attending_location,
                    dominant_hand=new.dominant_hand,
                )
                return Outcome(fate=Fate.LANDED, modified_at=self.now())

            request = Request("write", Kind.BOOKING, (new.name,))
            self._count("write", Kind.BOOKING)
            faults = self.sending(request)
            fault = faults if isinstance(faults, Fault) else faults.get(new.name, Fault.NONE)
            outcome = self._fated(request, new.name, fault, create)
            self.answered(request)
            return outcome

    def _refuses(self, new: NewBooking) -> str:
        if self._held(new.name) is not None:
            return f"another booking already has the booking_id {new.name}"
        for kind, id_ in ((Kind.CONTACT, new.contact_id), (Kind.EXAM, new.exam_id)):
            if self.truth.find(kind, id_) is None:
                return f"no {kind} with ID {id_} exists"
        return ""

    def add_notes(self, notes: Sequence[Note]) -> dict[ContactId, Outcome]:
        with self._lock:
            by_contact = {note.contact_id: note for note in notes}
            if len(by_contact) < len(notes):
                raise ValueError("at most one note for each contact at a time")
            if self.notes_down:
                reason = "HubSpot does not take notes just now"
                return dict.fromkeys(by_contact, Outcome(fate=Fate.NOT_SENT, reason=reason))

            def add(record: Record, id_: str) -> None:
                self.notes.append(by_contact[ContactId(id_)])

            return {
                ContactId(id_): outcome
                for id_, outcome in self._send(Kind.CONTACT, by_contact, add)
            }

    def usage(self) -> Mapping[str, int]:
        named = {f"{what} {kind}": calls for (what, kind), calls in self._usage.items()}
        return {**named, "total": sum(self._usage.values())}

    def _count(self, what: str, kind: Kind) -> None:
        count_call()
        self._usage[what, kind] += 1

    # --- how a request goes --------------------------------------------------------------------

    def _batches(self, what: str, kind: Kind, ids: Collection[str]) -> list[Request]:
        unique = tuple(dict.fromkeys(ids))
        size = min(self.batch_max, 50) if what == "history" else self.batch_max
        if len(unique) <= size:  # nearly always, and thousands of times in a simulation
            return [Request(what, kind, unique)] if unique else []
        starts = range(0, len(unique), size)
        return [Request(what, kind, unique[start : start + size]) for start in starts]

    def _ask(self, what: str, kind: Kind, ids: Collection[str]) -> None:
        """Send the requests of a read; a fault of any one is raised, as the client would."""
        for request in self._batches(what, kind, ids):
            self._count(what, kind)
            fault = self.sending(request)
            if fault is not Fault.NONE:
                _raise_worst({fault} if isinstance(fault, Fault) else {*fault.values()}, request)
            self.answered(request)

    def _read(
        self, what: str, kind: Kind, ids: Collection[str]
    ) -> Iterator[tuple[str, Record | None]]:
        self._ask(what, kind, ids)
        return ((id_, self.truth.find(kind, id_)) for id_ in dict.fromkeys(ids))

    def _search(self, kind: Kind) -> Iterator[Record]:
        self._ask("search", kind, ("query",))
        seen_until = self._searched
        return (record for record in self.truth.all(kind) if record.created_at <= seen_until)

    @property
    def _searched(self) -> datetime:
        """What was made later, search does not find yet."""
        return self.now() - self.search_lag

    def _send(
        self,
        kind: Kind,
        ids: Collection[str],
        change: Callable[[Record, str], None],
        too_late: Collection[str] = (),
    ) -> Iterator[tuple[str, Outcome]]:
        for id_ in too_late:
            yield id_, Outcome(fate=Fate.NOT_SENT, reason=f"not sent within {SEND_WITHIN_S:g} s")
        for request in self._batches("write", kind, [id_ for id_ in ids if id_ not in too_late]):
            self._count("write", kind)
            faults = self.sending(request)
            for id_ in request.ids:
                fault = faults if isinstance(faults, Fault) else faults.get(id_, Fault.NONE)
                yield id_, self._one(request, id_, fault, change)
            self.answered(request)

    def _one(
        self, request: Request, id_: str, fault: Fault, change: Callable[[Record, str], None]
    ) -> Outcome:
        def apply() -> Outcome:
            record = self.truth.find(request.kind, id_)
            if record is None:
                return Outcome(fate=Fate.REFUSED, reason=GONE)
            try:
                change(record, id_)
            except _RefusedError as error:
                return Outcome(fate=Fate.REFUSED, reason=str(error))
            return Outcome(fate=Fate.LANDED, modified_at=record.modified_at)

        return self._fated(request, id_, fault, apply)

    def _fated(
        self, request: Request, id_: str, fault: Fault, apply: Callable[[], Outcome]
    ) -> Outcome:
        match fault:
            case Fault.NONE:
                return apply()
            case Fault.NOT_SENT:
                return Outcome(fate=Fate.NOT_SENT, reason="HubSpot asked to wait")
            case Fault.REFUSED:
                return Outcome(fate=Fate.REFUSED, reason="HubSpot refused it")
            case Fault.BARRED:
                return Outcome(fate=Fate.NOT_SENT, reason=NO_TOKEN, barred=NO_TOKEN)
            case Fault.ANSWER_LOST:
                apply()
            case Fault.LATE:
                one = Request(request.what, request.kind, (id_,))
                self.late.append(Late(one, self.now(), apply))
            case Fault.REQUEST_LOST:
                pass
        return Outcome(fate=Fate.UNKNOWN, reason="HubSpot did not answer")

    def _change(
        self, kind: Kind, values: Mapping[str, Mapping[str, str | None]]
    ) -> Callable[[Collection[str]], Iterator[tuple[str, Outcome]]]:
        def change(record: Record, id_: str) -> None:
            self.truth.change(record, values[id_])

        def refuse(_: Collection[str]) -> Iterator[tuple[str, Outcome]]:
            reason = f"HubSpot has no property {MARKER}: run python -m core provision"
            return ((id_, Outcome(fate=Fate.REFUSED, reason=reason)) for id_ in values)

        def send(too_late: Collection[str]) -> Iterator[tuple[str, Outcome]]:
            return self._send(kind, values, change, too_late)

        marked = any(MARKER in held for held in values.values())
        return send if self.has_marker or not marked else refuse

    def _change_bookings(
        self,
        ids: Collection[BookingId],
        values: Mapping[str, str],
        *,
        sent_at: datetime | None = None,
        also: Mapping[BookingId, Mapping[str, str]] = MappingProxyType({}),
    ) -> dict[BookingId, Outcome]:
        with self._lock:
            wanted: dict[str, dict[str, str | None]]
            wanted = {id_: {**values, **also.get(id_, {})} for id_ in ids}
            send = self._change(Kind.BOOKING, wanted)
            late = ids if sent_at is not None and self._is_past(sent_at) else ()
            return {BookingId(id_): outcome for id_, outcome in send(late)}

    @staticmethod
    def _values(write: Write) -> dict[str, str | None]:
        return {**{key: str(value) for key, value in write.sets.items()}, MARKER: write.id}

    def _too_late(self, write: Write) -> bool:
        return self._is_past(write.sent_at)

    def _is_past(self, sent_at: datetime) -> bool:
        now = (self.sender or self.now)()
        return (now - sent_at).total_seconds() > SEND_WITHIN_S

    # --- what a record reads as ----------------------------------------------------------------

    def _counted(self, record: Record) -> Counted:
        if record.view is None:
            record.view = records.read_counted(self.portal, record.kind, self._told(record))
        return cast("Counted", record.view)

    def _booking(self, record: Record) -> Booking:
        if record.view is None:
            record.view = self._read_booking(record)
        return cast("Booking", record.view)

    def _read_booking(self, record: Record) -> Booking:
        exams = record.linked(Kind.EXAM)
        # like HubSpot's rollups: what describes the session is the exam's, read-only here
        session = exams[0].properties if exams else {}
        rolled = {key: session.get(key) for key in SESSION if key in session}
        contacts = [contact.id for contact in record.linked(Kind.CONTACT)]
        told = self._told(record, rolled)
        return records.read_booking(self.portal, told, contacts, [exam.id for exam in exams])

    def _told(self, record: Record, more: Mapping[str, str | None] | None = None) -> Json:
        """As HubSpot's batch read tells it: every property asked for, null where it is empty."""
        held = {**record.properties, **(more or {})}
        names = self.portal.names(record.kind)
        former = {records.MERGED[0]: ";".join(record.former_ids)} if record.former_ids else {}
        return {
            "id": record.id,
            "properties": {name: held.get(name) for name in names} | former,
            "createdAt": record.created_at.isoformat(),
            "updatedAt": record.modified_at.isoformat(),
        }


SESSION = ("mock_type", "exam_date", "location", "start_time", "end_time")


def _has(text: str, *fields: str) -> bool:
    """Every word of the text is somewhere in the fields."""
    held = " ".join(fields).casefold()
    return all(word in held for word in text.casefold().split())


def _raise_worst(faults: Collection[Fault], request: Request) -> None:
    told = f"{request.what} of {len(request.ids)} {request.kind}"
    if Fault.BARRED in faults:
        raise Unauthorized(NO_TOKEN, status=401)
    if Fault.REFUSED in faults:
        raise Refused(f"HubSpot refused the {told}", status=400)
    if Fault.NOT_SENT in faults:
        raise NotSent(f"HubSpot did not take the {told}")
    if set(faults) - {Fault.NONE}:
        raise OutcomeUnknown(f"HubSpot did not answer the {told}")
