"""A process of its own for the journal's tests: ``python -m tests.contract.journal.child ...``.

Says ``ready`` when it stands where the test wants it, and goes on when its input says so.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable

from sqlalchemy import Connection, select

from core.access.store.rate import SharedPace
from core.app.stores import SqlJournal
from core.audit.store.in_transaction import record
from core.credits.records import BookingId
from core.credits.writes import Run
from core.mirror.store.outbox import put
from core.operations.protocol.store.audit_entries import Word
from core.operations.protocol.store.writes import _record_outcomes
from core.operations.states import ItemState
from core.operations.store.items import save_items
from tests.contract.journal.given import ADMIN, NOW, REFUND, due, item, outcome


def say(what: str) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def wait() -> None:
    say("ready")
    sys.stdin.readline()


def open_it(url: str) -> None:
    """Open a journal at the same moment as others do."""
    wait()
    journal = SqlJournal(url)
    say(json.dumps([operation.id for operation in journal.operations()]))


def claim_all(url: str, operation_id: str, count: str) -> None:
    """Claim one booking after the other, and tell which were got."""
    journal = SqlJournal(url)
    run, _ = journal.begin_run(operation_id, at=NOW)
    wait()
    bookings = [BookingId(f"b{n}") for n in range(int(count))]
    if operation_id.endswith("1"):
        bookings.reverse()
    owners = {
        b: owner
        for booking in bookings
        for b, owner in journal.claim(run, [booking], REFUND).items()
    }
    say(json.dumps([booking for booking, owner in owners.items() if owner == operation_id]))


def settle_and_hang(url: str) -> None:
    """Do all that settling does, but for the commit."""
    journal = SqlJournal(url)
    run = Run(operation_id="op", epoch=1)

    def half(connection: Connection) -> None:
        word = Word(operation_id="op", by=ADMIN, reason="", at=NOW)
        record(connection, *_record_outcomes(connection, [outcome("w1")], word))
        save_items(connection, run, [item(0, state=ItemState.GIVEN_BACK)])
        put(connection, [due("c0", cs_credits=3)], at=NOW)
        wait()

    journal._db.write(half)


def hold_the_pen(url: str) -> None:
    """Keep every other writer of a file out."""

    def hold(connection: Connection) -> None:
        connection.execute(select(1))
        wait()

    SqlJournal(url)._db.write(hold)


def ask_often(url: str, count: str) -> None:
    """Ask as one key, and tell which times were let in."""
    pace = SharedPace(url)
    wait()
    say(json.dumps([pace.take("a", rate=0.001, most=40) == 0 for _ in range(int(count))]))


JOBS: dict[str, Callable[..., None]] = {
    "open": open_it,
    "claim": claim_all,
    "hang": settle_and_hang,
    "hold": hold_the_pen,
    "pace": ask_often,
}

if __name__ == "__main__":
    JOBS[sys.argv[1]](*sys.argv[2:])
