"""An admin closes an exam for booking for good, or reopens it on purpose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.credits.errors import BadList
from core.credits.records import CancelledExam, Exam, ExamId
from core.credits.roles import Act, Actor
from core.credits.sessions import ExamChange, Opening
from core.credits.typed_reasons import reason_faults
from core.hubspot.ports.crm import Outcome
from core.hubspot.ports.lookup import CrmLookUp
from core.operations.choosing.exams import exam_read
from core.students.exam_sessions import ExamSessions
from core.students.store.port import StudentStore

NO_REASON = "give a reason: it is kept with the exam and in the audit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """What came of closing one exam."""

    #: As it was just before.
    exam: Exam
    #: The first word counts: of whoever cancelled it already, if anybody did.
    cancelled: CancelledExam
    #: Of setting ``is_active`` to false in HubSpot.
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class ExamCancellation:
    """The journal first: from then on the desk books nobody there, whatever HubSpot says."""

    crm: CrmLookUp
    journal: StudentStore
    exam_sessions: ExamSessions
    now: Callable[[], datetime]

    def preview(self, id_: ExamId, actor: Actor) -> Exam:
        """The exam that would be closed, as it is now. Changes nothing.

        Raises:
            NotAllowed: this person may not.
            BadList: HubSpot has no such exam.
            GatewayError: HubSpot could not be read.
        """
        actor.require(Act.RUN_BATCHES)
        exam = exam_read(self.crm, self.journal, id_)
        if exam is None:
            raise BadList([f"HubSpot has no exam {id_}"])
        return exam

    def cancel(self, id_: ExamId, actor: Actor, *, reason: str) -> Closing:
        """Close it for good, in the journal, in HubSpot and in Supabase. Repeating is harmless.

        Raises:
            NotAllowed: this person may not.
            BadList: no reason, or HubSpot has no such exam. Nothing was changed.
            GatewayError: HubSpot could not be read. When the journal has it already, the desk
                books nobody there, and the same call again closes it in HubSpot.
        """
        exam = self._exam(id_, actor, reason)
        word = CancelledExam(
            exam_id=ExamId(exam.id), by=actor.email, at=self.now(), reason=reason.strip()
        )
        cancelled = self.journal.cancel_exam(word)
        change = ExamChange(opening=Opening.INACTIVE)
        outcome = self.exam_sessions.change(cancelled.exam_id, change, actor)
        return Closing(exam=exam, cancelled=cancelled, outcome=outcome)

    def reopen(self, id_: ExamId, actor: Actor, *, reason: str) -> CancelledExam:
        """Take the cancellation back; who had cancelled it. In HubSpot it stays inactive.

        Raises:
            NotAllowed: this person may not.
            BadList: no reason, no such exam, it is not cancelled, or its bookings are being
                cancelled with it. Nothing was changed.
            GatewayError: HubSpot could not be read.
        """
        exam = self._exam(id_, actor, reason)
        act = self.journal.last_exam_act(ExamId(exam.id))
        if act is not None and not act.ended:
            raise BadList([f"exam {exam.id} is being cancelled with its bookings: stop that first"])
        before = self.journal.reopen_exam(
            ExamId(exam.id), by=actor.email, at=self.now(), reason=reason.strip()
        )
        if before is None:
            raise BadList([f"exam {exam.id} is not cancelled"])
        return before

    def _exam(self, id_: ExamId, actor: Actor, reason: str) -> Exam:
        actor.require(Act.RUN_BATCHES)
        if faults := reason_faults(reason, missing=NO_REASON):
            raise BadList(faults)
        return self.preview(id_, actor)
