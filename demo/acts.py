"""Operations of the story: previewed, confirmed and carried by the product's own services."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.credits.records import BookingId, ContactId, ExamId, Kind
from core.credits.roles import Actor
from core.mirror.rows import CONTACT_OF
from core.mirror.store.outbox_port import Due
from core.operations.booking_rules import Wish
from core.operations.choosing.adjustment_lists import Asked
from core.operations.choosing.select import ByExam, ByIds
from core.operations.kinds.cancel import CANCEL
from core.operations.kinds.forfeit import FORFEIT
from core.operations.kinds.move import MOVE
from core.operations.kinds.refund import REFUND
from core.operations.plans import Plan
from core.operations.verdicts import OperationKind
from demo.desk import DemoDesk
from demo.people import ADJUST_REASONS, CANCEL_REASONS, DANA, REFUND_REASONS, STAFF
from demo.pool import Pool, Record

#: Contacts in HubSpot.
CONTACTS = "0-1"
#: For so long nobody else takes a copy in hand.
IN_HAND = timedelta(minutes=20)
RECOUNTED = 3
#: What no student of the demo data has in HubSpot.
LACKED = "company"
REFUSED = "refused: value too long for type character varying(40)"


@dataclass(slots=True)
class Acts:
    """Each method is one act of one person, at the clock's time; False: there was nothing to do."""

    desk: DemoDesk
    pool: Pool
    #: The newest refund that gave something back, to be undone.
    refunded: str = ""
    #: The newest operation that wrote over somebody else's change.
    overwritten: str = ""

    def refund(self) -> bool:
        """Up to nine owed bookings of one exam; others are left for who comes later."""
        owed = self.pool.owed(self._at)
        chosen = owed[: min(self.pool.chance.randint(1, 9), len(owed) // 2 + 1)]
        who = self._admin()
        plan = self._of(REFUND.key, chosen, who)
        done = self._confirmed(plan, who, self._one_of(REFUND_REASONS))
        if done and plan is not None:
            self.refunded = plan.id
        return done

    def cancel(self) -> bool:
        """One booking, by staff, for a student on the phone."""
        who = self._who(STAFF)
        chosen = self.pool.active(self._at)[:1]
        plan = self._of(CANCEL.key, chosen, who)
        return self._confirmed(plan, who, self._one_of(CANCEL_REASONS))

    def cancel_some(self) -> bool:
        """Two to four bookings, by an admin."""
        who = self._admin()
        chosen = self.pool.active(self._at)[: self.pool.chance.randint(2, 4)]
        plan = self._of(CANCEL.key, chosen, who)
        return self._confirmed(plan, who, "Examiner is ill")

    def forfeit(self) -> bool:
        """One booking whose credit the school keeps."""
        who = self._admin()
        chosen = self.pool.active(self._at)[:1]
        plan = self._of(FORFEIT.key, chosen, who)
        return self._confirmed(plan, who, "Cancelled too late")

    def move(self) -> bool:
        """One booking to another day."""
        who, at = self._admin(), self._at
        for one in self.pool.active(at):
            to = self.pool.exam_for(at, one["mock_type"], beside=one["exam_hubspot_id"])
            if to is not None:
                plan = self._of(MOVE.key, [one], who, to=ExamId(to))
                return self._confirmed(plan, who, "Asked for a later date")
        return False

    def book(self) -> bool:
        """One seat, by staff."""
        who, credits_ = self._who(STAFF), list(self.pool.catalogue.credits)
        self.pool.chance.shuffle(credits_)
        for credit in credits_:
            exam = self.pool.exam_for(self._at, credit.mock_type) if credit.mock_type else None
            student = self.pool.student_with(self._at, credit.key) if exam else None
            if exam and student:
                place = self.pool.exams[exam]["location"]
                wish = Wish(
                    contact_id=ContactId(student),
                    exam_id=ExamId(exam),
                    attending_location=place,
                    dominant_hand="right",
                )
                plan = self.desk.core.booking_preview.preview(wish, who)
                return self._confirmed(plan, who, "Booked by phone")
        return False

    def adjust(self) -> bool:
        """A credit more for one to three students."""
        who, chance = self._admin(), self.pool.chance
        reason = self._one_of(ADJUST_REASONS)
        students = [self.pool.anybody(self._at) for _ in range(chance.randint(1, 3))]
        rows = [
            Asked(
                student=student,
                credit=chance.choice(self.pool.catalogue.keys),
                change=chance.choice(("+1", "+1", "+2")),
                reason=reason,
            )
            for student in students
            if student
        ]
        if not rows:
            return False
        return self._confirmed(self.desk.core.adjustment_planner.preview(rows, who), who, reason)

    def undo(self) -> bool:
        """The last refund, taken back by another admin."""
        if not self.refunded:
            return False
        who = self._who(DANA)
        plan = self.desk.core.undo_planner.preview(self.refunded, who)
        self.refunded = ""
        return self._confirmed(plan, who, "Refunded by mistake: the exam took place")

    def recount(self) -> bool:
        """Seats of three exams, counted again."""
        if len(self.pool.exams) < RECOUNTED:
            return False
        exams = self.pool.chance.sample(sorted(self.pool.exams), RECOUNTED)
        self.desk.core.seat_recount.recount([ExamId(id_) for id_ in exams], self._admin())
        self.desk.carry()
        return True

    def fail(self) -> bool:
        """A refund in whose hold somebody wrote a word for a balance; put right a little later."""
        at, who = self._at, self._admin()
        chosen = self.pool.owed(at)[:2]
        plan = self._of(REFUND.key, chosen, who)
        if plan is None:
            return False
        row = plan.will_change[0]
        contact, credit = str(row.contact_id), str(row.credit)
        held = self.pool.contacts[contact][credit]
        return self._confirmed(
            plan,
            who,
            self._one_of(REFUND_REASONS),
            before=lambda: self.desk.controls.edit(CONTACTS, contact, {credit: "two"}),
            after=lambda: self.desk.controls.edit(CONTACTS, contact, {credit: str(held)}),
        )

    def refuse(self) -> bool:
        """A refund that HubSpot refuses, by a rule that somebody made there and took back soon."""
        who = self._admin()
        plan = self._of(REFUND.key, self.pool.owed(self._at)[:1], who)
        if plan is None:
            return False
        row = plan.will_change[0]
        return self._confirmed(
            plan,
            who,
            self._one_of(REFUND_REASONS),
            before=lambda: self.desk.controls.require(
                CONTACTS, LACKED, when=str(row.credit), value=str(row.after)
            ),
            after=self.desk.controls.require_nothing,
        )

    def overwrite(self) -> bool:
        """One booking is cancelled, and at that moment somebody takes a credit in HubSpot.

        The desk's write is the later one: the credit that was taken is there again.
        """
        who = self._who(DANA)
        chosen = [one for one in self.pool.active(self._at) if self._holds(one)][:1]
        plan = self._of(CANCEL.key, chosen, who)
        if plan is None:
            return False
        row = plan.will_change[0]
        contact, credit, left = str(row.contact_id), str(row.credit), (row.before or 0) - 1
        change = {credit: str(left)}
        self.desk.hubspot.meanwhile.append(
            lambda: self.desk.controls.edit(CONTACTS, contact, change)
        )
        self.overwritten = plan.id
        return self._confirmed(plan, who, "Asked by phone")

    def overwrite_and_correct(self) -> bool:
        """The same, and the correction on offer is taken."""
        if not self.overwrite():
            return False
        who = self._admin()
        plan = self.desk.core.corrections.preview(self.overwritten, who)
        return self._confirmed(plan, who, "The student had booked at that moment")

    def _holds(self, booking: Record) -> bool:
        """Whether its student has a credit left of the kind that it spent."""
        credit = self.pool.catalogue.by_token(booking["token_used"]).key
        return (self.pool.contacts[booking[CONTACT_OF]][credit] or 0) > 0

    def copy_refused(self) -> bool:
        """A copy that the mirror would not take: a dead letter, as the copier would leave it."""
        journal, clock = self.desk.journal, self.desk.clock
        id_ = self.pool.anybody(self._at)
        if id_ is None:
            return False
        journal.put_due([Due(kind=Kind.CONTACT, record_id=id_, row=None)], at=clock.now())
        taken = journal.take_due(now=clock.now(), until=clock.now() + IN_HAND, limit=10)
        journal.copy_failed([replace(each, attempts=1, dead=True, error=REFUSED) for each in taken])
        return bool(taken)

    def call_off(self) -> bool:
        """Confirmed, and called off within the hold."""
        who = self._admin()
        plan = self._of(REFUND.key, self.pool.owed(self._at)[:1], who)
        if plan is None:
            return False
        core = self.desk.core
        core.operation_commands.confirm(
            plan.id, who, reason="Wrong student", typed=len(plan.will_change)
        )
        core.operation_commands.call_off(plan.id, who, reason="Took the wrong line of the list")
        self.desk.queue.keys.clear()
        return True

    def left_held(self) -> bool:
        """As of now: held, to run when the hold is over."""
        plan = self._of(REFUND.key, self.pool.owed(self._at)[:3], self._who(DANA))
        return plan is not None and self._left(plan, "Exam was called off")

    def left_awaiting(self, exam: str) -> bool:
        """A coming exam, called off by the other admin: large enough for a second word.

        ``exam``: "" where the demo data have none.
        """
        if not exam:
            return False
        chosen = ByExam(ids=(ExamId(exam),))
        plan = self.desk.core.operation_planner.preview(CANCEL.key, chosen, self._who(DANA))
        return self._left(plan, "The room is not free")

    def _left(self, plan: Plan, reason: str) -> bool:
        """Confirmed by Dana, and carried by whoever works at the desk next."""
        number = len(plan.will_change)
        if number:
            who = self._who(DANA)
            self.desk.core.operation_commands.confirm(plan.id, who, reason=reason, typed=number)
        self.desk.queue.keys.clear()
        return bool(number)

    def _of(
        self,
        kind: OperationKind,
        bookings: Collection[Record],
        who: Actor,
        to: ExamId | None = None,
    ) -> Plan | None:
        """A preview of one booking of each of their students; None: nothing would change."""
        ids = self.pool.take(bookings)
        if not ids:
            return None
        words = "1 booking" if len(ids) == 1 else f"{len(ids)} bookings"
        chosen = ByIds(ids=tuple(BookingId(id_) for id_ in ids), words=words)
        plan = self.desk.core.operation_planner.preview(kind, chosen, who, to=to)
        return plan if plan.will_change else None

    def _confirmed(
        self,
        plan: Plan | None,
        who: Actor,
        reason: str,
        *,
        before: Callable[[], None] = lambda: None,
        after: Callable[[], None] = lambda: None,
    ) -> bool:
        """``before``: what happens while it is held; ``after``: when it has ended."""
        if plan is None or not plan.will_change:
            return False
        number = len(plan.will_change)
        self.desk.core.operation_commands.confirm(plan.id, who, reason=reason, typed=number)
        before()
        self.desk.carry()
        after()
        return True

    @property
    def _at(self) -> datetime:
        return self.desk.clock.now()

    def _admin(self) -> Actor:
        return self._who(self.pool.chance.choice((self.desk.admin, self.desk.admin, DANA)))

    def _who(self, email: str) -> Actor:
        """Signed in today."""
        core = self.desk.core
        core.access_log.signed_in(email, {"iat": int(self._at.timestamp()) // 36_000})
        return core.access.actor(email)

    def _one_of(self, reasons: tuple[str, ...]) -> str:
        return self.pool.chance.choice(reasons)
