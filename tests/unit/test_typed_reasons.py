"""One rule for every reason that people type."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.credits.errors import BadList
from core.credits.records import BookingId, ExamId
from core.credits.texts import is_storable
from core.credits.typed_reasons import REASON_MAX, reason_faults
from core.operations.approve import NotApproved
from core.operations.blocked_items import BlockedItems
from core.operations.commands import NotConfirmed
from core.operations.desks.takeover import NoTakeover
from tests.unit.services.desk import ADMIN, TestDesk

LONG = "x" * (REASON_MAX + 1)
ESCAPE = "flood\x1b[2J"
BAD = pytest.mark.parametrize("reason", [LONG, ESCAPE, "two\nlines", "turned \u202e round"])


@given(st.text(max_size=REASON_MAX + 20))
def test_kept_reason_is_one_short_line_that_every_store_takes(reason: str) -> None:
    if not reason_faults(reason):
        kept = reason.strip()
        assert len(kept) <= REASON_MAX
        assert is_storable(kept)
        assert all(ord(c) >= 32 and c not in "\x7f\u2028\u2029\u202e" for c in kept)


def test_missing_reason_is_told_only_where_one_is_needed() -> None:
    assert [] == reason_faults("  ")
    assert ["why?"] == reason_faults("  ", missing="why?")
    assert [] == reason_faults("é" * REASON_MAX, missing="why?")


@BAD
def test_every_act_with_a_reason_refuses_one_that_cannot_be_kept(reason: str) -> None:
    """Before anything else is looked at, so that a made-up id is enough here."""
    desk = TestDesk()
    core = desk.core
    accounting: BlockedItems = core.blocked_items
    acts: dict[str, Callable[[], object]] = {
        "dismiss": lambda: accounting.dismiss("op", ADMIN, reason=reason),
        "refuse": lambda: core.approvals.refuse("op", ADMIN, reason),
        "call off": lambda: core.operation_commands.call_off("op", ADMIN, reason=reason),
        "stop": lambda: core.operation_commands.stop("op", ADMIN, reason=reason),
        "take over": lambda: core.desks.take_over(ADMIN, reason=reason),
        "cancel exam": lambda: core.exam_cancellation.cancel(ExamId("1"), ADMIN, reason=reason),
        "reopen exam": lambda: core.exam_cancellation.reopen(ExamId("1"), ADMIN, reason=reason),
        "baseline": lambda: core.owed_decisions.set_baseline(
            desk.time - timedelta(days=1), reason, ADMIN
        ),
        "owed": lambda: core.owed_decisions.withdraw([BookingId("1")], reason, ADMIN),
        "repair": lambda: core.repair_runner.confirm([], ADMIN, reason),
        "correct": lambda: core.corrections.decide("op", "x", 1, ADMIN, reason),
    }
    for name, act in acts.items():
        with pytest.raises((BadList, NotApproved, NoTakeover)) as refused:
            act()
        assert "the reason has" in str(refused.value), name
    assert [] == [event for event in desk.journal.events() if event.actor == ADMIN.email]


@BAD
def test_operation_is_not_confirmed_with_a_reason_that_cannot_be_kept(reason: str) -> None:
    desk = TestDesk()
    desk.crm.add_contact("101", {})
    desk.booked("1", "101")
    plan = desk.plan("1")

    with pytest.raises(NotConfirmed, match="the reason has"):
        desk.core.operation_commands.confirm(plan.id, ADMIN, reason=reason)
    assert [] == desk.journal.operations()
