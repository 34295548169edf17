"""What was found when landed writes were looked at again, and which notes are written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from core.audit.store.event_port import Recorded
from core.audit.store.in_transaction import record
from core.credits.records import WriteId
from core.credits.writes import Run, WriteState
from core.database.columns import always
from core.database.database import Database, reading, writing
from core.database.rows import Records
from core.database.statements import upsert
from core.operations.foreign.changes import Conflict, ForeignWrite
from core.operations.foreign.corrections import name_of
from core.operations.protocol.store.intents import load_writes
from core.operations.protocol.store.tables import foreign_writes, writes
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.states import ENDED
from core.operations.store.fence import fence
from core.operations.store.tables import notes, operations

FOREIGN_WRITES = Records(ForeignWrite, foreign_writes)
_VERIFY = update(writes).where(writes.c.id == bindparam("b_id"))


class Verification:
    """See ``core.operations.protocol.store.writes_port.WriteRecords``."""

    _db: Database

    @reading
    def unverified(
        self, connection: Connection, operation_id: str, limit: int
    ) -> list[WriteRecord]:
        return load_writes(
            connection,
            writes.c.operation_id == operation_id,
            always(writes.c.state, WriteState.LANDED),
            writes.c.verified.is_(None),
            limit=limit,
        )

    @writing
    def record_verified(
        self,
        connection: Connection,
        verified: Mapping[WriteId, str],
        foreign: Sequence[ForeignWrite],
        *,
        at: datetime,
        again: Mapping[WriteId, datetime] = {},
        entries: Sequence[Recorded] = (),
    ) -> None:
        """A foreign write is kept as it was first found."""
        if verified:
            values = [
                {"b_id": id_, "verified": found, "verified_at": at, "look_at": again.get(id_)}
                for id_, found in verified.items()
            ]
            connection.execute(_VERIFY, values)
        if foreign:
            rows = [
                FOREIGN_WRITES.dump(
                    each, found_at=at, name=name_of(each), correction=each.correction
                )
                for each in foreign
            ]
            connection.execute(upsert(connection, foreign_writes).on_conflict_do_nothing(), rows)
        record(connection, *entries)

    @reading
    def to_look_at(self, connection: Connection, now: datetime, limit: int) -> list[WriteRecord]:
        ended = select(operations.c.id).where(operations.c.state.in_(ENDED))
        due = (
            select(writes.c.id)
            .where(writes.c.look_at.is_not(None), writes.c.look_at <= now)
            .where(writes.c.operation_id.in_(ended))
            .order_by(writes.c.look_at, writes.c.seq)
            .limit(limit)
        )
        return load_writes(connection, writes.c.id.in_(due))

    @reading
    def foreign_writes(self, connection: Connection, operation_id: str) -> list[ForeignWrite]:
        found = foreign_writes.c
        query = (
            select(*FOREIGN_WRITES.columns)
            .join(writes, writes.c.id == found.write_id)
            .where(writes.c.operation_id == operation_id)
            .order_by(found.at, found.write_id, found.credit)
        )
        return [FOREIGN_WRITES.load(row) for row in connection.execute(query)]

    @writing
    def decide_foreign(
        self, connection: Connection, foreign: ForeignWrite, by: int, *recorded: Recorded
    ) -> bool:
        found = foreign_writes.c
        decided = replace(foreign, decided=by)
        changed = connection.execute(
            update(foreign_writes)
            .where(found.write_id == foreign.write_id, found.credit == foreign.credit)
            .where(found.at == foreign.at, found.conflict == Conflict.UNCLEAR)
            .where(found.decided.is_(None))
            .values(decided=by, name=name_of(decided), correction=by)
        )
        if changed.rowcount != 1:
            return False
        record(connection, *recorded)
        return True

    @reading
    def noted(self, connection: Connection, operation_id: str) -> set[str]:
        query = select(notes.c.contact_id).where(notes.c.operation_id == operation_id)
        return set(connection.execute(query).scalars())

    @writing
    def record_noted(self, connection: Connection, run: Run, contact_ids: Collection[str]) -> None:
        """Repeating it is harmless."""
        fence(connection, run)
        rows = [
            {"operation_id": run.operation_id, "contact_id": id_}
            for id_ in sorted(set(contact_ids))
        ]
        if rows:
            connection.execute(upsert(connection, notes).on_conflict_do_nothing(), rows)
