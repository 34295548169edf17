"""What a student holds, and may book, as the student apps ask it. Reads only."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, tzinfo

from core.access.access_log import AccessLog
from core.credits.catalogue import Catalogue, CreditType
from core.credits.exam_times import day_in
from core.credits.records import Booking, BookingId, Contact, ContactId, Exam
from core.credits.roles import Act, Actor
from core.hubspot.ports.lookup import CrmLookUp
from core.operations.booking_rules import (
    Seat,
    Wish,
    judge_credit,
    judge_day,
    judge_exam,
    judge_student,
    objections,
)
from core.operations.verdicts import Verdict
from core.students.exam_sessions import ExamSessions


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Whether a student may book an exam, or exams of a type."""

    contact: Contact
    exam: Exam | None
    mock_type: str
    #: Everything against it; empty: it may be.
    against: tuple[Seat, ...]
    #: What it would spend, as far as credit is concerned.
    spends: Seat


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """A session that a student may book, and what it spends. Judged again when it is booked."""

    exam: Exam
    credit: CreditType


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """What a student may book."""

    contact: Contact
    #: Soonest first.
    offers: tuple[Offer, ...]


@dataclass(frozen=True, slots=True)
class Eligibility:
    """Contact and bookings come from HubSpot, the list of sessions from the mirror."""

    crm: CrmLookUp
    exam_sessions: ExamSessions
    catalogue: Catalogue
    now: Callable[[], datetime]
    #: The school's, by whose clock an exam begins and is over.
    zone: tzinfo
    access_log: AccessLog

    def contact(self, id_: ContactId, actor: Actor) -> Contact | None:
        """As HubSpot states it now. None: there is no such contact.

        Raises:
            NotAllowed: the actor may not look contacts up.
            GatewayError: HubSpot did not answer.
            JournalError: the look is not recorded, and nothing is told.
        """
        self._looks(id_, actor)
        return self.crm.contacts([id_])[id_]

    def student(self, student_id: str, email: str, actor: Actor) -> tuple[Contact, ...]:
        """The contacts that have both, as HubSpot states them now: one, where all is well.

        E-mails count in any case. HubSpot's search names the contacts, and lags; that each still
        has both is read.

        Raises:
            NotAllowed, GatewayError, JournalError: as ``contact``.
        """
        actor.require(Act.LOOK_UP)
        by_id = self.crm.contacts_named("student_id", [student_id])[student_id]
        by_email = self.crm.contacts_named("email", [email])[email] if by_id else ()
        contacts = self.crm.contacts({*by_id, *by_email})
        held = {one.id: one for one in contacts.values() if one is not None}
        wanted = (student_id, email.casefold())
        found = [one for one in held.values() if (one.student_id, one.email.casefold()) == wanted]
        if len(found) == 1:
            self.access_log.looked(ContactId(found[0].id), actor)
        return tuple(sorted(found, key=lambda one: one.id))

    def bookings(self, id_: ContactId, actor: Actor) -> tuple[Booking, ...] | None:
        """All of this contact, the latest day first. None: there is no such contact.

        Raises:
            NotAllowed, GatewayError, JournalError: as ``contact``.
        """
        self._looks(id_, actor)
        contact, held = self._student(id_)
        if contact is None:
            return None
        newest = sorted(held, key=lambda one: (one.exam_date or date.min, one.id), reverse=True)
        return tuple(newest)

    def booking(self, id_: ContactId, booking_id: BookingId, actor: Actor) -> Booking | None:
        """One booking of this contact. None: there is none.

        Raises:
            NotAllowed, GatewayError, JournalError: as ``contact``.
        """
        return next((one for one in self.bookings(id_, actor) or () if one.id == booking_id), None)

    def exam(self, wish: Wish, actor: Actor) -> Checked | None:
        """Whether this may be booked, with everything against it. None: no such contact.

        Raises:
            NotAllowed, GatewayError, JournalError: as ``contact``.
        """
        self._looks(wish.contact_id, actor)
        with ThreadPoolExecutor(1, thread_name_prefix="check") as pool:
            reading = pool.submit(self.exam_sessions.exam, wish.exam_id)
            contact, held = self._student(wish.contact_id)
            exam = reading.result()
        if contact is None:
            return None
        at, zone = self.now(), self.zone
        against = objections(wish, contact, exam, held, self.catalogue, at=at, zone=zone)
        mock_type = exam.mock_type if exam else ""
        return Checked(
            contact=contact,
            exam=exam,
            mock_type=mock_type,
            against=tuple(against),
            spends=judge_credit(contact, mock_type, self.catalogue, override=False),
        )

    def mock_type(self, id_: ContactId, mock_type: str, actor: Actor) -> Checked | None:
        """Whether the student has a credit for exams of this type. None: no such contact.

        Raises:
            NotAllowed, GatewayError, JournalError: as ``contact``.
        """
        contact = self.contact(id_, actor)
        if contact is None:
            return None
        spends = judge_credit(contact, mock_type, self.catalogue, override=False)
        faults = [judge_student(contact), spends if spends.verdict is Verdict.BLOCKED else None]
        return Checked(
            contact=contact,
            exam=None,
            mock_type=mock_type,
            against=tuple(fault for fault in faults if fault is not None),
            spends=spends,
        )

    def open_sessions(
        self, id_: ContactId, actor: Actor, *, until: date | None = None, mock_type: str = ""
    ) -> Offered | None:
        """Those that this student may book. None: there is no such contact.

        Raises:
            NotAllowed, GatewayError, JournalError: as ``contact``; or neither store has the
                sessions.
        """
        self._looks(id_, actor)
        at = self.now()
        today = day_in(self.zone, at)
        with ThreadPoolExecutor(1, thread_name_prefix="check") as pool:
            listing = pool.submit(self.exam_sessions.sessions, today, until, actor)
            contact, held = self._student(id_)
            listed = listing.result()
        if contact is None:
            return None
        if judge_student(contact) is not None:
            return Offered(contact=contact, offers=())
        offers = []
        for exam in (session.exam for session in listed.sessions):
            if mock_type not in {"", exam.mock_type} or judge_exam(exam, at=at, zone=self.zone):
                continue
            seat = judge_credit(contact, exam.mock_type, self.catalogue, override=False)
            rule = self.catalogue.day_rule
            taken = judge_day(held, exam.exam_date, exam.mock_type, rule)
            if seat.credit is not None and taken is None:
                offers.append(Offer(exam=exam, credit=seat.credit))
        return Offered(contact=contact, offers=tuple(offers))

    def _looks(self, id_: ContactId, actor: Actor) -> None:
        """Whoever sees what a student holds has looked at the student, an app too."""
        actor.require(Act.LOOK_UP)
        self.access_log.looked(id_, actor)

    def _student(self, id_: ContactId) -> tuple[Contact | None, list[Booking]]:
        """Asked at the same time; by an id from before a merge, the bookings of the new one."""
        with ThreadPoolExecutor(1, thread_name_prefix="check") as pool:
            reading = pool.submit(self.crm.bookings_of, id_)
            contact = self.crm.contacts([id_])[id_]
            if contact is None:
                reading.exception()  # nobody's bookings: what became of the question is no news
                return None, []
            held = reading.result()
        return contact, held
