"""The part of the journal that keeps which exams are cancelled."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from core.credits.records import CancelledExam, ExamId


class CancelledExamRecords(Protocol):
    """Part of ``Journal``, whose rules hold here too. Each change is in the audit with it."""

    def cancel_exam(self, exam: CancelledExam) -> CancelledExam:
        """The word that is in effect now: this one, unless the exam is cancelled already."""
        ...

    def reopen_exam(
        self, exam_id: ExamId, *, by: str, at: datetime, reason: str
    ) -> CancelledExam | None:
        """End it; the word that was in effect. None: the exam was not cancelled."""
        ...

    def cancelled_exams(self, ids: Collection[ExamId]) -> dict[ExamId, CancelledExam]:
        """Those of these exams that are cancelled."""
        ...
