"""The badge over the balances says no more than was read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.credits.catalogue import SCHOOL, CreditType
from core.credits.records import Contact
from core.students.copy_status import Copy, Waiting, stands

NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
CS = CreditType("cs_credits")
BALANCES = dict.fromkeys(SCHOOL.keys, 2)
CONTACT = Contact(id="1", balances=BALANCES, modified_at=NOON)
SAME = {str(key): 2 for key in SCHOOL.keys}
OTHER = {**SAME, "cs_credits": 1}
DUE = Waiting(since=NOON - timedelta(seconds=3), dead=False, place=2)
DEAD = Waiting(since=NOON, dead=True, error="value too long")


@pytest.mark.parametrize(
    ("row", "waiting", "copy"),
    [
        (SAME, None, Copy.EQUAL),
        (SAME, DUE, Copy.EQUAL),  # something else of the contact is on its way
        (OTHER, DUE, Copy.BEHIND),
        (None, DUE, Copy.BEHIND),
        (OTHER, DEAD, Copy.FAILED),
        (SAME, DEAD, Copy.FAILED),
        (OTHER, None, Copy.DIFFERS),
        (None, None, Copy.MISSING),
    ],
)
def test_the_badge_is_what_both_sides_and_the_outbox_say(
    row: dict[str, object] | None, waiting: Waiting | None, copy: Copy
) -> None:
    standing = stands(CONTACT, row, waiting, SCHOOL.keys, at=NOON)

    assert copy is standing.copy
    assert ((CS,) if row == OTHER else ()) == standing.differing


def test_a_mirror_that_does_not_answer_is_unknown_and_never_equal() -> None:
    standing = stands(CONTACT, None, None, SCHOOL.keys, at=NOON, mirror_fault="no connection")

    assert (Copy.UNKNOWN, "no connection") == (standing.copy, standing.error)


def test_without_the_truth_nothing_is_confirmed() -> None:
    assert Copy.NO_TRUTH is stands(None, SAME, None, SCHOOL.keys, at=NOON).copy


def test_an_unreadable_balance_is_not_called_equal() -> None:
    rest = {key: 2 for key in SCHOOL.keys if key != CS}
    broken = Contact(id="1", balances=rest, unreadable={CS: "holds 'abc'"}, modified_at=NOON)

    assert Copy.UNREADABLE is stands(broken, SAME, None, SCHOOL.keys, at=NOON).copy
