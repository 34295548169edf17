"""What a confirmed recount goes through: each exam's seat count set to what its bookings hold.

The difference is written, not the sum. Our own operations change bookings and count by the same
number, only not in the same moment; so the difference, measured while none of them is between the
two, stays right whatever they do until it is written (docs/decisions/0009-seat-recounts.md).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.credits.errors import StateConflict
from core.credits.records import TOTAL_BOOKINGS, ExamId, Kind
from core.credits.writes import Movement, MovementKind, Run
from core.hubspot.ports.crm import SETTLING
from core.hubspot.ports.lookup import CrmLookUp
from core.operations.choosing.recount import Measured, measure, unclear_told, warn_of_seats
from core.operations.protocol.settle import Consequences, Ending, Result
from core.operations.protocol.write import Writing
from core.operations.states import Item, Operation, OperationState
from core.operations.steps.credits import CommonSteps
from core.operations.store.port import OperationStore
from core.operations.verdicts import Verdict


@dataclass(frozen=True, slots=True)
class RecountSteps(CommonSteps):
    """What a confirmed recount goes through: exams, and no items. See ``KindSteps``."""

    crm: CrmLookUp
    journal: OperationStore
    writing: Writing
    then: Consequences
    nudge: Callable[[], None]
    now: Callable[[], datetime]

    def carry(self, run: Run, operation: Operation, group: Sequence[Item]) -> None:  # noqa: ARG002
        """Its rows are exams, and are not carried as items: there are none to be carried."""
        raise StateConflict(
            f"recount {operation.id} has {len(group)} items to carry: nothing was done",
            state=operation.state,
        )

    def recovered(self, operation: Operation) -> Consequences:  # noqa: ARG002
        """The counts are due for the copy."""
        return self.then

    def conclude(self, run: Run, operation: Operation) -> bool:
        """Write what is still wrong. True: not all is known yet, look again."""
        moving = self.journal.moving(operation.id, MovementKind.CORRECTION)
        done = {booking.split("/")[1] for booking in moving}
        rows = self.journal.plan_rows(operation.id, verdicts=[Verdict.WILL_CHANGE])
        todo = [row.exam_id for row in rows if row.exam_id and row.exam_id not in done]
        again = [self._one(run, operation, id_) for id_ in todo]  # all, not up to the first
        return any(again)

    def _one(self, run: Run, operation: Operation, id_: ExamId) -> bool:
        began = self.now()
        session = measure(self.crm, id_)
        if session is None or session.counted is None:
            self._warn(run, id_, Result(Ending.REFUSED, "it, or its count, cannot be read"))
            return False
        if session.counts.unclear:
            self._warn(run, id_, Result(Ending.REFUSED, unclear_told(session)))
            return False
        if self._unsettled(session, began) or self._others(operation, id_, began):
            return True
        if not session.drift:  # somebody, or an earlier recount, has mended it meanwhile
            self._warn(run, id_, Result(Ending.LANDED))
            return False
        movements = _movements(operation, session)
        result = self.writing.write(run, Kind.EXAM, {id_: movements}, self.then)[id_]
        self.nudge()
        self._warn(run, id_, result)
        return result.ending in {Ending.BUSY, Ending.OPEN, Ending.NOT_SENT}

    def _unsettled(self, session: Measured, now: datetime) -> bool:
        """Whether somebody is just booking or cancelling: student apps need two calls for it."""
        return now - session.changed_at < SETTLING

    def _others(self, operation: Operation, id_: ExamId, began: datetime) -> bool:
        """Whether one of our operations may be between its bookings and its count.

        Asked after the bookings were read: one that is confirmed, or approved, later changes both
        later. Of two recounts of one exam the later waits for the earlier.
        """
        items = self.journal.items_of_exam(id_, ended_since=began)
        begun = (other for _, other in items if other.state is not OperationState.AWAITING)
        if any(other.id != operation.id for other in begun):
            return True
        return any(
            id_ in {row.exam_id for row in self.journal.plan_rows(other.id)}
            for other in self.journal.operations(
                states=[OperationState.HELD, OperationState.RUNNING, OperationState.STOPPING]
            )
            if other.kind is operation.kind and _age(other) < _age(operation)
        )

    def _warn(self, run: Run, exam: ExamId, result: Result) -> None:
        warn_of_seats(self.journal, run, {exam: result}, "was not counted anew", at=self.now())


def _movements(operation: Operation, session: Measured) -> list[Movement]:
    """Named by operation and exam, so that no crash lets one of them be written twice."""
    delta = -1 if session.drift > 0 else 1
    return [
        Movement(
            booking_id=f"{operation.id}/{session.exam.id}/{n}",
            kind=MovementKind.CORRECTION,
            credit=TOTAL_BOOKINGS,
            delta=delta,
        )
        for n in range(abs(session.drift))
    ]


def _age(operation: Operation) -> tuple[datetime, str]:
    return operation.confirmed_at, operation.id
