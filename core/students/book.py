"""Booking: what people ask for. A preview is a plan of one row; the engine carries it out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from core.credits.catalogue import Catalogue
from core.credits.exam_times import day_in
from core.credits.records import Contact, ContactId, Exam
from core.credits.roles import Act, Actor
from core.credits.sessions import Session
from core.hubspot.ports.lookup import CrmLookUp
from core.operations.booking_rules import Seat, Wish, judge_wish, key_of, names_for
from core.operations.choosing.exams import exam_read
from core.operations.choosing.plan import PLAN_LIFE
from core.operations.choosing.preflight import Preflight
from core.operations.choosing.select import exam_words
from core.operations.kinds.book import BOOK
from core.operations.plans import Plan, Row
from core.operations.verdicts import Verdict
from core.students.exam_sessions import ExamSessions
from core.students.store.port import StudentStore


@dataclass(frozen=True, slots=True)
class BookingPreview:
    """Makes the plan. ``OperationCommands.confirm`` and the engine do the rest, exactly once."""

    crm: CrmLookUp
    journal: StudentStore
    exam_sessions: ExamSessions
    catalogue: Catalogue
    preflight: Preflight
    now: Callable[[], datetime]
    #: The school's, by whose clock an exam begins and is over.
    zone: tzinfo
    new_id: Callable[[], str]

    def sessions(self, actor: Actor) -> tuple[Session, ...]:
        """Sessions from today on, soonest first, to choose from: the mirror's, which may lag.

        Raises:
            NotAllowed: the actor may not book.
            GatewayError: neither the mirror nor HubSpot answers.
        """
        actor.require(Act.BOOK_ONE)
        return self.exam_sessions.sessions(day_in(self.zone, self.now()), None, actor).sessions

    def preview(self, wish: Wish, actor: Actor, *, plan_id: str = "") -> Plan:
        """The booking with its verdict, judged on fresh reads. Stored, and changes nothing.

        ``plan_id``: made by whoever must find this plan again; of two with one id the first counts.

        Raises:
            NotAllowed: the actor may not book, or not without a credit.
            NotReady: HubSpot lacks what the writes would need, all of it named.
            GatewayError: HubSpot did not answer; nothing was stored.
        """
        actor.require(Act.OVERRIDE if wish.override else Act.BOOK_ONE)
        self.preflight.check()
        contact = self.crm.contacts([wish.contact_id])[wish.contact_id]
        exam = exam_read(self.crm, self.journal, wish.exam_id)
        held = self.crm.bookings_of(ContactId(contact.id)) if contact else []
        made_at = self.now()
        seat = judge_wish(wish, contact, exam, held, self.catalogue, at=made_at, zone=self.zone)
        id_ = plan_id or self.new_id()
        plan = Plan(
            id=id_,
            kind=BOOK.key,
            selection=_words(contact, exam, wish),
            made_by=actor.email,
            made_at=made_at,
            expires_at=made_at + PLAN_LIFE,
            rows=(self._row(id_, wish, seat, contact, exam),),
        )
        self.journal.save_plan(plan)
        return plan

    def _row(
        self, id_: str, wish: Wish, seat: Seat, contact: Contact | None, exam: Exam | None
    ) -> Row:
        before = None
        if contact is not None and seat.credit is not None:
            before = contact.balances[seat.credit]
        name = ""
        if contact is not None and exam is not None and seat.verdict is Verdict.WILL_CHANGE:
            name = self._free_name(contact, exam)
        told = name or (exam_words(exam) if exam else f"exam {wish.exam_id}")
        return Row(
            booking_id=key_of(told, id_),
            verdict=seat.verdict,
            why=seat.why,
            detail=seat.detail,
            credit=seat.credit,
            contact_id=ContactId(contact.id) if contact else wish.contact_id,
            exam_id=wish.exam_id,
            booking_name=told,
            contact_name=contact.name if contact else "",
            contact_email=contact.email if contact else "",
            exam_date=exam.exam_date if exam else None,
            mock_type=exam.mock_type if exam else "",
            attending_location=wish.attending_location.strip(),
            dominant_hand=wish.dominant_hand,
            before=before,
            after=None if before is None else before - 1,
        )

    def _free_name(self, contact: Contact, exam: Exam) -> str:
        """The first that no booking has: those of cancelled ones stay with them."""
        assert exam.exam_date is not None
        names = names_for(exam.mock_type, contact.student_id, exam.exam_date)
        taken = self.crm.booking_ids_named(names)
        return next((name for name in names if taken[name] is None), names[-1])


def _words(contact: Contact | None, exam: Exam | None, wish: Wish) -> str:
    who = contact.name if contact else f"contact {wish.contact_id}"
    return f"{who}: {exam_words(exam) if exam else f'exam {wish.exam_id}'}"
