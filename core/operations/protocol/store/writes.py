"""Writes: intents saved before they are sent, and the outcomes found afterwards."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from core.audit.entries import Entry
from core.audit.store.event_port import Recorded
from core.audit.store.in_transaction import record
from core.credits.errors import UnknownId
from core.credits.records import ItemKey, Kind, WriteId
from core.credits.writes import MovementKind, Run, Settlement, Write, WriteState
from core.database.columns import always
from core.database.database import Database, reading, writing
from core.database.rows import AnyRow
from core.database.statements import alike, chunks
from core.mirror.store.outbox import put
from core.mirror.store.outbox_port import Due
from core.operations.protocol.store import audit_entries
from core.operations.protocol.store.claims import still_leased
from core.operations.protocol.store.intents import add_intents, load_writes
from core.operations.protocol.store.rules import UNDOES, check_outcome
from core.operations.protocol.store.tables import MovementState, claims, movements, writes
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.states import Item
from core.operations.store.fence import fence
from core.operations.store.items import save_items


class Writes:
    """See ``core.operations.protocol.store.writes_port.WriteRecords``."""

    _db: Database

    @writing
    def save_intents(
        self, connection: Connection, run: Run, writes: Sequence[Write], *, holder: str = ""
    ) -> set[WriteId]:
        """Raises ``JournalError`` when one of the movements is already on its way elsewhere."""
        fence(connection, run)
        leased = still_leased(connection, run, writes, holder)
        add_intents(connection, leased)
        return {write.id for write in leased}

    @writing
    def resend(
        self, connection: Connection, run: Run, write_ids: Collection[WriteId], *, at: datetime
    ) -> None:
        """Only of open writes: a decided one is never sent again."""
        fence(connection, run)
        for some in chunks(sorted(write_ids)):
            found = update(writes).where(writes.c.id.in_(some), writes.c.state == WriteState.OPEN)
            connection.execute(found.values(sent_at=at))

    @reading
    def open_writes(
        self,
        connection: Connection,
        *,
        operation_id: str | None = None,
        kind: Kind | None = None,
        ids: Collection[str] = (),
    ) -> list[Write]:
        """What is not given does not restrict; in the order in which they were saved."""
        where = [always(writes.c.state, WriteState.OPEN)]
        if operation_id is not None:
            where.append(writes.c.operation_id == operation_id)
        if kind is not None:
            where.append(writes.c.kind == kind)
        if not ids:
            return [record.write for record in load_writes(connection, *where)]
        return [
            record.write
            for some in chunks(sorted(set(ids)))
            for record in load_writes(connection, *where, writes.c.target_id.in_(some))
        ]

    @writing
    def settle(
        self,
        connection: Connection,
        run: Run,
        settlements: Sequence[Settlement],
        *,
        items: Sequence[Item] = (),
        due: Sequence[Due] = (),
        at: datetime,
        held_until: datetime | None = None,
        entries: Sequence[Recorded] = (),
    ) -> list[Due]:
        """Outcomes, then items, whose claims depend on them, then copies: one transaction.

        Saying an outcome again changes nothing; contradicting one raises ``JournalError``.
        """
        by, reason = fence(connection, run)
        word = audit_entries.Word(operation_id=run.operation_id, by=by, reason=reason, at=at)
        record(connection, *entries, *_record_outcomes(connection, settlements, word))
        save_items(connection, run, items)
        return put(connection, due, at=at, held_until=held_until)

    @reading
    def moving(self, connection: Connection, operation_id: str, kind: MovementKind) -> set[ItemKey]:
        """Also those that another operation has taken back since."""
        query = select(movements.c.booking_id).where(
            movements.c.operation_id == operation_id,
            movements.c.kind == kind,
            movements.c.state != MovementState.VOID,
        )
        return set(connection.execute(query).scalars())

    @reading
    def writes(
        self,
        connection: Connection,
        operation_id: str,
        *,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[WriteRecord]:
        """In the order in which they were saved."""
        of = writes.c.operation_id == operation_id
        return load_writes(connection, of, limit=limit, offset=offset)

    @reading
    def writes_counted(
        self, connection: Connection, operation_id: str
    ) -> Mapping[tuple[WriteState, str | None], int]:
        """Counted in the database."""
        by = (writes.c.state, writes.c.verified)
        query = select(*by, func.count()).where(writes.c.operation_id == operation_id)
        return {(state, found): n for state, found, n in connection.execute(query.group_by(*by))}

    @reading
    def undecided_writes(self, connection: Connection, operation_id: str) -> list[WriteRecord]:
        """From the index of those alone."""
        waiting = always(writes.c.state, WriteState.UNDECIDED)
        return load_writes(connection, waiting, writes.c.operation_id == operation_id)

    @reading
    def known_writes(self, connection: Connection, ids: Collection[str]) -> set[str]:
        """By the unique index on the id."""
        found: set[str] = set()
        for some in chunks(sorted(set(ids))):
            query = select(writes.c.id).where(writes.c.id.in_(some))
            found.update(connection.scalars(query))
        return found


def _record_outcomes(
    connection: Connection, settlements: Sequence[Settlement], word: audit_entries.Word
) -> list[Entry]:
    """What is to stand in the audit of those that were news."""
    said = {each.write_id: each for each in settlements}
    known = _known(connection, said)
    fresh = [each for id_, each in said.items() if each.state is not known[id_].state]
    # one statement for all that fared alike: the answer of a batch is one, or nearly so
    for outcome, ids in alike(fresh, "write_id", ("state", "modified_at", "reason")):
        found = update(writes).where(writes.c.id.in_(ids))
        connection.execute(found.values(outcome))
    for outcome, ids in alike(fresh, "write_id", ("state",)):
        carried = update(movements).where(movements.c.write_id.in_(ids))
        connection.execute(carried.values(state=MovementState(outcome["state"].value)))
    landed = [each.write_id for each in fresh if each.state is WriteState.LANDED]
    moves = _moves(connection, [each.write_id for each in fresh])
    _free_what_was_undone(connection, landed)
    return [
        audit_entries.settled(word, each, known[each.write_id], moves.get(each.write_id, ()))
        for each in fresh
    ]


def _known(connection: Connection, settlements: Mapping[WriteId, Settlement]) -> dict[str, AnyRow]:
    """These writes, held until the transaction ends; raises for a stranger or a contradiction."""
    columns = (writes.c[name] for name in ("id", "state", "kind", "target_id", "before", "after"))
    query = select(*columns).with_for_update()
    known: dict[str, AnyRow] = {}
    for some in chunks(sorted(settlements)):
        rows = connection.execute(query.where(writes.c.id.in_(some)))
        known |= {row.id: row for row in rows}
    for id_, settlement in settlements.items():
        if id_ not in known:
            raise UnknownId(f"there is no write {id_}")
        check_outcome(id_, known[id_].state, settlement.state)
    return known


def _moves(
    connection: Connection, ids: Sequence[WriteId]
) -> dict[str, list[tuple[MovementKind, str]]]:
    """Kind and booking of each movement, by write."""
    found: dict[str, list[tuple[MovementKind, str]]] = {}
    columns = (movements.c.write_id, movements.c.kind, movements.c.booking_id)
    for some in chunks(ids):
        query = select(*columns).where(movements.c.write_id.in_(some))
        for write_id, *move in connection.execute(query.order_by(movements.c.n)):
            found.setdefault(write_id, []).append((move[0], move[1]))
    return found


def _free_what_was_undone(connection: Connection, landed: Sequence[WriteId]) -> None:
    """A compensating movement that landed frees the claims on both, so that each may come again."""
    for some in chunks(landed):
        query = select(movements.c.booking_id, movements.c.kind).where(
            movements.c.write_id.in_(some), movements.c.kind.in_(UNDOES)
        )
        for booking, kind in connection.execute(query).all():
            for freed in (kind, UNDOES[kind]):
                _undone(connection, booking, freed)


def _undone(connection: Connection, booking: str, kind: MovementKind) -> None:
    connection.execute(
        update(movements)
        .where(movements.c.booking_id == booking, movements.c.kind == kind)
        .where(movements.c.state == MovementState.LANDED)
        .values(state=MovementState.UNDONE)
    )
    connection.execute(delete(claims).where(claims.c.booking_id == booking, claims.c.kind == kind))
