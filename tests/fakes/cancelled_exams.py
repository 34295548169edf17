"""Which exams are cancelled, in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from core.credits.records import CancelledExam, ExamId
from core.operations.store import audit_entries


class MemoryCancelledExams:
    _lock: threading.RLock
    _cancelled_exams: dict[ExamId, CancelledExam]
    record: Callable[..., Any]

    def cancel_exam(self, exam: CancelledExam) -> CancelledExam:
        with self._lock:
            if exam.exam_id not in self._cancelled_exams:
                self._cancelled_exams[exam.exam_id] = exam
                self.record(audit_entries.exam_cancelled(exam))
            return self._cancelled_exams[exam.exam_id]

    def reopen_exam(
        self, exam_id: ExamId, *, by: str, at: datetime, reason: str
    ) -> CancelledExam | None:
        with self._lock:
            before = self._cancelled_exams.pop(exam_id, None)
            if before is not None:
                self.record(audit_entries.exam_reopened(before, by=by, at=at, reason=reason))
            return before

    def cancelled_exams(self, ids: Collection[ExamId]) -> dict[ExamId, CancelledExam]:
        with self._lock:
            kept = self._cancelled_exams
            return {id_: kept[id_] for id_ in ids if id_ in kept}
