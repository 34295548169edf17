"""Which exams are cancelled: one row for each, removed when an admin reopens the exam."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Column, Connection, String, Table, delete, select

from core.audit.store.in_transaction import record
from core.credits.records import CancelledExam, ExamId
from core.database.columns import UtcTime, metadata
from core.database.database import Database, reading, writing
from core.database.rows import Records
from core.database.statements import added, chunks
from core.operations.store import audit_entries

cancelled_exams = Table(
    "cancelled_exams",
    metadata,
    Column("exam_id", String, primary_key=True),
    Column("by", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("reason", String, nullable=False),
)
CANCELLED_EXAMS = Records(CancelledExam, cancelled_exams)


class CancelledExams:
    """See ``core.operations.store.port.CancelledExamRecords``."""

    _db: Database

    @writing
    def cancel_exam(self, connection: Connection, exam: CancelledExam) -> CancelledExam:
        """Of two at once the primary key lets one in; the second waits, and finds the first."""
        if added(connection, cancelled_exams, CANCELLED_EXAMS.dump(exam)):
            record(connection, audit_entries.exam_cancelled(exam))
        return _found(connection, [exam.exam_id])[exam.exam_id]

    @writing
    def reopen_exam(
        self, connection: Connection, exam_id: ExamId, *, by: str, at: datetime, reason: str
    ) -> CancelledExam | None:
        """The audit keeps what it was."""
        before = _found(connection, [exam_id]).get(exam_id)
        same = cancelled_exams.c.exam_id == exam_id
        if before is None or not connection.execute(delete(cancelled_exams).where(same)).rowcount:
            return None
        record(connection, audit_entries.exam_reopened(before, by=by, at=at, reason=reason))
        return before

    @reading
    def cancelled_exams(
        self, connection: Connection, ids: Collection[ExamId]
    ) -> dict[ExamId, CancelledExam]:
        """By the primary key."""
        return _found(connection, ids)


def _found(connection: Connection, ids: Collection[ExamId]) -> dict[ExamId, CancelledExam]:
    found: dict[ExamId, CancelledExam] = {}
    for some in chunks(sorted(set(ids))):
        query = select(*CANCELLED_EXAMS.columns).where(cancelled_exams.c.exam_id.in_(some))
        rows = map(CANCELLED_EXAMS.load, connection.execute(query))
        found.update((each.exam_id, each) for each in rows)
    return found
