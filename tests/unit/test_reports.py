"""Reports of operations that have more rows than a report lists."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.cli import reports
from core.credits.records import BookingId
from core.operations.plans import Plan, Row
from core.operations.states import Item, Operation, OperationState
from core.operations.verdicts import OperationKind, Verdict, Why

AT = datetime(2026, 5, 4, tzinfo=UTC)


def row(n: int, verdict: Verdict) -> Row:
    return Row(booking_id=BookingId(str(n)), verdict=verdict, why=Why.NO_TOKEN)


def plan(*verdicts: Verdict) -> Plan:
    return Plan(
        id="p",
        kind=OperationKind.REFUND,
        selection="a few bookings",
        made_by="ann@example.test",
        made_at=AT,
        expires_at=AT + timedelta(hours=1),
        rows=tuple(row(n, verdict) for n, verdict in enumerate(verdicts)),
    )


def test_a_long_plan_is_listed_blocked_rows_first_and_the_others_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(reports, "LISTED_MAX", 3)

    told = reports.of_plan(plan(Verdict.SKIP, *[Verdict.WILL_CHANGE] * 3, Verdict.BLOCKED))

    assert ["4", "1", "2"] == [one["booking"] for one in told["rows"]]
    assert (5, 2) == (told["asked"], told["rows_not_listed"])


def test_a_plan_that_is_listed_whole_leaves_nothing_to_count() -> None:
    told = reports.of_plan(plan(Verdict.SKIP, Verdict.WILL_CHANGE))

    assert ["1", "0"] == [one["booking"] for one in told["rows"]]
    assert "rows_not_listed" not in told


@pytest.mark.parametrize(("left", "told"), [(0, {}), (7, {"rows_not_listed": 7})])
def test_rows_say_how_many_come_after_them(left: int, told: dict[str, int]) -> None:
    operation = Operation(
        id="op",
        kind=OperationKind.REFUND,
        state=OperationState.DONE,
        selection="",
        reason="",
        confirmed_by="ann@example.test",
        confirmed_at=AT,
        hold_until=AT,
    )
    items = [Item(operation_id="op", booking_id=BookingId("5"), n=0)]

    found = reports.of_items(items, operation, left=left)

    assert ["5"] == [one["booking"] for one in found.pop("rows")]
    assert told == found
