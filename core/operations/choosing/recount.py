"""Recounts: the plan that sets an exam's seat count to what its bookings hold.

``core.operations.steps.recount`` carries it out (docs/decisions/0009-seat-recounts.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.audit.store.event_port import Event
from core.credits.errors import BadList
from core.credits.records import TOTAL_BOOKINGS, Booking, BookingId, Exam, ExamId, Kind
from core.credits.roles import Act, Actor
from core.credits.sessions import Counts, Session, count
from core.credits.writes import Run
from core.hubspot.ports.lookup import CrmLookUp
from core.operations.choosing.select import exam_words
from core.operations.kinds.recount import RECOUNT
from core.operations.leftovers import About, Warned
from core.operations.plans import Plan, Row
from core.operations.protocol.settle import Ending, Result
from core.operations.states import Operation, OperationState, item_of
from core.operations.store.port import OperationStore
from core.operations.verdicts import Verdict, Why
from core.work.engine_port import Engine

#: A preview that nobody confirms; a recount is confirmed as it is made.
PLAN_LIFE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class SeatRecount:
    """What people ask for. The difference is measured again when it is carried out."""

    crm: CrmLookUp
    journal: OperationStore
    engine: Engine
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    #: Raises ``AnotherDesk`` while another desk is at work.
    alone: Callable[[], None] = lambda: None

    def preview(self, ids: Sequence[ExamId], actor: Actor) -> Plan:
        """Each exam with its count before and after. Stored, and changes nothing.

        Raises:
            NotAllowed: this person may not correct seat counts.
            BadList: no exam was named, or HubSpot has none of that id.
            GatewayError: HubSpot does not answer.
        """
        actor.require(Act.RUN_BATCHES)
        if not ids:
            raise BadList(["name at least one exam"])
        made_at = self.now()
        rows = tuple(_row(measure(self.crm, id_), id_) for id_ in dict.fromkeys(ids))
        plan = Plan(
            id=self.new_id(),
            kind=RECOUNT.key,
            selection=f"seats: {'; '.join(row.booking_name for row in rows[:3])}",
            made_by=actor.email,
            made_at=made_at,
            expires_at=made_at + PLAN_LIFE,
            rows=rows,
        )
        self.journal.save_plan(plan)
        return plan

    def recount(self, ids: Sequence[ExamId], actor: Actor) -> Operation:
        """Set these counts right, under the name of whoever asked. The engine carries it.

        Raises:
            NotAllowed, BadList, GatewayError: as ``preview``; nothing was changed.
            AnotherDesk: another desk is at work on this account.
        """
        actor.require(Act.RUN_BATCHES)
        self.alone()
        plan = self.preview(ids, actor)
        now = self.now()
        told = [f"{row.booking_name} {row.before} → {row.after}" for row in plan.will_change]
        operation = Operation(
            id=plan.id,
            kind=RECOUNT.key,
            state=OperationState.HELD,
            selection=plan.selection,
            reason="; ".join(told) or "the counts were right",
            confirmed_by=actor.email,
            confirmed_at=now,
            hold_until=now,
        )
        blocked = [row for row in plan.rows if row.verdict is Verdict.BLOCKED]
        items = [item_of(plan.id, n, row) for n, row in enumerate(blocked)]
        event = Event(
            at=now,
            actor=actor.email,
            what="confirmed",
            operation_id=operation.id,
            detail={"reason": operation.reason, "exams": [row.exam_id for row in plan.rows]},
        )
        self.journal.confirm(operation, items, event)
        self.engine.submit(operation.id)
        return self.journal.operation(operation.id)


def warn_of_seats(
    journal: OperationStore, run: Run, results: Mapping[str, Result], undone: str, *, at: datetime
) -> None:
    """Keep which counts were not written, and no longer those that were after all.

    One of which HubSpot does not tell stands in the journal as an undecided write.
    """
    refused = [
        Warned(about=About.SEATS, record=exam, told=f"exam {exam} {undone}: {result.reason}")
        for exam, result in results.items()
        if result.ending is Ending.REFUSED
    ]
    sure = {Ending.LANDED, Ending.UNDECIDED}
    well = {(About.SEATS, exam) for exam, result in results.items() if result.ending in sure}
    if refused or well:
        journal.warn(run, refused, well=well, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured(Session):
    """A session read from the truth, and when it was last changed."""

    counts: Counts
    changed_at: datetime


def measure(crm: CrmLookUp, id_: ExamId) -> Measured | None:
    """The exam and its bookings, as HubSpot states them now. None: no such exam."""
    exam: Exam | None = crm.exams([id_])[id_]
    if exam is None:
        return None
    ids: Sequence[BookingId] = crm.booking_ids_of(Kind.EXAM, [exam.id]).get(exam.id, ())
    bookings: list[Booking] = [one for one in crm.bookings(ids).values() if one is not None]
    changed_at = max([exam.modified_at, *(booking.modified_at for booking in bookings)])
    return Measured(exam=exam, counts=count(bookings, owed=0), changed_at=changed_at)


def _row(session: Measured | None, id_: ExamId) -> Row:
    """One exam of a plan; it stands in a booking's place."""
    if session is None:
        raise BadList([f"HubSpot has no exam {id_}"])
    verdict, why, detail = Verdict.SKIP, Why.COUNT_RIGHT, ""
    if session.counted is None:
        verdict, why = Verdict.BLOCKED, Why.SEATS_UNREADABLE
        detail = "; ".join(session.exam.unreadable.values())
    elif session.counts.unclear:
        verdict, why, detail = Verdict.BLOCKED, Why.STATUS_UNKNOWN, unclear_told(session)
    elif session.drift:
        verdict, why = Verdict.WILL_CHANGE, Why.RECOUNT
    return Row(
        booking_id=id_,
        verdict=verdict,
        why=why,
        detail=detail,
        credit=TOTAL_BOOKINGS if verdict is Verdict.WILL_CHANGE else None,
        exam_id=id_,
        booking_name=exam_words(session.exam),
        exam_date=session.exam.exam_date,
        mock_type=session.exam.mock_type,
        before=session.counted,
        after=session.counts.seats,
    )


def unclear_told(session: Session) -> str:
    """Why its seats cannot be counted."""
    n = session.counts.unclear if session.counts else 0
    are = "1 booking has a status" if n == 1 else f"{n} bookings have a status"
    return f"{are} that is not Active, Cancelled or Completed: correct it in HubSpot"
