from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from core.app.journal import Journal
from core.credits.records import Kind
from core.mirror.store.outbox_port import Due, OutboxState
from tests.contract.journal.given import NOW, after, due, stamped


def take(journal: Journal, at: float = 0, limit: int = 10) -> list[Due]:
    return journal.take_due(now=after(at), until=after(at + 30), limit=limit)


def test_what_is_due_is_taken_in_the_order_in_which_it_came(journal: Journal) -> None:
    journal.put_due([due("c0", a=1), due("c1", a="é")], at=NOW)
    journal.put_due([due("c2")], at=after(-5))

    taken = take(journal)

    assert ["c0", "c1", "c2"] == [d.record_id for d in taken]
    assert [{"hubspot_id": "c0", "a": 1}, {"hubspot_id": "c1", "a": "é"}, None] == [
        d.row for d in taken
    ]
    assert [NOW, NOW, after(-5)] == [d.due_since for d in taken]


def test_nothing_put_is_nothing_due(journal: Journal) -> None:
    journal.put_due([], at=NOW)
    journal.copied([], at=NOW)
    journal.copy_failed([])

    assert [] == take(journal)
    assert OutboxState(due=0, dead=0, oldest=None) == journal.outbox()


def test_what_one_has_taken_no_other_takes_until_the_time_is_over(journal: Journal) -> None:
    journal.put_due([due("c0"), due("c1")], at=NOW)

    assert ["c0"] == [d.record_id for d in take(journal, limit=1)]
    assert ["c1"] == [d.record_id for d in take(journal)]
    assert [] == take(journal, at=29)
    assert ["c0", "c1"] == [d.record_id for d in take(journal, at=30)]


def test_what_is_put_for_later_is_taken_then_and_at_once_when_it_is_put_again(
    journal: Journal,
) -> None:
    journal.put_due([due("c0")], at=NOW, held_until=after(60))
    journal.put_due([due("c1")], at=NOW, held_until=after(60))

    assert [] == take(journal, at=59)
    assert 2 == journal.outbox().due
    journal.put_due([due("c0")], at=after(10))
    assert ["c0"] == [d.record_id for d in take(journal, at=10)]
    assert ["c1"] == [d.record_id for d in take(journal, at=60) if d.record_id != "c0"]


def test_threads_share_what_is_due_between_them(journal: Journal) -> None:
    journal.put_due([due(f"c{n}") for n in range(40)], at=NOW)
    together = threading.Barrier(4)

    def drain(_: int) -> list[str]:
        together.wait()
        mine: list[str] = []
        while taken := take(journal, limit=3):
            mine += [d.record_id for d in taken]
        return mine

    with ThreadPoolExecutor(4) as pool:
        taken = [id_ for mine in pool.map(drain, range(4)) for id_ in mine]

    assert sorted(f"c{n}" for n in range(40)) == sorted(taken)


def test_a_copy_that_is_done_is_due_no_more(journal: Journal) -> None:
    journal.put_due([due("c0"), due("c1")], at=NOW)
    first, _ = take(journal)

    journal.copied([first], at=NOW)

    assert ["c1"] == [d.record_id for d in journal.outbox_rows()]


def test_a_newer_version_survives_the_copying_of_an_older(journal: Journal) -> None:
    journal.put_due([due("c0", a=1)], at=NOW)
    (older,) = take(journal)
    journal.put_due([due("c0", a=2)], at=after(5))

    journal.copied([older], at=after(6))

    (newer,) = take(journal, at=6)
    assert ({"hubspot_id": "c0", "a": 2}, after(5)) == (newer.row, newer.due_since)
    assert newer.seq > older.seq


def test_a_newer_version_survives_the_failing_of_an_older(journal: Journal) -> None:
    journal.put_due([due("c0", a=1)], at=NOW)
    (older,) = take(journal)
    journal.put_due([due("c0", a=2)], at=after(5))

    journal.copy_failed([replace(older, attempts=8, error="refused", dead=True)])

    (newer,) = take(journal)
    assert (0, "", False) == (newer.attempts, newer.error, newer.dead)


def test_a_version_that_comes_back_late_is_not_taken_for_a_later_one(journal: Journal) -> None:
    journal.put_due([due("c0", a=1)], at=NOW)
    (first,) = take(journal)
    journal.copied([first], at=NOW)
    journal.put_due([due("c0", a=2)], at=after(5))

    journal.copied([first], at=after(6))

    assert 1 == journal.outbox().due


def test_a_record_is_due_since_its_oldest_version_not_yet_copied(journal: Journal) -> None:
    journal.put_due([due("c0", a=1)], at=NOW)
    journal.put_due([due("c0", a=2)], at=after(5))

    assert NOW == journal.outbox().oldest


def test_two_versions_in_one_call_count_as_one_after_the_other(journal: Journal) -> None:
    journal.put_due([due("c0", a=1), due("c0", a=2)], at=NOW)

    assert [{"hubspot_id": "c0", "a": 2}] == [d.row for d in take(journal)]


def test_records_of_two_kinds_share_no_id(journal: Journal) -> None:
    journal.put_due([due("7"), Due(kind=Kind.EXAM, record_id="7", row=None)], at=NOW)

    assert [Kind.CONTACT, Kind.EXAM] == [d.kind for d in take(journal)]


def row_after(journal: Journal, *dues: Due) -> object:
    for each in dues:
        journal.put_due([each], at=NOW)
    (waiting,) = journal.outbox_rows()
    return waiting.row


