"""What is known of the telling of each student."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, func, select, update

from core.audit.store.in_transaction import record
from core.credits.writes import Run
from core.database.database import Database, reading, writing
from core.database.rows import Records
from core.database.statements import upsert
from core.operations.store import audit_entries
from core.operations.store.fence import fence
from core.operations.store.operations import find
from core.operations.store.rules import check_told_again
from core.operations.telling.rules import TELLABLE_AGAIN, Telling, TellingState
from core.operations.telling.store.tables import told

TOLD = Records(Telling, told)


class Tellings:
    """See ``core.operations.telling.store.tellings_port.TellingRecords``."""

    _db: Database

    @reading
    def tellings(
        self,
        connection: Connection,
        operation_id: str,
        *,
        states: Collection[TellingState] = (),
    ) -> list[Telling]:
        """In the order of contact ids."""
        query = select(*TOLD.columns).where(told.c.operation_id == operation_id)
        if states:
            query = query.where(told.c.state.in_(states))
        return [TOLD.load(row) for row in connection.execute(query.order_by(told.c.contact_id))]

    @writing
    def record_tellings(
        self, connection: Connection, run: Run, tellings: Sequence[Telling]
    ) -> None:
        """The last word on each student stands."""
        fence(connection, run)
        rows = [TOLD.dump(one) for one in tellings]
        if not rows:
            return
        insert = upsert(connection, told)
        key = list(told.primary_key)
        changed = {c.name: insert.excluded[c.name] for c in told.c if not c.primary_key}
        connection.execute(insert.on_conflict_do_update(index_elements=key, set_=changed), rows)

    @reading
    def telling_counts(
        self, connection: Connection, operation_id: str
    ) -> Mapping[TellingState, int]:
        """Counted in the database."""
        query = select(told.c.state, func.count()).where(told.c.operation_id == operation_id)
        counted = connection.execute(query.group_by(told.c.state))
        return {row[0]: row[1] for row in counted}

    @writing
    def tell_again(
        self, connection: Connection, operation_id: str, *, at: datetime, actor: str
    ) -> int:
        """Under the operation's lock: it is not carried on meanwhile."""
        operation, _ = find(connection, operation_id, lock=True)
        check_told_again(operation)
        due = update(told).where(
            told.c.operation_id == operation_id, told.c.state.in_(TELLABLE_AGAIN)
        )
        number = connection.execute(due.values(state=TellingState.WAITING)).rowcount
        if number:
            record(connection, audit_entries.told_again(operation, number, at=at, actor=actor))
        return number
