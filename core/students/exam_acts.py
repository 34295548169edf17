"""Cancelling an exam as one act: what was asked for, and how far it is. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from core.credits.records import ExamId


class ExamActState(StrEnum):
    """Where the act stands; its steps come in this order."""

    #: The exam is to be closed for booking.
    CLOSING = "closing the exam"
    #: Those who fit go to the other exam.
    MOVING = "moving bookings"
    #: All that are still active are cancelled.
    CANCELLING = "cancelling bookings"
    DONE = "done"
    #: By a person, or because it may not go on: ``ExamAct.fault`` says why.
    STOPPED = "stopped"


EXAM_ACT_ENDED = frozenset({ExamActState.DONE, ExamActState.STOPPED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ExamAct:
    """What an admin confirmed, once for one exam at a time."""

    id: str
    exam_id: ExamId
    #: In words, as it was confirmed.
    exam_name: str
    #: Where those who fit go; None: nobody is moved.
    to_exam: ExamId | None = None
    #: Whether the credits of cancelled bookings are kept on purpose.
    keeps: bool
    reason: str
    #: What the students are told as the reason; None: they are not told.
    tell: str | None = None
    asked_by: str
    asked_at: datetime
    #: Why its operations need a second admin, by the size of all of it; empty: by their own.
    needs_approval: str = ""
    state: ExamActState = ExamActState.CLOSING
    #: Ids of the operations, saved before either is made, so that none is made twice. Empty:
    #: not begun, or there was nothing to do.
    move_id: str = ""
    cancel_id: str = ""
    #: Who asked it to stop.
    stopped_by: str = ""
    #: Why it ended early.
    fault: str = ""
    waiting_for: str = ""
    failures: int = 0
    ended_at: datetime | None = None
    #: Grows with each process that takes it up, so that an older one can do no more.
    epoch: int = 0

    @property
    def ended(self) -> bool:
        """Nothing more happens to it."""
        return self.state in EXAM_ACT_ENDED

    @property
    def operations(self) -> tuple[str, ...]:
        """Those that were begun, in their order."""
        return tuple(filter(None, (self.move_id, self.cancel_id)))
