"""Budgets that are spent and fill up again, over any history of spending."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from api.guard.budgets import Allowance, Budget, Meter, OfEach, Rate

RATE = Rate(burst=10, per_s=2)
#: Seconds that pass, and how much is asked for then.
ASKED = st.lists(st.tuples(st.floats(0, 100), st.floats(0.001, 20)), max_size=60)


@given(ASKED)
def test_never_more_is_spent_than_was_there_and_came_in(asked: list[tuple[float, float]]) -> None:
    budget, now, spent = Budget(RATE), 0.0, 0.0
    for passed, amount in asked:
        now += passed
        spent += amount if budget.spend(amount, now) else 0

        assert spent <= RATE.burst + RATE.per_s * now + 1e-6


@given(ASKED)
def test_after_a_while_it_is_as_new_whatever_was_spent(asked: list[tuple[float, float]]) -> None:
    budget, now = Budget(RATE), 0.0
    for passed, amount in asked:
        now += passed
        budget.spend(amount, now)
    now += RATE.burst / RATE.per_s + 0.01

    assert budget.is_whole(now)
    assert budget.spend(RATE.burst, now)


def test_what_was_refused_is_not_spent() -> None:
    budget = Budget(RATE)

    assert [False, True, False] == [budget.spend(n, 0) for n in (11, 10, 1)]


def test_a_meter_is_full_when_both_of_its_budgets_are() -> None:
    meter = Meter(Allowance(frames=RATE, bytes=RATE))
    meter.bytes.spend(1, 0)

    assert not meter.is_whole(0)
    assert meter.is_whole(1)


def test_each_name_has_its_own_budget_and_what_is_spent_is_not_forgotten_for_another() -> None:
    budgets = OfEach(lambda: Budget(RATE), remembered=2)
    spent = [budgets.of("a", 0).spend(1, 0) for _ in range(11)]
    others = [budgets.of(name, 0).spend(1, 0) for name in ("b", "c", "d")]

    assert [True] * 10 + [False] == spent
    assert [True] * 3 == others
    assert not budgets.of("a", 0).spend(1, 0)
    assert budgets.of("a", 100).spend(1, 100)


def test_budgets_that_are_full_again_are_forgotten_when_there_are_many() -> None:
    budgets = OfEach(lambda: Budget(RATE), remembered=3)
    for n in range(50):
        budgets.of(f"{n}", 10.0 * n).spend(1, 10.0 * n)

    assert len(budgets._of) <= 3
