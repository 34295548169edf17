"""What lists say of an operation in one line, and bars that stand beside each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.credits.catalogue import CreditType
from core.operations.states import ItemState, Operation, OperationState, Progress
from core.operations.verdicts import OperationKind
from pages.shared import charts, kinds
from pages.shared.charts import Colour, Frame, Look, Series

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
REFUND = Operation(
    id="1",
    kind=OperationKind.REFUND,
    state=OperationState.DONE,
    selection="exam Mini-mock, 4 May 2026",
    reason="r",
    confirmed_by="ann@example.test",
    confirmed_at=NOON,
    hold_until=NOON,
)


@pytest.mark.parametrize(
    ("selection", "net", "told"),
    [
        ("3 bookings", 2, "Bulk refund of 3 bookings: 2 done, +2 credits"),
        ("3 bookings pasted", 1, "Bulk refund of 3 bookings pasted: 2 done, +1 credit"),
        ("3 bookings", 0, "Bulk refund of 3 bookings: 2 done"),
        ("30 bookings", 2, "Bulk refund: 2 of 3 bookings, +2 credits; 30 bookings"),
        (
            "exam Mini-mock, 4 May 2026",
            2,
            "Bulk refund: 2 of 3 bookings, +2 credits; exam Mini-mock, 4 May 2026",
        ),
    ],
)
def test_no_number_is_said_twice(selection: str, net: int, told: str) -> None:
    progress = Progress(
        states={ItemState.DONE: 2, ItemState.FAILED: 1},
        net={CreditType("cs_credits"): net} if net else {},
    )

    assert told == kinds.in_brief(replace(REFUND, selection=selection), progress)


def test_two_checks_of_one_day_stand_beside_each_other() -> None:
    days = [NOON, NOON + timedelta(days=1), NOON + timedelta(days=1, hours=5)]
    series = [
        Series(name=name, look=Look(Colour.GRAY), x=days, y=[1, 2, 3]) for name in ("one", "two")
    ]

    figure = charts.stacked(series, timedelta(days=1), Frame(title="Records", unit="records"))

    day, hours = 24 * 3_600_000, 5 * 3_600_000
    for bars in figure.data:
        first, second, third = bars.width
        assert (True, True) == (second < hours, first == third)
        assert first < day
