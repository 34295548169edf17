"""How long Overview takes with 90 days and 500 operations of 1,000 rows behind it.

Refunds and cancellations by turns, two-hourly sweeps with some fifty drifts each, and measures of
every minute, in a SQLite journal. First the server's work, without a browser: a visit, a look of
the page with nothing new, and one for which the week has to be counted again. Then until it is
painted in headless Chromium, on the local stack: in a browser that was never here (cold), and in
another tab (warm). Alone: ``python -m benchmarks.overview_page``.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from playwright.sync_api import Browser
from sqlalchemy import Connection

from benchmarks.browser import SIZE, app, chromium, painted, signed_in, told
from benchmarks.drift_page import DAYS, visited
from core.app import wiring
from core.app.stores import SqlJournal
from core.credits.catalogue import SCHOOL
from core.credits.records import BookingId, ContactId, Kind, WriteId
from core.credits.writes import MovementKind, WriteState
from core.drift.store.trends_port import Gauge, Measure
from core.operations.protocol.store.tables import MovementState, movements, writes
from core.operations.states import Item, ItemState, Operation, OperationState
from core.operations.store.rows import ITEMS, OPERATIONS
from core.operations.store.tables import items, operations
from core.operations.verdicts import OperationKind
from pages.shared.places import OVERVIEW
from tests.pages import drift_scenes
from tests.pages.stage import ADMIN, come_in, stage
from tests.pages.stage import signed_in as claims

OPERATIONS_N, ROWS = 500, 1000
SMALL = ("--contacts", "60", "--bookings", "120", "--exams", "6")
#: Seconds. Of the 2 s until it is painted the browser needs about 1.2.
BUDGETS_S = {"visit": 0.8, "rerun": 0.3, "rerun, counted again": 0.3, "cold": 2.0, "warm": 2.0}
TIMES = 5
USEFUL = {"useful": '[data-testid="stMetricValue"]'}


def fill(journal: SqlJournal, now: datetime) -> None:
    """All of it, by the tables themselves: the protocol would take many minutes."""
    drift_scenes.fill_sweeps(journal, now, days=DAYS, wrong=50)
    drift_scenes.measures(journal, now, days=DAYS, every=timedelta(minutes=1))
    journal.add_measures(
        [
            Measure(at=now - timedelta(days=day, hours=9), gauge=Gauge.OUTSTANDING, of=of, value=9)
            for day in range(DAYS)
            for of in SCHOOL.keys
        ]
    )
    every = timedelta(days=DAYS) / OPERATIONS_N
    for n in range(OPERATIONS_N):
        add = partial(_add, n=n, at=now - every * (n + 0.5))
        journal._db.write(add)  # noqa: SLF001 - no method of the journal adds what is done


def _add(connection: Connection, n: int, at: datetime) -> None:
    """One operation, done."""
    operation = Operation(
        id=f"op{n}",
        kind=(OperationKind.CANCEL, OperationKind.REFUND)[n % 2],
        state=OperationState.DONE,
        selection=f"{ROWS:,} bookings",
        reason="a benchmark",
        confirmed_by=ADMIN,
        confirmed_at=at,
        hold_until=at,
        started_at=at,
        ended_at=at + timedelta(minutes=1),
    )
    item = Item(
        operation_id=operation.id,
        booking_id=BookingId(""),
        n=0,
        state=ItemState.DONE,
        credit=SCHOOL.keys[0],
        contact_id=ContactId("1"),
        cancelled=operation.kind is OperationKind.CANCEL,
    )
    row = ITEMS.dump(item)
    write = {
        "operation_id": operation.id, "kind": Kind.CONTACT, "target_id": "1", "before": {},
        "after": {}, "sent_at": at, "state": WriteState.LANDED,
    }  # fmt: skip
    movement = {
        "n": 0, "operation_id": operation.id, "kind": MovementKind.REFUND,
        "credit": SCHOOL.keys[0], "delta": 1, "state": MovementState.LANDED,
    }  # fmt: skip
    each = [(m, f"{n}-{m}") for m in range(ROWS)]
    connection.execute(operations.insert(), [OPERATIONS.dump(operation, since=at)])
    connection.execute(items.insert(), [row | {"n": m, "booking_id": id_} for m, id_ in each])
    connection.execute(writes.insert(), [write | {"id": WriteId(id_)} for _, id_ in each])
    moved = [movement | {"write_id": id_, "booking_id": id_} for _, id_ in each]
    connection.execute(movements.insert(), moved)


def served(folder: Path) -> dict[str, float]:
    """Seconds of the server's work."""
    journal = SqlJournal(f"sqlite:///{folder / 'journal.sqlite'}")
    made = stage(journal=journal)
    come_in(journal, claims(email=ADMIN))
    fill(journal, made.clock())
    again, anew = list[float](), list[float]()
    with wiring.use(made.core):
        visit, at = visited(OVERVIEW)
        for _ in range(TIMES):
            began = time.perf_counter()
            at.run()
            again.append(time.perf_counter() - began)
            made.clock.pass_(minutes=1)
            began = time.perf_counter()
            at.run()
            anew.append(time.perf_counter() - began)
    journal.close()
    middle = statistics.median
    return {"visit": visit, "rerun": middle(again), "rerun, counted again": middle(anew)}


def seen(browser: Browser, origin: str) -> dict[str, dict[str, float]]:
    """Seconds until the figures are on the screen."""
    kept = signed_in(browser, origin)
    found: dict[str, list[float]] = {"cold": [], "warm": []}
    for _ in range(TIMES):
        context = browser.new_context(storage_state=kept, viewport=SIZE)
        for seconds in found.values():
            page = context.new_page()
            seconds.append(painted(page, f"{origin}/overview", USEFUL)["useful"])
        context.close()
    return {way: told(seconds) for way, seconds in found.items()}


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        work = served(Path(folder))
    with (
        tempfile.TemporaryDirectory() as folder,
        app(Path(folder), *SMALL, filled=lambda desk: fill(desk.journal, datetime.now(UTC))) as (
            origin,
            _,
        ),
        chromium() as browser,
    ):
        paint = seen(browser, origin)
    found = work | {way: each["median"] for way, each in paint.items()}
    report = {
        "what": f"overview, {DAYS} days, {OPERATIONS_N} operations of {ROWS:,} rows, in s",
        "server": {what: round(took, 3) for what, took in work.items()},
        "first useful paint": paint,
        "budgets": BUDGETS_S,
        "load": os.getloadavg(),
        "over budget": [what for what, took in found.items() if took > BUDGETS_S[what]],
    }
    print(json.dumps(report, indent=1))
    return 1 if report["over budget"] else 0


if __name__ == "__main__":
    sys.exit(main())
