"""Groups of a run, each taken by one worker."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, and_, delete, select, update

from core.credits.records import ItemKey
from core.credits.writes import Run
from core.database.database import Database, reading, writing
from core.operations.crew.store.groups_port import Group
from core.operations.crew.store.tables import groups
from core.operations.store.fence import fence
from core.operations.store.tables import operations

NOBODYS = groups.c.taken_by == ""


class Groups:
    """See ``core.operations.crew.store.groups_port.GroupRecords``."""

    _db: Database

    @writing
    def offer_groups(
        self, connection: Connection, run: Run, offered: Sequence[Sequence[ItemKey]]
    ) -> None:
        """In place of those of an earlier offer."""
        fence(connection, run)
        forget(connection, run.operation_id)
        if offered:
            of = {"operation_id": run.operation_id, "epoch": run.epoch}
            rows = [{**of, "n": n, "bookings": list(keys)} for n, keys in enumerate(offered)]
            connection.execute(groups.insert(), rows)

    @writing
    def share_groups(self, connection: Connection, run: Run, shared: bool) -> None:
        """A group that is being taken at this moment is left to whoever takes it."""
        fence(connection, run)
        mine = update(groups).where(_of(run), NOBODYS, groups.c.shared != shared)
        connection.execute(mine.values(shared=shared))

    @reading
    def shared_run(self, connection: Connection) -> Run | None:
        """The oldest operation's."""
        newest = and_(
            operations.c.id == groups.c.operation_id, operations.c.epoch == groups.c.epoch
        )
        query = (
            select(groups.c.operation_id, groups.c.epoch)
            .join(operations, newest)
            .where(NOBODYS, groups.c.shared)
            .order_by(operations.c.confirmed_at, operations.c.id)
            .limit(1)
        )
        found = connection.execute(query).first()
        return found and Run(operation_id=found.operation_id, epoch=found.epoch)

    @writing
    def take_group(
        self, connection: Connection, run: Run, by: str, *, shared: bool = False
    ) -> Group | None:
        """Of two that ask at once one waits for the other's moment, and gets the next."""
        fence(connection, run)
        free = select(groups.c.n, groups.c.bookings).where(_of(run), NOBODYS)
        free = free.where(groups.c.shared) if shared else free
        found = connection.execute(free.order_by(groups.c.n).limit(1).with_for_update()).first()
        if found is None:
            return None
        taken = update(groups).where(_of(run), groups.c.n == found.n)
        connection.execute(taken.values(taken_by=by))
        return Group(n=found.n, bookings=tuple(found.bookings))

    @writing
    def return_groups(self, connection: Connection, run: Run, by: str) -> None:
        """All that it took."""
        fence(connection, run)
        its = update(groups).where(_of(run), groups.c.taken_by == by)
        connection.execute(its.values(returned=True))

    @writing
    def groups_out(self, connection: Connection, run: Run, but: str) -> set[str]:
        """A writing transaction: one of an older run must be told so, not wait for ever."""
        fence(connection, run)
        others = groups.c.taken_by.not_in(("", but))
        query = select(groups.c.taken_by).where(_of(run), others, groups.c.returned.is_(False))
        return set(connection.execute(query.distinct()).scalars())


def _of(run: Run) -> ColumnElement[bool]:
    return and_(groups.c.operation_id == run.operation_id, groups.c.epoch == run.epoch)


def forget(connection: Connection, operation_id: str) -> None:
    """Of an operation that ends, or whose groups are made anew."""
    connection.execute(delete(groups).where(groups.c.operation_id == operation_id))
