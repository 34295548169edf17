"""Exams that are cancelled as one act: what was asked for, and how far each is."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Connection, Index, Integer, String, Table, select, text

from core.audit.entries import Entry, Subject, What
from core.audit.store.in_transaction import record
from core.credits.errors import UnknownId
from core.credits.records import ExamId
from core.database.columns import UtcTime, Word, metadata
from core.database.database import Database, reading, writing
from core.database.epochs import next_epoch, save_fenced
from core.database.rows import Records
from core.database.statements import upsert
from core.students.exam_acts import EXAM_ACT_ENDED, ExamAct, ExamActState

_UNENDED = text("ended_at IS NULL")

exam_acts = Table(
    "exam_acts",
    metadata,
    Column("id", String, primary_key=True),
    Column("exam_id", String, nullable=False),
    Column("exam_name", String, nullable=False),
    Column("to_exam", String),
    Column("keeps", Boolean, nullable=False),
    Column("reason", String, nullable=False),
    Column("tell", String),
    Column("asked_by", String, nullable=False),
    Column("asked_at", UtcTime, nullable=False),
    Column("needs_approval", String, nullable=False),
    Column("state", Word(ExamActState), nullable=False),
    Column("move_id", String, nullable=False),
    Column("cancel_id", String, nullable=False),
    Column("stopped_by", String, nullable=False),
    Column("fault", String, nullable=False),
    Column("waiting_for", String, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("ended_at", UtcTime),
    Column("epoch", Integer, nullable=False),
    Index("exam_acts_by_exam", "exam_id", "asked_at"),
    # a second click finds the first one's act
    Index(
        "exam_acts_unended",
        "exam_id",
        unique=True,
        sqlite_where=_UNENDED,
        postgresql_where=_UNENDED,
    ),
)
EXAM_ACTS = Records(ExamAct, exam_acts)


class ExamActs:
    """See ``core.students.store.port.ExamActRecords``."""

    _db: Database

    @writing
    def ask_exam_act(self, connection: Connection, act: ExamAct) -> ExamAct:
        """The index decides between two clicks."""
        asked = upsert(connection, exam_acts).on_conflict_do_nothing().values(EXAM_ACTS.dump(act))
        if connection.execute(asked.returning(exam_acts.c.id)).first() is not None:
            record(connection, exam_act_asked(act))
            return act
        same = (exam_acts.c.exam_id == act.exam_id) & exam_acts.c.ended_at.is_(None)
        query = select(*EXAM_ACTS.columns).where((exam_acts.c.id == act.id) | same)
        return EXAM_ACTS.load(connection.execute(query).one())

    @reading
    def exam_act(self, connection: Connection, act_id: str) -> ExamAct:
        return _find(connection, act_id)

    @reading
    def last_exam_act(self, connection: Connection, exam_id: ExamId) -> ExamAct | None:
        """By the index of the exam."""
        newest = (exam_acts.c.asked_at.desc(), exam_acts.c.id)
        query = select(*EXAM_ACTS.columns).where(exam_acts.c.exam_id == exam_id).order_by(*newest)
        row = connection.execute(query.limit(1)).first()
        return None if row is None else EXAM_ACTS.load(row)

    @writing
    def take_exam_act(self, connection: Connection, act_id: str) -> ExamAct:
        """Raises ``UnknownId``."""
        next_epoch(connection, exam_acts, act_id)
        return _find(connection, act_id)

    @writing
    def save_exam_act(self, connection: Connection, act: ExamAct) -> None:
        """Whoever was superseded changes nothing."""
        save_fenced(connection, exam_acts, EXAM_ACTS.dump(act), "exam act")
        if act.state in EXAM_ACT_ENDED:
            record(connection, exam_act_ended(act))


def _find(connection: Connection, act_id: str) -> ExamAct:
    row = connection.execute(select(*EXAM_ACTS.columns).where(exam_acts.c.id == act_id)).first()
    if row is None:
        raise UnknownId(f"there is no exam act {act_id}")
    return EXAM_ACTS.load(row)


def exam_act_asked(act: ExamAct) -> Entry:
    """Who cancels which exam with all its bookings, why, and where those who fit go."""
    return Entry(
        at=act.asked_at,
        actor=act.asked_by,
        what=What.EXAM_ACT_ASKED,
        subject=Subject.EXAM,
        subject_id=act.exam_id,
        reason=act.reason,
        detail={"act": act.id, "to_exam": act.to_exam, "keeps_credits": act.keeps},
    )


def exam_act_ended(act: ExamAct) -> Entry:
    """How it ended, and by which operations."""
    assert act.ended_at is not None
    return Entry(
        at=act.ended_at,
        actor=act.stopped_by or act.asked_by,
        what=What.EXAM_ACT_ENDED,
        subject=Subject.EXAM,
        subject_id=act.exam_id,
        detail={"act": act.id, "state": act.state.value, "operations": list(act.operations)}
        | ({"why": act.fault} if act.fault else {}),
    )
