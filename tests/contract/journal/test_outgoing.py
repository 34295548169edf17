from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from core.app.journal import Journal
from core.app.stores import SqlJournal
from core.audit.entries import Entry, Sought, Subject, What
from core.health.clock_watch import MOST
from core.mirror.outgoing.announcer import SLOWEST_S
from core.mirror.outgoing.rules import EventType, OutgoingEvent
from tests.contract.journal.given import ADMIN, NOW, after
from tests.fakes.journal import MemoryJournal


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def announcing(request: pytest.FixtureRequest) -> Iterator[Journal]:
    """A journal that was opened to announce changes."""
    if request.param == "memory":
        yield MemoryJournal(announces=True)
        return
    url = request.getfixturevalue(f"{request.param}_journal_url")
    opened = SqlJournal(url, announces=True)
    yield opened
    opened.close()


def entry(n: int, what: What = What.CANCELLED) -> Entry:
    return Entry(
        at=after(n),
        actor=ADMIN,
        what=what,
        operation_id="op",
        subject=Subject.BOOKING,
        subject_id=f"b{n}",
        detail={"contact": "c1", "exam": "e1", "exam_date": "2026-05-04"},
    )


def taken(journal: Journal, seconds: float = 0, limit: int = 10) -> list[OutgoingEvent]:
    return journal.take_outgoing(now=after(seconds), until=after(seconds + 60), limit=limit)


def test_an_event_is_saved_with_the_entry_that_it_tells_of(announcing: Journal) -> None:
    announcing.record(entry(1), entry(2, What.LOOKED), entry(3, What.BOOKED))

    first, second = taken(announcing)

    assert (EventType.BOOKING_CANCELLED, after(1)) == (first.type, first.at)
    assert EventType.BOOKING_MADE is second.type
    assert {
        "record_id": "b1",
        "contact_id": "c1",
        "exam_id": "e1",
        "exam_date": "2026-05-04",
        "operation": "op",
    } == first.data
    assert first.id != second.id
    assert 3 == len(announcing.audit(Sought()))


def test_a_journal_that_announces_nothing_keeps_none(journal: Journal) -> None:
    journal.record(entry(1))

    assert [] == taken(journal)


def test_events_are_taken_by_one_process_until_its_time_is_over(announcing: Journal) -> None:
    announcing.record(entry(1), entry(2))
    assert ["b1"] == [event.data["record_id"] for event in taken(announcing, limit=1)]
    assert ["b2"] == [event.data["record_id"] for event in taken(announcing)]
    assert [] == taken(announcing, 59)

    assert ["b1", "b2"] == [event.data["record_id"] for event in taken(announcing, 61)]


def test_sent_events_are_gone_and_failed_ones_come_back_in_time(announcing: Journal) -> None:
    announcing.record(entry(1), entry(2))
    first, second = taken(announcing)

    announcing.outgoing_sent([first.id])
    again = replace(second, attempts=1, error="it answered 503", next_try_at=after(5))
    announcing.outgoing_failed([again])

    assert [] == taken(announcing, 4)
    assert [again] == taken(announcing, 5)
    state = announcing.outgoing()
    assert (1, 0, second.at) == (state.due, state.dead, state.oldest)


def test_events_that_were_given_up_are_due_again_at_a_person_s_word(announcing: Journal) -> None:
    announcing.record(entry(1))
    (event,) = taken(announcing)
    dead = replace(event, attempts=58, error="gone", dead=True)
    announcing.outgoing_failed([dead])
    assert [] == taken(announcing, 9_000)
    assert [dead] == announcing.outgoing_rows(dead=True)

    assert 1 == announcing.revive_outgoing(at=NOW + timedelta(hours=3), actor=ADMIN)

    (revived,) = taken(announcing, 10_000)
    assert (event.id, 0, False) == (revived.id, revived.attempts, revived.dead)
    assert 0 == announcing.revive_outgoing(at=NOW, actor=ADMIN)
    (link,) = announcing.audit(Sought(what=(What.EVENTS_RETRIED,)))
    assert (ADMIN, {"events": 1}) == (link.entry.actor, link.entry.detail)


def test_an_event_that_a_wrong_clock_put_off_is_sent_now(announcing: Journal) -> None:
    announcing.record(entry(1), entry(2))
    first, _ = taken(announcing, seconds=7200)
    announcing.outgoing_failed([replace(first, attempts=1, next_try_at=after(7260))])
    assert [] == taken(announcing, seconds=1)

    assert 2 == announcing.bring_back(after(1), MOST)

    assert [None, None] == [event.next_try_at for event in taken(announcing, seconds=1)]


def test_an_event_that_waits_for_its_next_try_goes_on_waiting(announcing: Journal) -> None:
    announcing.record(entry(1))
    (event,) = taken(announcing)
    announcing.outgoing_failed([replace(event, attempts=20, next_try_at=after(SLOWEST_S))])

    assert 0 == announcing.bring_back(NOW, MOST)
    assert [] == taken(announcing, seconds=SLOWEST_S - 1)
