"""The audit, read. ``chain`` appends to it; nothing changes it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    RowMapping,
    Select,
    String,
    delete,
    func,
    or_,
    select,
    type_coerce,
    update,
)

from core.audit.chain import FIELDS, Head, Link, timestamp
from core.audit.entries import ACTS, Sought, Subject, What
from core.audit.reasons import Reason
from core.audit.retention_rules import NOT_KEPT
from core.audit.store import audit_entries
from core.audit.store.event_port import Recorded
from core.audit.store.in_transaction import record
from core.audit.store.tables import audit, audit_head, audit_reasons, events
from core.database.database import Database, forgetting, reading, writing
from core.database.statements import chunks
from core.operations.kinds.registry import MAKING
from core.operations.protocol.store.rules import LIVE
from core.operations.protocol.store.tables import movements
from core.operations.store.cancelled_exams import cancelled_exams
from core.operations.store.operations import of_exam
from core.operations.store.tables import items, operations
from core.operations.verdicts import OperationKind
from core.students.store.exam_acts import exam_acts

#: As the driver gives it: a row that somebody changed may hold what our types cannot read.
_RAW = [type_coerce(column, String).label(column.name) for column in audit.c if column.name != "n"]
_KEPT = (audit_reasons.c.salt, audit_reasons.c.words, audit_reasons.c.at.label("said_at"))
_LINKS = select(audit.c.n, *_RAW, *_KEPT).outerjoin(
    audit_reasons, audit_reasons.c.commitment == audit.c.reason
)

#: Tables of exams that keep the reason of an act, and when it was over.
_BESIDE = ((exam_acts, exam_acts.c.ended_at), (cancelled_exams, cancelled_exams.c.at))


class Audit:
    """See ``core.audit.store.port.AuditRecords``."""

    _db: Database

    @writing
    def record(self, connection: Connection, *recorded: Recorded) -> None:
        """For acts that change nothing in the journal."""
        record(connection, *recorded)

    @reading
    def audit(
        self,
        connection: Connection,
        sought: Sought,
        *,
        before: int | None = None,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Link]:
        """Newest first."""
        query = (
            _sought(connection, _LINKS, sought)
            .order_by(audit.c.n.desc())
            .limit(limit)
            .offset(offset)
        )
        if before is not None:
            query = query.where(audit.c.n < before)
        return _links(connection, query)

    @reading
    def audit_count(self, connection: Connection, sought: Sought) -> int:
        """Counted in the database."""
        query = _sought(connection, select(func.count()).select_from(audit), sought)
        return int(connection.execute(query).scalar_one())

    @reading
    def audit_sizes(self, connection: Connection, operation_ids: Collection[str]) -> dict[str, int]:
        """Counted in the index, which need not read the entries."""
        found: dict[str, int] = {}
        for some in chunks(sorted(set(operation_ids))):
            query = (
                select(audit.c.operation_id, func.count().label("n"))
                .where(audit.c.operation_id.in_(some))
                .group_by(audit.c.operation_id)
            )
            found |= {row.operation_id: row.n for row in connection.execute(query)}
        return found

    def commits(self) -> int | None:
        """See ``Database.commits``."""
        return self._db.commits()

    @reading
    def marks_of(
        self, connection: Connection, operation_ids: Collection[str]
    ) -> dict[str, tuple[int, int]]:
        """From two indexes alone. Entries are committed in the order of their places; events are
        not, and are counted.
        """
        id_ = operations.c.id
        last = func.coalesce(func.max(audit.c.n), 0)
        newest = select(last).where(audit.c.operation_id == id_).scalar_subquery()
        number = select(func.count()).where(events.c.operation_id == id_).scalar_subquery()
        found: dict[str, tuple[int, int]] = {}
        for some in chunks(sorted(set(operation_ids))):
            query = select(id_, newest, number).where(id_.in_(some))
            found |= {row[0]: (row[1], row[2]) for row in connection.execute(query)}
        return found

    @reading
    def audit_links(self, connection: Connection, after: int, limit: int) -> list[Link]:
        """By their place."""
        query = _LINKS.where(audit.c.n > after).order_by(audit.c.n).limit(limit)
        return _links(connection, query)

    @forgetting
    def forget_reasons(
        self, connection: Connection, *, before: datetime, by: str, at: datetime
    ) -> int:
        """Their salt too, so that nobody finds them by guessing; and where they stand beside."""
        old = audit_reasons.c.at < before
        forgotten = connection.execute(delete(audit_reasons).where(old)).rowcount
        for table, at_column in _BESIDE:
            stale = (at_column < before) & (table.c.reason != NOT_KEPT)
            connection.execute(update(table).where(stale).values(reason=NOT_KEPT))
        told = (exam_acts.c.ended_at < before) & exam_acts.c.tell.is_not(None)
        connection.execute(update(exam_acts).where(told).values(tell=NOT_KEPT))
        if forgotten:
            record(connection, audit_entries.forgot_reasons(forgotten, before=before, by=by, at=at))
        return forgotten

    @reading
    def audit_head(self, connection: Connection) -> tuple[Head, int]:
        """In one statement: between two, somebody could append."""
        last = select(func.coalesce(func.max(audit.c.n), 0)).scalar_subquery()
        n, hash_, last_n = connection.execute(select(audit_head.c.n, audit_head.c.hash, last)).one()
        return Head(n=n, hash=hash_), last_n


def _sought(connection: Connection, query: Select[Any], sought: Sought) -> Select[Any]:
    where = [*_told(sought), *_of_operations(sought)]
    if sought.contact_id:
        where.append(_of_contact(connection, sought.contact_id))
    if sought.booking_id:
        where.append(_of_booking(connection, sought.booking_id))
    return query.where(*where)


def _told(sought: Sought) -> Iterator[ColumnElement[bool]]:
    """What an entry itself says."""
    if sought.since is not None:
        yield audit.c.at >= sought.since
    if sought.until is not None:
        yield audit.c.at < sought.until
    if sought.actor:
        actor = sought.actor
        yield audit.c.actor == (actor.casefold() if "@" in actor else actor)
    if sought.what:
        yield audit.c.what.in_(sought.what)
    if sought.acts_only:
        yield audit.c.what.in_(sorted(ACTS))
    if sought.words:
        said = audit_reasons.c.words.icontains(sought.words, autoescape=True)
        yield audit.c.reason.in_(select(audit_reasons.c.commitment).where(said))


def _of_operations(sought: Sought) -> Iterator[ColumnElement[bool]]:
    """Of which operation, or of operations of which kinds and exam."""
    if sought.operation_id:
        yield audit.c.operation_id == sought.operation_id
    if sought.exam_id:
        theirs = select(operations.c.id).where(of_exam(sought.exam_id))
        yield _about(Subject.EXAM, sought.exam_id) | audit.c.operation_id.in_(theirs)
    if sought.kinds:
        kinds = [kind for kind in OperationKind if kind.value in sought.kinds]
        of_kinds = select(operations.c.id).where(operations.c.kind.in_(kinds))
        yield audit.c.operation_id.in_(of_kinds)


def _about(subject: Subject, *ids: str) -> ColumnElement[bool]:
    return (audit.c.subject == subject.value) & audit.c.subject_id.in_(ids)


def _of_contact(connection: Connection, contact_id: str) -> ColumnElement[bool]:
    """Its own, and those of its bookings, as far as operations of ours know whose they are."""
    query = (
        select(items.c.booking_id, items.c.operation_id, operations.c.kind)
        .join(operations, operations.c.id == items.c.operation_id)
        .where(items.c.contact_id == contact_id)
    )
    found = connection.execute(query).all()
    bookings = {row.booking_id for row in found}
    # a booking got its id after its operation was confirmed, which is of that one booking alone
    made = {row.operation_id for row in found if row.kind in MAKING}
    by_making = (audit.c.subject == Subject.BOOKING.value) & audit.c.operation_id.in_(made)
    return or_(_about(Subject.CONTACT, contact_id), _about(Subject.BOOKING, *bookings), by_making)


def _of_booking(connection: Connection, booking_id: str) -> ColumnElement[bool]:
    """Its own, and the writes of its contact in the operations that it was part of."""
    own = _about(Subject.BOOKING, booking_id)
    told = connection.execute(select(audit.c.operation_id, audit.c.what).where(own)).all()
    moved = select(movements.c.operation_id).where(
        movements.c.booking_id == booking_id, movements.c.state.in_(LIVE)
    )
    parts = {row.operation_id for row in told} | set(connection.execute(moved).scalars())
    query = select(items.c.operation_id, items.c.contact_id).where(
        items.c.operation_id.in_(parts), items.c.booking_id == booking_id
    )
    carried = [
        (audit.c.operation_id == row.operation_id) & _about(Subject.CONTACT, row.contact_id)
        for row in connection.execute(query)
        if row.contact_id
    ]
    made = {row.operation_id for row in told if row.what == What.BOOKED}
    by_making = (audit.c.subject == Subject.CONTACT.value) & audit.c.operation_id.in_(made)
    return or_(own, by_making, *carried)


def _links(connection: Connection, query: Select[Any]) -> list[Link]:
    return [_link(row) for row in connection.execute(query).mappings()]


def _link(row: RowMapping) -> Link:
    at = row["at"]
    told = dict(row) | {"at": at if isinstance(at, str) else timestamp(at)}
    of = tuple(_text(told[name]) for name in FIELDS)
    return Link(n=row["n"], texts=of, hash=row["hash"], reason=_reason(row))


def _reason(row: RowMapping) -> Reason | None:
    if row["salt"] is None:
        return None
    return Reason(commitment=row["reason"], salt=row["salt"], words=row["words"], at=row["said_at"])


def _text(value: Any) -> str | None:
    return value if value is None or isinstance(value, str) else repr(value)
