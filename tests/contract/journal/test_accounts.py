"""Which account each address belongs to, and roles that wait for a second admin."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from core.access.identities import Account, KnownAccount
from core.app.journal import Journal
from core.audit.entries import Sought, What
from core.credits.roles import Grant, Role, RoleRequest
from tests.contract.journal.given import ADMIN, NOW, after

ANN = "ann@example.test"
FIRST = Account(issuer="https://id.example.test", subject="1")
OTHER = replace(FIRST, subject="2")
KNOWN = KnownAccount(email=ANN, issuer=FIRST.issuer, subject=FIRST.subject, at=NOW)
ASKED = RoleRequest(email=ANN, role=Role.ADMIN, by=ADMIN, at=NOW)


def whats(journal: Journal) -> list[str]:
    return [entry.entry.what for entry in journal.audit(Sought(), limit=20)]


def test_the_first_account_is_kept_for_ever(journal: Journal) -> None:
    assert journal.account(ANN) is None

    assert KNOWN == journal.meet_account("Ann@Example.test", FIRST, at=NOW)
    assert KNOWN == journal.meet_account(ANN, FIRST, at=after(9))

    assert KNOWN == journal.account("ANN@example.test")
    assert [KNOWN] == journal.accounts()


def test_another_account_is_kept_beside_and_recorded_once(journal: Journal) -> None:
    journal.meet_account(ANN, FIRST, at=NOW)

    for seconds in (5, 6):
        assert FIRST == journal.meet_account(ANN, OTHER, at=after(seconds)).account

    found = journal.account(ANN)
    assert found is not None
    assert (FIRST, OTHER, after(5)) == (found.account, found.other, found.other_at)
    assert [What.ACCOUNT_REFUSED] == whats(journal)


def test_only_the_account_that_waits_can_be_accepted(journal: Journal) -> None:
    journal.meet_account(ANN, FIRST, at=NOW)
    assert not journal.accept_account(ANN, OTHER, by=ADMIN, at=after(1))
    journal.meet_account(ANN, OTHER, at=after(2))
    assert not journal.accept_account(ANN, FIRST, by=ADMIN, at=after(3))

    assert journal.accept_account(ANN, OTHER, by=ADMIN, at=after(4))

    found = journal.account(ANN)
    assert found == replace(KNOWN, subject=OTHER.subject, at=after(4))
    assert found.other is None
    assert What.ACCOUNT_ACCEPTED == whats(journal)[0]


def test_of_many_first_sign_ins_at_once_one_is_the_first(journal: Journal) -> None:
    accounts = [replace(FIRST, subject=str(n)) for n in range(8)]

    with ThreadPoolExecutor(8) as threads:
        met = list(threads.map(lambda each: journal.meet_account(ANN, each, at=NOW), accounts))

    assert 1 == len({each.account for each in met})


def test_a_role_that_was_asked_for_is_given_once(journal: Journal) -> None:
    journal.grant(Grant(email=ANN, role=Role.STAFF, by=ADMIN, at=NOW))
    journal.ask_role(replace(ASKED, email="Ann@Example.test"))
    assert [ASKED] == journal.role_requests()
    assert Role.STAFF is journal.granted(ANN)

    with ThreadPoolExecutor(4) as threads:
        given = list(
            threads.map(lambda _: journal.approve_role(ASKED, by="ben@x.test", at=NOW), range(4))
        )

    assert 1 == sum(given)
    assert [] == journal.role_requests()
    assert [Grant(email=ANN, role=Role.ADMIN, by="ben@x.test", at=NOW)] == journal.grants()
    [entry] = journal.audit(Sought(what=(What.ROLE_GIVEN,)), limit=1)
    assert {"asked_by": ADMIN} == entry.entry.detail


def test_a_refused_request_gives_nothing(journal: Journal) -> None:
    journal.ask_role(ASKED)

    assert journal.refuse_role(ASKED, by=ADMIN, at=after(1))
    assert not journal.refuse_role(ASKED, by=ADMIN, at=after(1))
    assert not journal.approve_role(ASKED, by=ADMIN, at=after(1))

    assert ([], None) == (journal.role_requests(), journal.granted(ANN))
    assert [What.ROLE_REFUSED, What.ROLE_ASKED] == whats(journal)


def test_a_later_request_a_role_or_its_withdrawal_ends_the_one_before(journal: Journal) -> None:
    later = replace(ASKED, by="ben@x.test", at=after(9))
    journal.ask_role(ASKED)
    journal.ask_role(later)
    assert not journal.approve_role(ASKED, by=ADMIN, at=after(10)), "not what was read"
    assert [later] == journal.role_requests()

    journal.grant(Grant(email=ANN, role=Role.STAFF, by=ADMIN, at=after(10)))
    assert [] == journal.role_requests()

    journal.ask_role(later)
    journal.withdraw(ANN, by=ADMIN, at=after(11))
    assert [] == journal.role_requests()
