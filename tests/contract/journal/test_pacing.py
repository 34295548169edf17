"""What people and apps did within a time, counted alike by every store."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from core.access.pacing import WITHIN, Counted, Spent, Use
from core.app.journal import Journal
from tests.contract.journal.given import NOW

ANN, BEN = "ann@example.test", "ben@example.test"

WITHIN_S = WITHIN[Counted.OPENED].total_seconds()


def use(name: str, at_s: float = 0, number: int = 1, actor: str = ANN) -> Use:
    at = NOW + timedelta(seconds=at_s)
    return Use(actor=actor, counted=Counted.OPENED, name=name, at=at, number=number)


def test_uses_of_one_actor_are_counted_until_they_are_too_many(journal: Journal) -> None:
    assert Spent(total=2, kept=True) == journal.spend(use("a", number=2), most=3)
    assert Spent(total=2, kept=False) == journal.spend(use("b", number=2), most=3)
    assert Spent(total=3, kept=True) == journal.spend(use("c"), most=3)
    assert Spent(total=3, kept=True) == journal.spend(use("c"), most=3), "known by its name"
    assert Spent(total=1, kept=True) == journal.spend(use("a", actor=BEN), most=3)
    assert Spent(total=4, kept=True) == journal.spend(use("d"), most=None)


def test_what_is_past_its_time_counts_no_more(journal: Journal) -> None:
    journal.spend(use("a"), most=1)

    assert not journal.spend(use("b", WITHIN_S - 1), most=1).kept
    assert Spent(total=1, kept=True) == journal.spend(use("b", WITHIN_S), most=1)
    assert Spent(total=1, kept=True) == journal.spend(use("a", WITHIN_S * 2), most=1), "anew"


def test_what_is_past_its_time_is_forgotten_of_whoever_comes_no_more(journal: Journal) -> None:
    journal.spend(use("a"), most=3)
    journal.spend(use("b", WITHIN_S, actor=BEN), most=3)

    assert Spent(total=1, kept=True) == journal.spend(use("c", 1), most=3), "by a clock behind"


def test_of_many_at_once_no_more_than_the_most_are_kept(journal: Journal) -> None:
    together = threading.Barrier(8)

    def spend(n: int) -> bool:
        together.wait()
        return journal.spend(use(str(n)), most=3).kept

    with ThreadPoolExecutor(8) as pool:
        assert 3 == sum(pool.map(spend, range(8)))