def test_a_late_offer_never_replaces_a_newer_row(journal: Journal) -> None:
    newer = due(cs_credits=3, source_modified_at=stamped(9))
    older = due(cs_credits=2, source_modified_at=stamped(1))

    assert newer.row == row_after(journal, newer, older)


def test_a_record_that_is_to_be_read_is_read_whatever_comes_after(journal: Journal) -> None:
    """The change that asked for the reading may be of a column that the later row lacks."""
    assert None is row_after(journal, due(), due(cs_credits=3, source_modified_at=stamped(1)))


def test_a_record_is_read_when_the_newer_row_lacks_a_column_of_the_older(journal: Journal) -> None:
    cancelled = due(is_active="Cancelled", source_modified_at=stamped(1))
    marked = due(token_refunded="true", source_modified_at=stamped(2))

    assert None is row_after(journal, cancelled, marked)


def test_a_failed_copy_waits_for_its_time(journal: Journal) -> None:
    journal.put_due([due("c0")], at=NOW)
    (tried,) = take(journal)
    again = after(8)
    failed = replace(tried, attempts=1, error="the mirror does not answer", next_try_at=again)
    journal.copy_failed([failed])

    assert [] == take(journal, at=7)
    assert [failed] == take(journal, at=8)


def test_a_failed_copy_without_a_time_is_due_at_once(journal: Journal) -> None:
    journal.put_due([due("c0")], at=NOW)
    (tried,) = take(journal)
    journal.copy_failed([replace(tried, attempts=1, error="odd")])

    assert [1] == [d.attempts for d in take(journal)]


def dead_letter(journal: Journal, *ids: str) -> None:
    journal.put_due([due(id_) for id_ in ids], at=NOW)
    taken = take(journal)
    journal.copy_failed([replace(d, attempts=8, error="refused", dead=True) for d in taken])


def test_a_dead_letter_is_not_taken_but_shown(journal: Journal) -> None:
    dead_letter(journal, "c0")
    journal.put_due([due("c1")], at=after(5))

    assert OutboxState(due=1, dead=1, oldest=after(5)) == journal.outbox()
    assert ["c1"] == [d.record_id for d in take(journal, at=99)]
    assert ["c0"] == [d.record_id for d in journal.outbox_rows(dead=True)]
    assert ["c1"] == [d.record_id for d in journal.outbox_rows(dead=False)]
    assert ["c0"] == [d.record_id for d in journal.outbox_rows(limit=1)]
    assert [("refused", 8)] == [(d.error, d.attempts) for d in journal.outbox_rows(dead=True)]


def test_a_newer_row_wakes_a_dead_letter(journal: Journal) -> None:
    dead_letter(journal, "c0")
    journal.put_due([due("c0")], at=after(5))

    (woken,) = take(journal, at=5)
    assert (0, "", False) == (woken.attempts, woken.error, woken.dead)


def test_dead_letters_are_revived_all_or_by_name(journal: Journal) -> None:
    dead_letter(journal, "c0", "c1", "c2")

    assert 0 == journal.revive(kind=Kind.EXAM)
    assert 1 == journal.revive(kind=Kind.CONTACT, record_id="c1")
    assert [("c1", 0)] == [(d.record_id, d.attempts) for d in take(journal)]
    assert 2 == journal.revive()
    assert ["c0", "c2"] == [d.record_id for d in take(journal)]
    assert OutboxState(due=3, dead=0, oldest=NOW) == journal.outbox()


def given_up(
    journal: Journal, error: str, *ids: str, at: float = 0, kind: Kind = Kind.CONTACT
) -> None:
    journal.put_due([replace(due(id_), kind=kind) for id_ in ids], at=after(at))
    taken = [each for each in take(journal, at=at, limit=99) if each.record_id in ids]
    journal.copy_failed([replace(each, attempts=8, error=error, dead=True) for each in taken])


def test_dead_letters_are_told_by_error_the_commonest_first(journal: Journal) -> None:
    given_up(journal, "permission denied", "c0", "c1", at=5)
    given_up(journal, "no column x", "c2", at=3)
    given_up(journal, "permission denied", "e0", at=7, kind=Kind.EXAM)
    journal.put_due([due("alive")], at=NOW)

    first, second = journal.dead_letters()

    assert ("permission denied", 3, after(5)) == (first.error, first.number, first.oldest)
    assert {Kind.CONTACT: 2, Kind.EXAM: 1} == first.kinds
    assert ("no column x", 1) == (second.error, second.number)
    shown = journal.outbox_rows(dead=True, error="permission denied")
    assert ["c0", "c1", "e0"] == [each.record_id for each in shown]


def test_those_with_one_error_are_revived_and_the_others_stay_dead(journal: Journal) -> None:
    given_up(journal, "permission denied", "c0", "c1")
    given_up(journal, "no column x", "c2")

    assert 2 == journal.revive(error="permission denied", at=after(9), actor="ann@example.test")

    assert ["no column x"] == [each.error for each in journal.dead_letters()]
    (event,) = journal.events()
    assert ("retried dead letters", "ann@example.test", after(9)) == (
        event.what,
        event.actor,
        event.at,
    )
    assert {"copies": 2, "error": "permission denied"} == event.detail


def test_where_nothing_was_dead_nothing_is_kept_of_a_retry(journal: Journal) -> None:
    assert 0 == journal.revive(error="permission denied", at=NOW, actor="ann@example.test")
    assert [] == journal.events()
    assert [] == journal.dead_letters()
