from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.credits.records import BookingId, Version
from core.operations.owed.double_refunds import BalanceChange
from core.operations.owed.given_back import NEAR, BalanceEvidence, Cancelled, given_back

AT = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)
LABEL = "Clinical Skills"


def after(seconds: float) -> datetime:
    return AT + timedelta(seconds=seconds)


def change(seconds: float, by: int = 1, before: int = 2) -> BalanceChange:
    version = Version(
        value=str(before + by), at=after(seconds), source="INTEGRATION", source_id="77"
    )
    return BalanceChange(before=before, after=before + by, version=version)


def cancelled(id_: str, seconds: float = 0) -> Cancelled:
    return Cancelled(booking_id=BookingId(id_), at=after(seconds))


def judged(
    bookings: list[Cancelled],
    changes: list[BalanceChange],
    marked: list[datetime] | None = None,
) -> dict[str, str]:
    found = given_back(bookings, changes, marked or [], LABEL)
    return {id_: _word(one) for id_, one in found.items()}


def _word(one: BalanceEvidence) -> str:
    return "given" if one.given else "doubt" if one.doubt else "owed"


@pytest.mark.parametrize("seconds", [-NEAR.total_seconds(), -1, 0, 1, NEAR.total_seconds()])
def test_a_credit_given_near_the_cancel_is_that_of_the_booking(seconds: float) -> None:
    found = given_back([cancelled("1")], [change(seconds)], [], LABEL)

    assert f"Clinical Skills went 2 → 3 by an app (77) at {after(seconds):%-d %B %Y}" in (
        found[BookingId("1")].given
    )


def test_a_booking_whose_balance_nobody_raised_is_owed() -> None:
    assert {"1": "owed"} == judged([cancelled("1")], [])
    assert {"1": "owed"} == judged([cancelled("1")], [change(5, by=-1)])


def test_a_credit_given_long_after_the_cancel_is_a_person_s_to_decide() -> None:
    assert {"1": "doubt"} == judged([cancelled("1")], [change(86_400)])


def test_a_credit_given_long_before_the_cancel_is_not_that_of_the_booking() -> None:
    assert {"1": "owed"} == judged([cancelled("1", 86_400)], [change(0)])


def test_each_credit_explains_one_booking_at_most() -> None:
    two = [cancelled("1"), cancelled("2", 5)]

    assert {"1": "given", "2": "owed"} == judged(two, [change(6)])
    assert {"1": "given", "2": "given"} == judged(two, [change(7), change(6)])
    assert {"1": "given", "2": "given"} == judged(two, [change(6, by=2)])


def test_a_credit_goes_to_the_booking_that_no_other_credit_explains() -> None:
    """The first is near one credit alone: the earliest is not left to the second."""
    near = NEAR.total_seconds()
    bookings = [cancelled("1"), cancelled("2", near)]

    assert {"1": "given", "2": "given"} == judged(bookings, [change(near + 1), change(near - 1)])


def test_more_credits_than_bookings_are_a_person_s_to_decide() -> None:
    """A package that was bought at that moment, or a balance set by hand."""
    assert {"1": "doubt"} == judged([cancelled("1")], [change(5, by=5)])


def test_a_refund_mark_of_another_booking_explains_a_credit_given_later() -> None:
    assert {"1": "owed"} == judged([cancelled("1")], [change(86_400)], [after(86_401)])
    assert {"1": "doubt"} == judged([cancelled("1")], [change(86_400, by=2)], [after(86_401)])


def test_a_credit_that_a_mark_and_a_cancel_claim_is_a_person_s_to_decide() -> None:
    assert {"1": "doubt"} == judged([cancelled("1")], [change(5)], [after(6)])
    assert {"1": "given"} == judged([cancelled("1")], [change(6), change(5)], [after(6)])
