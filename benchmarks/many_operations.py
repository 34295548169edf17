"""500 operations of 1,000 bookings in 90 days, written into a journal as they leave it.

By the tables themselves: the protocol would take many minutes.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection

from benchmarks.drift_page import DAYS
from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.credits.writes import MovementKind, WriteState
from core.database.database import Database
from core.operations.kinds.registry import cancelling
from core.operations.protocol.store.tables import MovementState, movements, writes
from core.operations.states import ItemState, OperationState
from core.operations.store.tables import items, operations

OPERATIONS, ROWS, EXAMS = 500, 1000, 60


def fill(url: str, until: datetime, *, number: int = OPERATIONS, rows: int = ROWS) -> None:
    """All of them, at times of chance that are the same each time."""
    rng, database = random.Random(8), Database(url)
    for n in range(number):
        at = until - timedelta(days=DAYS) * rng.random()
        database.write(partial(_operation, rng=rng, n=n, at=at, rows=range(rows)))
    database.close()


def _operation(
    connection: Connection, rng: random.Random, n: int, at: datetime, rows: range
) -> None:
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
        [
            {
                "id": f"{id_}/{k}", "operation_id": id_, "kind": Kind.CONTACT, "target_id": f"{k}",
                "before": {}, "after": {}, "sent_at": at, "state": WriteState.LANDED,
            }
            for k in rows
        ],
    )  # fmt: skip
    connection.execute(
        movements.insert(),
        [
            {
                "write_id": f"{id_}/{k}", "n": 0, "operation_id": id_, "booking_id": f"{n}/{k}",
                "kind": MovementKind.REFUND, "credit": common["credit"], "delta": 1,
                "state": MovementState.LANDED,
            }
            for k in rows
        ],
    )  # fmt: skip
