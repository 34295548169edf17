"""How long the trends of *Operations* take over 500 operations of 1,000 bookings in 90 days.

A SQLite journal (or ``--url``), written as operations leave it. The page is run as a browser's
visit runs it, without the browser: once for the first time, then again, which is what a click
costs. Alone: ``python -m benchmarks.trends_page``.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from benchmarks.drift_page import DAYS, rerun, timed, visited
from core.app import wiring
from core.app.stores import SqlJournal
from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.credits.writes import MovementKind, WriteState
from core.database.database import Database
from core.health.over_time.trend_rules import stretches
from core.operations.kinds.registry import cancelling
from core.operations.protocol.store.tables import MovementState, movements, writes
from core.operations.states import ItemState, OperationState
from core.operations.store.tables import items, operations
from pages.shared.health.trends import views
from pages.shared.places import OPERATIONS
from tests.pages.stage import ADMIN, come_in, signed_in, stage

OPERATIONS_MADE, BOOKINGS_EACH, EXAMS = 500, 1000, 60
#: Seconds of the server's work; the queries are what is left of a rerun when nothing is kept.
BUDGETS_S = {"first visit": 1.2, "rerun": 0.3, "worst query": 0.3}


def fill(url: str, until: datetime) -> None:
    rng, database = random.Random(8), Database(url)
    for n in range(OPERATIONS_MADE):
        at = until - timedelta(days=DAYS) * rng.random()
        database.write(partial(_operation, rng=rng, n=n, at=at))
    database.close()


def _operation(connection: Connection, rng: random.Random, n: int, at: datetime) -> None:
    id_ = f"{rng.getrandbits(64):x}"
    connection.execute(
        operations.insert(),
        {
            "id": id_, "kind": cancelling(keeps=n % 5 == 0), "state": OperationState.DONE,
            "since": at, "selection": "an exam", "reason": f"reason {n % 9}",
            "confirmed_by": f"admin{n % 6}@example.test", "confirmed_at": at, "hold_until": at,
            "ended_at": at,
        },
    )  # fmt: skip
    rows = range(BOOKINGS_EACH)
    exam = f"{71_000_000_000 + n % EXAMS}"
    common = {"operation_id": id_, "credit": SCHOOL.keys[n % 5], "state": ItemState.DONE}
    connection.execute(
        items.insert(),
        [
            {
                **common, "booking_id": f"{n}/{k}", "n": k, "contact_id": f"{k}", "exam_id": exam,
                "exam_date": at.date(), "mock_type": "Clinical Skills", "cancelled": True,
            }
            for k in rows
        ],
    )  # fmt: skip
    connection.execute(
        writes.insert(),
        {
            "id": f"{id_}w", "operation_id": id_, "kind": Kind.CONTACT, "target_id": "1",
            "before": {}, "after": {}, "sent_at": at, "state": WriteState.LANDED,
        },
    )  # fmt: skip
    connection.execute(
        movements.insert(),
        [
            {
                "write_id": f"{id_}w", "n": k, "operation_id": id_, "booking_id": f"{n}/{k}",
                "kind": MovementKind.REFUND, "credit": common["credit"], "delta": 1,
                "state": MovementState.LANDED,
            }
            for k in rows
        ],
    )  # fmt: skip


def measure(url: str, journal: SqlJournal) -> dict[str, object]:
    made = stage(journal=journal)
    come_in(journal, signed_in(email=ADMIN))
    filled_s = timed(lambda: fill(url, made.clock()))
    edges = stretches(made.clock(), timedelta(days=DAYS), made.core.zone).edges
    queries = {
        "acts": timed(lambda: journal.tally_acts(edges)),
        "exams": timed(lambda: journal.tally_exams(edges[0])),
    }
    at: dict[str, str] = {"view": "Trends", "period": "Last 90 days"}
    with wiring.use(made.core):
        each = {tab: visited(OPERATIONS, **at, trend=tab) for tab in views.VIEWS}
        again = {tab: rerun(page) for tab, (_, page) in each.items()}
    found = {
        "first visit": max(took for took, _ in each.values()),
        "rerun": max(again.values()),
        "worst query": max(queries.values()),
    }
    return {
        "what": "trends page",
        "filled in s": round(filled_s, 1),
        "seconds": {what: round(took, 3) for what, took in found.items()},
        "budgets": BUDGETS_S,
        "reruns, s": {tab: round(took, 3) for tab, took in again.items()},
        "queries, ms": {what: round(1000 * took, 1) for what, took in queries.items()},
        "over budget": [what for what, took in found.items() if took > BUDGETS_S[what]],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="of an empty database; a SQLite file by default")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=Path.cwd()) as folder:
        url = asked.url or f"sqlite:///{folder}/journal.sqlite"
        journal = SqlJournal(url)
        found = measure(url, journal)
        journal.close()
    print(json.dumps(found, indent=1, ensure_ascii=False))
    raise SystemExit(1 if found["over budget"] else 0)


if __name__ == "__main__":
    main()
