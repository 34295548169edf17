from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.app.journal import Journal
from core.audit.entries import Sought
from core.credits.errors import StateConflict
from core.credits.roles import Grant, Role
from tests.contract.journal.given import NOW, after

ANN, BEN = "ann@example.test", "ben@example.test"


def given(email: str, role: Role, *, seconds: float = 0) -> Grant:
    return Grant(email=email, role=role, by="root@example.test", at=after(seconds))


def test_who_was_given_no_role_has_none(journal: Journal) -> None:
    assert journal.granted(ANN) is None
    assert [] == journal.grants()


def test_a_role_is_found_however_the_address_is_written(journal: Journal) -> None:
    assert journal.grant(given("Ann@Example.test", Role.STAFF)) is None

    assert journal.granted("ANN@example.TEST") is Role.STAFF
    assert [given(ANN, Role.STAFF)] == journal.grants()


def test_a_later_role_replaces_the_one_before(journal: Journal) -> None:
    journal.grant(given(ANN, Role.STAFF))

    assert journal.grant(given(ANN, Role.MANAGER, seconds=5)) is Role.STAFF
    assert [given(ANN, Role.MANAGER, seconds=5)] == journal.grants()


def test_a_withdrawn_role_is_gone_and_withdrawing_again_changes_nothing(journal: Journal) -> None:
    journal.grant(given(ANN, Role.STAFF))
    journal.grant(given(BEN, Role.ADMIN))

    assert journal.withdraw(ANN, by=BEN, at=NOW) is Role.STAFF
    assert journal.withdraw(ANN, by=BEN, at=NOW) is None
    assert journal.granted(ANN) is None


def test_the_last_admin_stays(journal: Journal) -> None:
    journal.grant(given(ANN, Role.ADMIN))
    journal.grant(given(BEN, Role.MANAGER))

    with pytest.raises(StateConflict, match="last admin"):
        journal.withdraw(ANN, by=BEN, at=NOW, keep_an_admin=True)
    with pytest.raises(StateConflict, match="last admin"):
        journal.grant(given(ANN, Role.STAFF), keep_an_admin=True)
    assert journal.granted(ANN) is Role.ADMIN
    assert journal.grant(given(ANN, Role.ADMIN, seconds=9), keep_an_admin=True) is Role.ADMIN
    assert journal.withdraw(ANN, by=BEN, at=NOW) is Role.ADMIN, "settings may name another"


def test_two_admins_who_withdraw_each_other_at_once_leave_one(journal: Journal) -> None:
    journal.grant(given(ANN, Role.ADMIN))
    journal.grant(given(BEN, Role.ADMIN))
    together = threading.Barrier(2)

    def withdraw(email: str) -> bool:
        together.wait()
        try:
            journal.withdraw(email, by="the other", at=NOW, keep_an_admin=True)
        except StateConflict:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(withdraw, [ANN, BEN]))

    assert sorted(done) == [False, True]
    assert len(journal.grants()) == 1


def test_who_gave_and_withdrew_what_is_kept(journal: Journal) -> None:
    journal.grant(given(ANN, Role.STAFF))
    journal.grant(given(ANN, Role.ADMIN))
    journal.withdraw(ANN, by=BEN, at=after(9))

    entries = [link.entry for link in reversed(journal.audit(Sought()))]
    told = [(e.actor, e.what, e.subject_id, e.before["role"], e.after["role"]) for e in entries]

    assert [
        ("root@example.test", "gave a role", ANN, None, "staff"),
        ("root@example.test", "gave a role", ANN, "staff", "admin"),
        (BEN, "withdrew a role", ANN, "admin", None),
    ] == told
