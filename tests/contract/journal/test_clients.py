from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.access.api_key_rules import ApiKey, ApiRequest, Scope
from core.app.journal import Journal
from core.audit.entries import Sought
from core.credits.errors import JournalError
from tests.contract.journal.given import NOW, after

ANN, BEN = "ann@example.test", "ben@example.test"
KEY = ApiKey(
    id="0123456789ab",
    client="student-app",
    scopes=frozenset({Scope.READ, Scope.BOOK}),
    digest="d" * 64,
    made_by=ANN,
    made_at=NOW,
    expires_at=after(3600),
)
ASKED = ApiRequest(client="student-app", key="one", fingerprint="f", operation_id="op1", at=NOW)


def test_a_key_is_found_by_its_id_as_it_was_made(journal: Journal) -> None:
    journal.add_key(KEY)

    assert KEY == journal.api_key(KEY.id)
    assert journal.api_key("000000000000") is None


def test_no_two_keys_have_one_id(journal: Journal) -> None:
    journal.add_key(KEY)

    with pytest.raises(JournalError):
        journal.add_key(replace(KEY, client="other"))
    assert [KEY] == journal.api_keys()


def test_keys_stand_by_client_oldest_first(journal: Journal) -> None:
    other = replace(KEY, id="b" * 12, client="b-app")
    newer = replace(KEY, id="a" * 12, client="b-app", made_at=after(5), expires_at=None)
    for key in (KEY, newer, other):
        journal.add_key(key)

    assert [other, newer, KEY] == journal.api_keys()


def test_a_withdrawn_key_stays_with_who_withdrew_it_first(journal: Journal) -> None:
    journal.add_key(KEY)

    withdrawn = journal.withdraw_key(KEY.id, by=BEN, at=after(9))
    again = journal.withdraw_key(KEY.id, by=ANN, at=after(10))

    assert replace(KEY, withdrawn_at=after(9), withdrawn_by=BEN) == withdrawn == again
    assert journal.withdraw_key("0" * 12, by=ANN, at=NOW) is None


def test_the_last_use_is_kept(journal: Journal) -> None:
    journal.add_key(KEY)

    journal.key_used(KEY.id, at=after(30))

    assert replace(KEY, used_at=after(30)) == journal.api_key(KEY.id)


def test_who_made_and_withdrew_a_key_is_kept_and_the_digest_is_not(journal: Journal) -> None:
    journal.add_key(KEY)
    journal.withdraw_key(KEY.id, by=BEN, at=after(9))
    journal.withdraw_key(KEY.id, by=BEN, at=after(9))

    entries = [link.entry for link in reversed(journal.audit(Sought()))]
    told = [
        (e.actor, e.what, e.subject_id, e.detail["client"], e.detail["scopes"]) for e in entries
    ]
    of = (KEY.id, "student-app", ["book", "read"])
    assert [(ANN, "made an API key", *of), (BEN, "withdrew an API key", *of)] == told
    assert KEY.digest not in repr(entries)


def test_the_first_request_under_a_key_counts_for_each_client_by_itself(journal: Journal) -> None:
    others = replace(ASKED, client="other", operation_id="op2")

    assert ASKED == journal.begin_request(ASKED)
    assert ASKED == journal.begin_request(replace(ASKED, fingerprint="g", operation_id="op3"))
    assert others == journal.begin_request(others)


def test_the_first_answer_stays(journal: Journal) -> None:
    journal.begin_request(ASKED)
    answer = {"end": "done", "bookings": [{"why": "é"}], "made": None}

    journal.answer_request("student-app", "one", status=201, answer=answer)
    journal.answer_request("student-app", "one", status=409, answer={})

    assert replace(ASKED, status=201, answer=answer) == journal.begin_request(ASKED)


def test_of_requests_sent_twice_at_once_one_counts(journal: Journal) -> None:
    together = threading.Barrier(4)

    def begin(n: int) -> str:
        together.wait()
        return journal.begin_request(replace(ASKED, operation_id=f"op{n}")).operation_id

    with ThreadPoolExecutor(4) as pool:
        found = set(pool.map(begin, range(4)))

    assert 1 == len(found)


def test_old_answers_are_forgotten_but_the_request_stays_known(journal: Journal) -> None:
    for key, status, at in (("done", 201, NOW), ("refused", 409, NOW), ("new", 200, after(10))):
        journal.begin_request(replace(ASKED, key=key, at=at))
        journal.answer_request("student-app", key, status=status, answer={"name": key})
    journal.begin_request(replace(ASKED, key="open"))

    assert 1 == journal.forget_answers(before=after(10))
    assert 0 == journal.forget_answers(before=after(10))

    kept = {
        key: journal.begin_request(replace(ASKED, key=key, operation_id="another"))
        for key in ("done", "refused", "new", "open")
    }
    assert {"done": None, "refused": 409, "new": 200, "open": None} == {
        key: request.status for key, request in kept.items()
    }
    assert kept["done"].answer is None
    assert {ASKED.operation_id} == {request.operation_id for request in kept.values()}


def test_old_requests_are_forgotten_and_their_keys_are_new_again(journal: Journal) -> None:
    recent = replace(ASKED, key="two", at=after(10))
    journal.begin_request(ASKED)
    journal.begin_request(recent)

    assert 1 == journal.forget_requests(before=after(10))

    anew = replace(ASKED, operation_id="op9")
    assert (anew, recent) == (journal.begin_request(anew), journal.begin_request(recent))


def test_what_holds_a_stolen_key_back_is_kept(journal: Journal) -> None:
    held = replace(KEY, networks=("203.0.113.0/24",), writes_a_day=7, needs_student=True)
    journal.add_key(held)

    assert held == journal.api_key(KEY.id)
    (link,) = journal.audit(Sought())
    assert held.terms == dict(link.entry.detail)


def test_all_keys_that_hold_are_withdrawn_together_each_with_its_entry(journal: Journal) -> None:
    over = replace(KEY, id="1" * 12, expires_at=after(5))
    gone = replace(KEY, id="2" * 12)
    other = replace(KEY, id="3" * 12, client="another-app")
    for key in (KEY, over, gone, other):
        journal.add_key(key)
    journal.withdraw_key(gone.id, by=ANN, at=after(1))

    withdrawn = journal.withdraw_keys(by=BEN, at=after(9))

    assert [
        replace(other, withdrawn_at=after(9), withdrawn_by=BEN),
        replace(KEY, withdrawn_at=after(9), withdrawn_by=BEN),
    ] == withdrawn
    told = journal.audit(Sought(actor=BEN))
    assert {KEY.id, other.id} == {link.entry.subject_id for link in told}
    assert [] == journal.withdraw_keys(by=BEN, at=after(10))
