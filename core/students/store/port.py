"""The store as this package needs it: operations, and acts on whole exams."""

from __future__ import annotations

from typing import Protocol

from core.credits.records import ExamId
from core.operations.store.port import OperationStore
from core.students.exam_acts import ExamAct


class ExamActRecords(Protocol):
    """The acts by which exams are cancelled. Beginning and end are in the audit."""

    def ask_exam_act(self, act: ExamAct) -> ExamAct:
        """Add it, unless one with its id, or one of its exam that has not ended, is there."""
        ...

    def exam_act(self, act_id: str) -> ExamAct:
        """Raises ``UnknownId``."""
        ...

    def last_exam_act(self, exam_id: ExamId) -> ExamAct | None:
        """The newest of this exam."""
        ...

    def take_exam_act(self, act_id: str) -> ExamAct:
        """A new epoch of it: whoever had it before saves nothing more. Raises ``UnknownId``."""
        ...

    def save_exam_act(self, act: ExamAct) -> None:
        """Raises ``Superseded`` when another process has taken it up."""
        ...


class StudentStore(OperationStore, ExamActRecords, Protocol):
    """Each method is one transaction. All times are UTC and passed in by the caller."""
