"""How long the journal takes for an operation of 10,000 bookings and a plan of 100,000 rows.

SQLite with every commit on disk; PostgreSQL by ``--url``. Alone: ``python -m benchmarks.journal``.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.report import Report, at_most
from core.app.stores import SqlJournal
from core.credits.catalogue import CreditType
from core.credits.records import BookingId, ContactId, Kind, WriteId
from core.credits.writes import Movement, MovementKind, Run, Settlement, Write, WriteState
from core.mirror.store.outbox_port import Due
from core.operations.plans import Plan, Row
from core.operations.states import Item, ItemState, Operation, OperationState
from core.operations.verdicts import OperationKind, Verdict, Why

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
UNTIL = NOW + timedelta(minutes=2)
CS = CreditType("cs_credits")
GROUP = 100
BUDGETS = (at_most("save a plan, s", 5.0),)
LEFT_OUT = "HubSpot, Supabase, and everybody else who writes the journal at the same time"


@dataclass(slots=True)
class Stopwatch:
    """Seconds by what they were spent on; several turns of one thing add up."""

    seconds: dict[str, float] = field(default_factory=dict)
    turns: dict[str, int] = field(default_factory=dict)

    @contextmanager
    def __call__(self, what: str) -> Iterator[None]:
        begun = time.perf_counter()
        yield
        self.seconds[what] = self.seconds.get(what, 0.0) + time.perf_counter() - begun
        self.turns[what] = self.turns.get(what, 0) + 1

    def report(self) -> dict[str, dict[str, float]]:
        return {
            what: {"s": round(s, 3), "ms each": round(1000 * s / self.turns[what], 2)}
            for what, s in self.seconds.items()
        }


def row(n: int) -> Row:
    return Row(
        booking_id=BookingId(f"b{n}"),
        verdict=Verdict.WILL_CHANGE,
        why=Why.CANCEL_AND_GIVE_BACK,
        credit=CS,
        contact_id=ContactId(f"c{int(n / 1.25)}"),
        booking_name=f"Clinical Skills-{n}-May 4, 2026",
        contact_name="Ada Lovelace",
        contact_email=f"student{n}@example.test",
        exam_date=NOW.date(),
        mock_type="Clinical Skills",
        before=2,
        after=3,
    )


def plan(rows: int) -> Plan:
    return Plan(
        id=f"plan of {rows}",
        kind=OperationKind.CANCEL,
        selection="everything",
        made_by="admin@example.test",
        made_at=NOW,
        expires_at=NOW + timedelta(hours=1),
        rows=tuple(row(n) for n in range(rows)),
    )


def item(n: int) -> Item:
    told = row(n)
    return Item(
        operation_id="op",
        booking_id=told.booking_id,
        n=n,
        credit=CS,
        contact_id=told.contact_id,
        booking_name=told.booking_name,
        contact_name=told.contact_name,
        contact_email=told.contact_email,
        exam_date=told.exam_date,
    )


def write(contact: ContactId, items: list[Item]) -> Write:
    moves = tuple(
        Movement(booking_id=i.booking_id, kind=MovementKind.REFUND, credit=CS, delta=1)
        for i in items
    )
    return Write(
        id=WriteId(f"w{contact}"),
        operation_id="op",
        kind=Kind.CONTACT,
        target_id=contact,
        movements=moves,
        before={CS: 2},
        after={CS: 2 + len(moves)},
        marker_before="",
        sent_at=NOW,
    )


def measure(journal: SqlJournal, bookings: int, rows: int) -> dict[str, dict[str, float]]:
    """The journal's share of a whole operation, group by group as carrying does it."""
    watch = Stopwatch()
    large = plan(rows)
    with watch("save a plan"):
        journal.save_plan(large)
    with watch("read it whole"):
        journal.plan(large.id)
    with watch("turn to a page of it"):
        journal.plan_rows(large.id, limit=100, offset=rows // 2)
    items = [item(n) for n in range(bookings)]
    with watch(f"confirm {bookings:,} bookings"):
        journal.confirm(operation(), items)
    run, _ = journal.begin_run("op", at=NOW)
    with watch("read all items"):
        journal.items("op")
    for start in range(0, bookings, GROUP):
        carry(journal, run, items[start : start + GROUP], watch)
    with watch("progress"):
        journal.progress("op")
    with watch("read all writes"):
        journal.writes("op")
    return watch.report()


def operation() -> Operation:
    return Operation(
        id="op",
        kind=OperationKind.CANCEL,
        state=OperationState.RUNNING,
        selection="everything",
        reason="benchmark",
        confirmed_by="admin@example.test",
        confirmed_at=NOW,
        hold_until=NOW,
    )


def carry(journal: SqlJournal, run: Run, group: list[Item], watch: Stopwatch) -> None:
    """What one group of a hundred bookings asks of the journal."""
    by_contact: dict[ContactId, list[Item]] = {}
    for each in group:
        by_contact.setdefault(each.contact_id or ContactId(""), []).append(each)
    writes = [write(contact, theirs) for contact, theirs in by_contact.items()]
    turns: list[tuple[str, Callable[[], object]]] = [
        ("claim", lambda: journal.claim(run, [i.booking_id for i in group], MovementKind.REFUND)),
        ("update items", lambda: journal.update_items(run, moved(group, ItemState.CLAIMED))),
        ("lease", lambda: journal.lease(run, Kind.CONTACT, by_contact, now=NOW, until=UNTIL)),
        ("save intents", lambda: journal.save_intents(run, writes)),
        ("settle", lambda: settle(journal, run, writes, moved(group, ItemState.GIVEN_BACK))),
        ("release", lambda: journal.release_leases(run, Kind.CONTACT, by_contact)),
        ("finish items", lambda: journal.update_items(run, moved(group, ItemState.DONE))),
        ("copy", lambda: copy(journal)),
    ]
    for what, turn in turns:
        with watch(what):
            turn()


def moved(items: list[Item], state: ItemState) -> list[Item]:
    return [replace(each, state=state) for each in items]


def settle(journal: SqlJournal, run: Run, writes: list[Write], items: list[Item]) -> None:
    landed = [Settlement(write_id=w.id, state=WriteState.LANDED, modified_at=NOW) for w in writes]
    due = [
        Due(kind=Kind.CONTACT, record_id=w.target_id, row={"hubspot_id": w.target_id, CS: 3})
        for w in writes
    ]
    journal.settle(run, landed, items=items, due=due, at=NOW)


def copy(journal: SqlJournal) -> None:
    taken = journal.take_due(now=NOW, until=NOW + timedelta(seconds=30), limit=200)
    journal.copied(taken, at=NOW)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="of an empty database; a SQLite file by default")
    parser.add_argument("--bookings", type=int, default=10_000)
    parser.add_argument("--rows", type=int, default=100_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        journal = SqlJournal(asked.url or f"sqlite:///{folder}/journal.sqlite")
        found = measure(journal, asked.bookings, asked.rows)
        journal.close()
    seconds = {f"{what}, s": each["s"] for what, each in found.items()}
    more = {"bookings": asked.bookings, "rows of the plan": asked.rows, "each": found}
    return Report("journal", BUDGETS, seconds, left_out=LEFT_OUT, more=more).tell()


if __name__ == "__main__":
    sys.exit(main())
