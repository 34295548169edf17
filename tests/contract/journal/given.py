"""Plans, operations, items and writes, told by what matters to a case."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from core.app.journal import Journal
from core.credits.catalogue import CreditType
from core.credits.records import BookingId, ContactId, ExamId, Kind, WriteId
from core.credits.writes import Movement, MovementKind, Run, Settlement, Write, WriteState
from core.mirror.store.outbox_port import Due
from core.operations.plans import Plan, Row
from core.operations.states import Item, Operation, OperationState
from core.operations.telling.rules import Telling, TellingState
from core.operations.verdicts import OperationKind, Verdict, Why

NOW = datetime(2026, 5, 4, 12, 0, 0, 123456, tzinfo=UTC)
CS = CreditType("cs_credits")
SJ = CreditType("sj_credits")
ADMIN = "admin@example.test"
REFUND = MovementKind.REFUND


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def saved(journal: Journal, run: Run, writes: Sequence[Write]) -> set[WriteId]:
    """Leased first, as each write is; let go after, as those that landed are."""
    for kind in {write.kind for write in writes}:
        targets = [write.target_id for write in writes if write.kind is kind]
        journal.lease(run, kind, targets, now=NOW, until=after(60))
    try:
        return journal.save_intents(run, writes)
    finally:
        for write in writes:
            journal.release_leases(run, write.kind, [write.target_id])


def plan_of(rows: int = 3, *, plan_id: str = "op", made_at: datetime = NOW) -> Plan:
    return Plan(
        id=plan_id,
        kind=OperationKind.CANCEL,
        selection="exam Clinical Skills, 4 May 2026",
        made_by=ADMIN,
        made_at=made_at,
        expires_at=made_at + timedelta(minutes=30),
        rows=tuple(row(n) for n in range(rows)),
    )


def row(n: int) -> Row:
    blocked = n % 3 == 2
    return Row(
        booking_id=BookingId(f"b{n}"),
        verdict=Verdict.BLOCKED if blocked else Verdict.WILL_CHANGE,
        why=Why.UNKNOWN_TOKEN if blocked else Why.CANCEL_AND_GIVE_BACK,
        detail="token_used is 'Ölprüfung'" if blocked else "",
        credit=None if blocked else CS,
        contact_id=ContactId(f"c{n // 2}"),
        exam_id=ExamId("e1"),
        booking_name=f"Clinical Skills-{n}-May 4, 2026",
        contact_name="Ada Lovelace",
        contact_email="ada@example.test",
        exam_date=date(2026, 5, 4),
        mock_type="Clinical Skills",
        before=None if blocked else 2,
        after=None if blocked else 3,
    )


def telling(contact_id: str, **changes: Any) -> Telling:
    values: dict[str, Any] = {
        "operation_id": "op",
        "contact_id": ContactId(contact_id),
        "state": TellingState.SENDING,
        "sent_at": NOW,
    }
    return Telling(**{**values, **changes})


def operation(operation_id: str = "op", **changes: Any) -> Operation:
    values: dict[str, Any] = {
        "id": operation_id,
        "kind": OperationKind.CANCEL,
        "state": OperationState.HELD,
        "selection": "exam Clinical Skills, 4 May 2026",
        "reason": "the examiner is ill",
        "confirmed_by": ADMIN,
        "confirmed_at": NOW,
        "hold_until": after(10),
    }
    return Operation(**values | changes)


def item(n: int, *, operation_id: str = "op", **changes: Any) -> Item:
    values: dict[str, Any] = {
        "operation_id": operation_id,
        "booking_id": BookingId(f"b{n}"),
        "n": n,
        "credit": CS,
        "contact_id": ContactId(f"c{n // 2}"),
        "exam_date": date(2026, 5, 4),
    }
    return Item(**values | changes)


def running(
    journal: Journal, operation_id: str = "op", items: Sequence[Item] | int = 4, **changes: Any
) -> Run:
    """A confirmed operation with a run on it."""
    if isinstance(items, int):
        items = [item(n, operation_id=operation_id) for n in range(items)]
    assert journal.confirm(operation(operation_id, **changes), items)
    return journal.begin_run(operation_id, at=NOW)[0]


def write(
    write_id: str = "w1",
    *bookings: str,
    operation_id: str = "op",
    target: str = "c0",
    movement: MovementKind = REFUND,
    credit: CreditType = CS,
    kind: Kind = Kind.CONTACT,
    delta: int = 1,
) -> Write:
    moves = tuple(
        Movement(booking_id=booking, kind=movement, credit=credit, delta=delta)
        for booking in bookings or ("b0",)
    )
    return Write(
        id=WriteId(write_id),
        operation_id=operation_id,
        kind=kind,
        target_id=target,
        movements=moves,
        before={credit: 2},
        after={credit: 2 + delta * len(moves)},
        marker_before="w0",
        sent_at=NOW,
    )


def outcome(
    write_id: str, state: WriteState = WriteState.LANDED, *, reason: str = ""
) -> Settlement:
    modified = after(1) if state is WriteState.LANDED else None
    return Settlement(write_id=WriteId(write_id), state=state, modified_at=modified, reason=reason)


def due(record_id: str = "c0", **columns: Any) -> Due:
    """A copy of these columns; without any, the record is to be read first."""
    return Due(
        kind=Kind.CONTACT,
        record_id=record_id,
        row={"hubspot_id": record_id, **columns} if columns else None,
    )


def stamped(seconds: float) -> str:
    return after(seconds).isoformat()
