"""Into which days and weeks a period falls, on whose calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.health.over_time.trend_rules import Acts, Figure, steps, stretches
from core.health.store.tallies_port import ActTally
from core.operations.kinds.cancel import CANCEL
from core.operations.kinds.refund import REFUND
from core.operations.verdicts import OperationKind

ZONES = [UTC, *map(ZoneInfo, ("America/Toronto", "Asia/Kolkata", "Australia/Lord_Howe"))]
FIRST = datetime(2024, 1, 1, tzinfo=UTC)
moments = st.integers(0, 4 * 365 * 86_400).map(lambda s: FIRST + timedelta(seconds=s))


@given(moments, st.integers(1, 90), st.sampled_from(ZONES))
def test_stretches_hold_the_whole_period_and_begin_at_midnight(now, days, zone) -> None:  # type: ignore[no-untyped-def]
    found = stretches(now, timedelta(days=days), zone)

    local = [edge.astimezone(zone) for edge in found.edges]
    assert found.edges == tuple(sorted(found.edges))
    assert found.edges[0] <= now - timedelta(days=days) < found.edges[0] + timedelta(days=8)
    assert found.edges[-1] <= now < found.edges[-1] + found.length + timedelta(hours=1)
    assert {(0, 0)} == {(at.hour, at.minute) for at in local}
    dates = [at.date() for at in local]
    assert [found.length] * (len(dates) - 1) == [
        after - before for before, after in pairwise(dates)
    ]
    if found.weekly:
        assert {0} == {at.weekday() for at in local}


def test_short_periods_are_told_by_the_day_and_long_ones_by_the_week() -> None:
    now = datetime(2026, 5, 6, 12, tzinfo=UTC)  # a Wednesday

    week, month = (stretches(now, timedelta(days=days), UTC) for days in (7, 30))

    assert (8, False, datetime(2026, 4, 29, tzinfo=UTC)) == (
        len(week.edges),
        week.weekly,
        week.edges[0],
    )
    assert (5, True, datetime(2026, 4, 6, tzinfo=UTC)) == (
        len(month.edges),
        month.weekly,
        month.edges[0],
    )


def test_a_week_in_which_clocks_are_changed_begins_at_midnight_all_the_same() -> None:
    toronto = ZoneInfo("America/Toronto")

    found = stretches(datetime(2026, 11, 10, tzinfo=UTC), timedelta(days=30), toronto)

    lengths = {after - before for before, after in pairwise(found.edges)}
    assert {timedelta(days=7), timedelta(days=7, hours=1)} == lengths


@pytest.mark.parametrize("minutes", [1, 60, 1440])
def test_steps_are_counted_from_1970_as_the_journal_counts_them(minutes: int) -> None:
    now, size = datetime(2026, 5, 6, 12, 0, 30, tzinfo=UTC), timedelta(minutes=minutes)

    found = steps(now, timedelta(days=2), size)

    assert found[0] <= now - timedelta(days=2) < found[0] + size
    assert found[-1] <= now < found[-1] + size
    assert {0.0} == {edge.timestamp() % size.total_seconds() for edge in found}


def test_acts_are_added_up_by_stretch_and_by_kind() -> None:
    def tally(slot: int, kind: OperationKind, cancelled: int, refunded: int) -> ActTally:
        return ActTally(
            slot=slot, kind=kind, by="a", reason="r", booked=0, cancelled=cancelled,
            refunded=refunded,
        )  # fmt: skip

    week = stretches(datetime(2026, 5, 6, tzinfo=UTC), timedelta(days=1), UTC)
    acts = Acts(
        stretches=week,
        tallies=[
            tally(0, CANCEL.key, 3, 2),
            tally(1, CANCEL.key, 1, 1),
            tally(1, REFUND.key, 0, 5),
        ],
    )

    assert [3, 1] == acts.by_slot(Figure.CANCELLED)
    assert [2, 6] == acts.by_slot(Figure.REFUNDED)
    assert [0, 5] == acts.by_slot(Figure.REFUNDED, lambda each: each.kind is REFUND.key)
    assert (4, 3, 5) == (
        acts.of_kind(CANCEL.key, Figure.CANCELLED),
        acts.of_kind(CANCEL.key, Figure.REFUNDED),
        acts.of_kind(REFUND.key, Figure.REFUNDED),
    )
