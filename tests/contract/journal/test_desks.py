from __future__ import annotations

from core.app.journal import Journal
from core.audit.entries import Sought, What
from core.operations.desks.rules import Takeover
from tests.contract.journal.given import ADMIN, NOW, after


def takeover(seconds: float, reason: str = "the old server is gone") -> Takeover:
    return Takeover(at=after(seconds), by=ADMIN, reason=reason)


def test_a_store_keeps_the_first_name_that_it_is_given(journal: Journal) -> None:
    assert "aaaa" == journal.desk_id("aaaa")
    assert "aaaa" == journal.desk_id("bbbb")


def test_takeovers_are_listed_newest_first(journal: Journal) -> None:
    assert [] == journal.takeovers()

    for each in (takeover(0), takeover(9, "again"), takeover(4)):
        journal.take_over(each)

    assert [takeover(9, "again"), takeover(4), takeover(0)] == journal.takeovers()


def test_a_takeover_is_in_the_audit_with_its_reason(journal: Journal) -> None:
    journal.desk_id("aaaa")

    journal.take_over(takeover(3), rename="cccc")

    (link,) = journal.audit(Sought())
    assert (What.TAKEN_OVER, ADMIN, "the old server is gone", {"new_name": "cccc"}) == (
        link.entry.what,
        link.entry.actor,
        link.entry.reason,
        link.entry.detail,
    )


def test_a_takeover_from_a_copy_gives_the_store_a_new_name(journal: Journal) -> None:
    journal.desk_id("aaaa")
    journal.take_over(takeover(0), rename="cccc")

    assert "cccc" == journal.desk_id("dddd")


def test_a_store_knows_the_processes_that_registered(journal: Journal) -> None:
    for name in ("one", "two", "one"):
        journal.note_process(name, at=NOW)

    assert {"one", "two"} == journal.known_processes(["one", "two", "three"])
    assert set() == journal.known_processes([])
