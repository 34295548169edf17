from __future__ import annotations

from datetime import timedelta

from core.access.sign_ins import SignIn
from core.app.journal import Journal
from tests.contract.journal.given import ADMIN, after


def begun(id_: str, seconds: float = 0) -> SignIn:
    at = after(seconds)
    return SignIn(id=id_, email=ADMIN, at=at, until=at + timedelta(seconds=60))


def test_a_sign_in_is_kept_until_it_is_ended(journal: Journal) -> None:
    for one in (begun("a"), begun("b")):
        journal.begin_sign_in(one)

    assert (begun("a"), None) == (journal.sign_in("a"), journal.sign_in("c"))

    for _ in range(2):  # in two tabs at once
        journal.end_sign_in("a")

    assert (None, begun("b")) == (journal.sign_in("a"), journal.sign_in("b"))


def test_sign_ins_that_are_over_are_dropped_by_the_next_one(journal: Journal) -> None:
    journal.begin_sign_in(begun("a"))
    journal.begin_sign_in(begun("b", 59))
    assert journal.sign_in("a")

    journal.begin_sign_in(begun("c", 60))

    assert [False, True, True] == [bool(journal.sign_in(one)) for one in "abc"]
