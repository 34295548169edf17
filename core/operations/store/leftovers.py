"""What operations left undone beside their credits: told in their events, and by their writes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CompoundSelect, Connection, select, text, union

from core.audit.store.event_port import Event
from core.audit.store.in_transaction import record
from core.audit.store.tables import EVENTS, events
from core.credits.records import Kind
from core.credits.writes import Run, WriteState
from core.database.columns import always
from core.database.database import Database, reading, writing
from core.database.statements import chunks
from core.operations.leftovers import About, Warned, of_follow_ups
from core.operations.protocol.store.tables import NOT_CHECKED, writes
from core.operations.store.fence import fence, unknown_operation
from core.operations.store.tables import OPERATIONS, operations

#: What the events of a warning are called.
WARNED, WELL = "left undone", "made good"


class Warnings:
    """See ``core.operations.store.port``."""

    _db: Database

    @writing
    def warn(
        self,
        connection: Connection,
        run: Run,
        warned: Sequence[Warned],
        *,
        well: Collection[tuple[About, str]] = (),
        at: datetime,
    ) -> None:
        """Only what is new is added."""
        fence(connection, run)
        before = standing(_told(connection, [run.operation_id]))
        record(connection, *news(run.operation_id, before, warned, well, at=at))

    @reading
    def warnings(self, connection: Connection, operation_id: str) -> list[Warned]:
        """Raises ``UnknownId``."""
        found = _warnings(connection, [operation_id])
        if operation_id not in found:
            raise unknown_operation(operation_id)
        return found[operation_id]

    @reading
    def warnings_of(
        self, connection: Connection, operation_ids: Collection[str]
    ) -> dict[str, list[Warned]]:
        """As many queries as for one."""
        found: dict[str, list[Warned]] = {}
        for some in chunks(sorted(set(operation_ids))):
            found |= _warnings(connection, some)
        return found


def _warnings(connection: Connection, ids: Sequence[str]) -> dict[str, list[Warned]]:
    """Of those that there are: from their events, then their writes, then their follow-ups."""
    those = select(*OPERATIONS.columns).where(operations.c.id.in_(ids))
    there = [OPERATIONS.load(row) for row in connection.execute(those)]
    left_open: dict[str, list[Warned]] = {}
    for _, operation_id, *row in connection.execute(_left_open(ids)):
        left_open.setdefault(operation_id, []).append(of_write(*row))
    told: dict[str, list[Event]] = {}
    for event in _told(connection, ids):
        told.setdefault(event.operation_id, []).append(event)
    return {
        one.id: [
            *standing(told.get(one.id, ())),
            *left_open.get(one.id, ()),
            *of_follow_ups(one),
        ]
        for one in there
    }


def _left_open(ids: Sequence[str]) -> CompoundSelect[Any]:
    """From the indexes of the few writes that leave something open, in their order."""
    stated = writes.c
    columns = (
        stated.seq, stated.operation_id, stated.id, stated.kind, stated.target_id, stated.state,
        stated.verified,
    )  # fmt: skip
    of_these = select(*columns).where(stated.operation_id.in_(ids))
    unchecked = of_these.where(text(f"writes.{NOT_CHECKED}"))
    undecided = of_these.where(always(stated.state, WriteState.UNDECIDED), stated.kind == Kind.EXAM)
    return union(unchecked, undecided).order_by("seq")


def refused_notes(connection: Connection, operation_id: str) -> list[str]:
    """Contacts whose note HubSpot refused."""
    told = standing(_told(connection, [operation_id]))
    return [one.record for one in told if one.about is About.NOTE]


def _told(connection: Connection, ids: Sequence[str]) -> list[Event]:
    query = (
        select(*EVENTS.columns)
        .where(events.c.operation_id.in_(ids), events.c.what.in_((WARNED, WELL)))
        .order_by(events.c.seq)
    )
    return [EVENTS.load(row) for row in connection.execute(query)]


def standing(told: Iterable[Event]) -> list[Warned]:
    """What still stands after these events, oldest first. Of one record what was told last."""
    found: dict[tuple[About, str], Warned] = {}
    for event in told:
        about, record = About(event.detail["about"]), str(event.detail["record"])
        found.pop((about, record), None)
        if event.what == WARNED:
            told_ = str(event.detail["told"])
            found[about, record] = Warned(about=about, record=record, told=told_)
    return list(found.values())


def news(
    operation_id: str,
    before: Sequence[Warned],
    warned: Sequence[Warned],
    well: Collection[tuple[About, str]],
    *,
    at: datetime,
) -> list[Event]:
    """What is to be told now: nothing that stands already, and nothing well that never stood."""
    over = [one for one in before if (one.about, one.record) in well]
    fresh = [one for one in dict.fromkeys(warned) if one not in before]
    return [
        Event(
            at=at,
            actor="credit desk",
            what=what,
            operation_id=operation_id,
            detail={"about": one.about.value, "record": one.record, "told": one.told},
        )
        for what, those in ((WELL, over), (WARNED, fresh))
        for one in those
    ]


def of_write(
    write_id: str, kind: Kind, target_id: str, state: WriteState, verified: str | None
) -> Warned:
    """What a write leaves open."""
    if state is WriteState.UNDECIDED:
        told = f"HubSpot does not tell whether the seats of exam {target_id} were counted"
        return Warned(about=About.SEATS_UNTOLD, record=write_id, told=told)
    told = f"{kind.value.removesuffix('s')} {target_id}: {verified}"
    return Warned(about=About.CHECK, record=target_id, told=told)
