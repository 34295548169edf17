"""Planning: a preview is a plan, judged on fresh reads, frozen and stored with its id."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from core.credits.catalogue import Catalogue
from core.credits.errors import BadList
from core.credits.records import Booking, BookingId, Contact, ContactId, Exam, ExamId, ItemKey
from core.credits.roles import Act, Actor
from core.hubspot.ports.crm import Crm
from core.operations.choosing.exams import exam_read
from core.operations.choosing.move import free_names, students_of
from core.operations.choosing.preflight import Preflight
from core.operations.choosing.select import (
    BookingFinder,
    ByContact,
    ByIds,
    ByReference,
    Found,
    Selection,
    exam_words,
)
from core.operations.kinds.base import MovingKind
from core.operations.kinds.permissions import act_for
from core.operations.kinds.registry import booking_of, chosen_kind_of, goes_to_exam
from core.operations.owed.check import OwedCheck
from core.operations.owed.rules import Owed, heeding
from core.operations.plans import (
    Judge,
    Judgement,
    Plan,
    Row,
    Running,
    by_own_ids,
    contacts_named,
    plan_rows,
    portions,
    with_current_hint,
)
from core.operations.store.port import OperationStore
from core.operations.terms import ORDINARY, Inclusion, Terms
from core.operations.verdicts import OperationKind, Verdict

#: A preview older than this is made anew: too much may have changed for a person to confirm it.
PLAN_LIFE = timedelta(hours=1)
NO_TARGET = "choose the exam that the bookings go to"


@dataclass(frozen=True, slots=True)
class OperationPlanner:
    """Nothing here changes a credit."""

    crm: Crm
    journal: OperationStore
    finding: BookingFinder
    catalogue: Catalogue
    preflight: Preflight
    now: Callable[[], datetime]
    #: The school's, by whose clock an exam begins and is over.
    zone: tzinfo
    new_id: Callable[[], str]
    check: OwedCheck

    def preview(
        self,
        kind: OperationKind,
        selection: Selection,
        actor: Actor,
        *,
        to: ExamId | None = None,
        include: frozenset[Inclusion] = ORDINARY,
        without: Collection[str] = (),
    ) -> Plan:
        """What this operation would do to each booking chosen. Stored before it is returned.

        ``to``: of a move, the exam that the bookings go to.
        ``include``: what an admin includes on purpose that would be blocked otherwise.
        ``without``: bookings that are left out, by record id or ``booking_id``.

        Raises:
            NotAllowed: the actor may not run batches, or not include these; staff cancel for one
                student alone.
            BadList, NotReady, GatewayError: as ``judged``; nothing was stored.
        """
        plan = self.judged(kind, selection, actor, to=to, include=include, without=without)
        actor.require(act_for(plan))
        self.journal.save_plan(plan)
        return plan

    def judged(
        self,
        kind: OperationKind,
        selection: Selection,
        actor: Actor,
        *,
        plan_id: str = "",
        to: ExamId | None = None,
        include: frozenset[Inclusion] = ORDINARY,
        without: Collection[str] = (),
    ) -> Plan:
        """The same, not stored, and perhaps not this actor's to confirm.

        Raises:
            UnknownKind: no bookings are chosen for operations of this kind.
            NotAllowed: the actor may not cancel even for one student, or not include these.
            BadList: nothing was chosen, references that no booking has, what is left
                out was not chosen, or no exam to move to.
            NotReady: HubSpot lacks what the writes would need, all of it named.
            GatewayError: HubSpot did not answer.
        """
        least = chosen_kind_of(kind).least(few=_few(selection))
        actor.require(Act.RUN_BATCHES if include else least)
        with self.preflight.meanwhile(self.crm.reads_at_once(), chosen_kind_of(kind).also_needs):
            found = self.finding.bookings(selection)
            left = self.finding.among(found, without)
            made_at = self.now()
            exam = self._target(kind, to)
            rows = self._rows(kind, found.ids, include, left, exam)
        return Plan(
            id=plan_id or self.new_id(),
            kind=kind,
            selection=_words(found, to, exam),
            made_by=actor.email,
            made_at=made_at,
            expires_at=made_at + PLAN_LIFE,
            rows=rows,
            include=include,
            to_exam=ExamId(exam.id) if exam else to,
            caveat=found.caveat,
        )

    def _target(self, kind: OperationKind, to: ExamId | None) -> Exam | None:
        """The exam that a move goes to; None: HubSpot has no such exam, or it is no move.

        Raises:
            BadList: a move has no exam to go to, or what is no move has one.
            GatewayError: HubSpot did not answer.
        """
        moving = goes_to_exam(kind)
        if moving is (to is None):
            raise BadList([NO_TARGET if moving else f"a {kind} has no exam to go to"])
        return exam_read(self.crm, self.journal, to) if to else None

    def afresh(self, plan: Plan) -> tuple[Row, ...]:
        """The same bookings, judged on fresh reads.

        Raises:
            NotReady, GatewayError: as ``preview``.
        """
        needs = chosen_kind_of(plan.kind).also_needs
        with self.preflight.meanwhile(self.crm.reads_at_once(), needs):
            ids = [booking_of(row, plan.kind) for row in plan.rows]
            exam = self._target(plan.kind, plan.to_exam)
            return self._rows(plan.kind, ids, plan.include, plan.excluded, exam)

    def _rows(
        self,
        kind: OperationKind,
        ids: Sequence[BookingId],
        include: frozenset[Inclusion],
        without: Collection[ItemKey],
        to: Exam | None,
    ) -> tuple[Row, ...]:
        """A portion after the other: what was read of one is let go for the next."""
        terms = Terms(at=self.now(), zone=self.zone, include=include, to=to)
        left, running, named = frozenset(without), Running(), dict[BookingId, BookingId]()
        # those that move to one exam are judged together: they have to fit there
        parts = [ids] if goes_to_exam(kind) else portions(ids)
        return tuple(
            row for some in parts for row in self._portion(kind, some, terms, left, running, named)
        )

    def _portion(
        self,
        kind: OperationKind,
        ids: Sequence[BookingId],
        terms: Terms,
        without: Collection[ItemKey],
        running: Running,
        named: dict[BookingId, BookingId],
    ) -> tuple[Row, ...]:
        of = chosen_kind_of(kind)
        found_by = self.crm.bookings(ids)
        left = {*without, *(one.id for id_ in without if (one := found_by.get(BookingId(id_))))}
        bookings = by_own_ids(ids, found_by, named)
        contacts = self.crm.contacts(contacts_named(bookings.values()))
        found: dict[BookingId, Owed] = {}
        if of.of_owed:
            current = [with_current_hint(one, contacts) for one in bookings.values() if one]
            given = [one for one in current if self._gives_back(of.judge, one, terms)]
            kept_too = Inclusion.FORFEITED in terms.include
            found = {one.booking.id: one for one in self.check.of(given, kept_too=kept_too)}
        judge = heeding(of.judge, found)
        rows = plan_rows(
            judge, list(bookings), bookings, contacts, self.catalogue, terms, left, running
        )
        if isinstance(of, MovingKind):
            rows = self._placed(of, rows, terms.to, bookings, contacts)
        rows = tuple(_told(row, found.get(booking_of(row, kind))) for row in rows)
        return tuple(_asked_for(row, named.get(booking_of(row, kind))) for row in rows)

    def _placed(
        self,
        of: MovingKind,
        rows: tuple[Row, ...],
        to: Exam | None,
        bookings: Mapping[BookingId, Booking | None],
        contacts: Mapping[ContactId, Contact | None],
    ) -> tuple[Row, ...]:
        """With the names that the bookings get; blocked, those that do not fit there together."""
        ids = [booking_of(row, of.key) for row in rows if row.verdict is Verdict.WILL_CHANGE]
        found = [one for id_ in ids if (one := bookings[id_]) is not None]
        if to is None or not found:
            return rows
        students = students_of(self.crm, found, contacts)
        faults = of.misfits(found, to, students, self.catalogue)
        names = free_names(self.crm, to, [b for b in found if b.id not in faults], students)
        return tuple(_placed(row, booking_of(row, of.key), faults, names) for row in rows)

    def _gives_back(self, judge: Judge, booking: Booking, terms: Terms) -> bool:
        """Whether by its own fields its credit is to be given back."""
        return judge(booking, self.catalogue, terms).verdict is Verdict.WILL_CHANGE


def _words(found: Found, to: ExamId | None, exam: Exam | None) -> str:
    """What was chosen, and where to."""
    if to is None:
        return found.words
    where = f" to {exam_words(exam) if exam else f'exam {to}'}"
    return f"{found.words.removesuffix(where)}{where}"  # those of an earlier preview say it


def _placed(
    row: Row,
    id_: BookingId,
    faults: Mapping[BookingId, Judgement],
    names: Mapping[BookingId, str],
) -> Row:
    if fault := faults.get(id_):
        return replace(row, verdict=fault.verdict, why=fault.why, detail=fault.detail)
    if name := names.get(id_):
        return replace(row, new_name=name, detail=f"becomes {name}")
    return row


def _asked_for(row: Row, asked: BookingId | None) -> Row:
    """Whoever named a booking by an id from before a merge finds it by that."""
    if asked is None or asked == row.booking_id:
        return row
    told = f"asked for as {asked}, which was merged into it"
    return replace(row, detail="; ".join(word for word in (row.detail, told) if word))


def _told(row: Row, found: Owed | None) -> Row:
    """Whoever gives back what an admin took on purpose, or decided on, sees who and why."""
    if found is None or row.verdict is not Verdict.WILL_CHANGE:
        return row
    words = [found.forfeited, found.taken_back, found.decision, row.detail]
    return replace(row, detail="; ".join(str(word) for word in words if word))


def _few(selection: Selection) -> bool:
    """Whether the choice names bookings, or one student."""
    return isinstance(selection, ByIds | ByReference) or (
        isinstance(selection, ByContact) and len(selection.ids) == 1
    )
