"""Times that a clock which was set back left in the future."""

from __future__ import annotations

from datetime import timedelta

from core.app.journal import Journal
from core.credits.records import Kind
from core.health.alarm_rules import Trouble
from core.health.clock_watch import MOST, NOTHING
from core.health.store.port import Bounds
from tests.contract.journal.given import NOW, after, due, running

HOUR = timedelta(hours=1)
BOUNDS = Bounds(
    leases=timedelta(seconds=150),
    days=timedelta(days=1),
    copies=timedelta(seconds=900),
    events=timedelta(seconds=1800),
    jobs=timedelta(seconds=300),
    past=timedelta(seconds=30),
)


def test_a_store_without_times_ahead_is_left_as_it_is(journal: Journal) -> None:
    run = running(journal)
    journal.lease(run, Kind.CONTACT, ["c0"], now=NOW, until=after(120))
    journal.put_due([due("c1")], at=NOW)
    journal.begin_job("sweep", at=NOW)
    before = journal.slots()

    assert 0 == journal.bring_back(NOW, BOUNDS)
    assert before == journal.slots()
    other = running(journal, "other")
    assert set() == journal.lease(other, Kind.CONTACT, ["c0"], now=NOW, until=after(120))


def test_a_lease_further_ahead_than_any_can_be_is_free(journal: Journal) -> None:
    run = running(journal)
    journal.lease(run, Kind.CONTACT, ["c0", "c1"], now=NOW, until=after(3720))
    other = running(journal, "other")

    assert 2 == journal.bring_back(NOW, BOUNDS)

    got = journal.lease(other, Kind.CONTACT, ["c0", "c1"], now=NOW, until=after(120))
    assert {"c0", "c1"} == got


def test_a_lease_that_was_brought_back_still_counts_unless_another_took_it(
    journal: Journal,
) -> None:
    run = running(journal)
    journal.lease(run, Kind.CONTACT, ["c0"], now=NOW, until=after(3720))
    journal.bring_back(NOW, NOTHING)

    assert {"c0"} == journal.lease(run, Kind.CONTACT, ["c0"], now=NOW, until=after(120))


def test_a_student_s_day_is_kept_for_its_own_time(journal: Journal) -> None:
    run = running(journal)
    journal.lease(run, Kind.BOOKING, ["day"], now=NOW, until=after(86_000))
    other = running(journal, "other")

    for bounds in (BOUNDS, MOST, NOTHING):
        assert 0 == journal.bring_back(NOW, bounds)
    assert set() == journal.lease(other, Kind.BOOKING, ["day"], now=NOW, until=after(86_000))
    assert 1 == journal.bring_back(NOW - 2 * HOUR, BOUNDS)


def test_a_copy_that_a_wrong_clock_put_off_is_due_now(journal: Journal) -> None:
    journal.put_due([due("c1"), due("c2")], at=NOW)
    held = journal.take_due(now=NOW, until=after(3600), limit=10)
    assert 2 == len(held)
    assert [] == journal.take_due(now=after(1), until=after(31), limit=10)

    assert 2 == journal.bring_back(after(1), BOUNDS)

    assert 2 == len(journal.take_due(now=after(1), until=after(31), limit=10))


def test_a_job_whose_last_time_is_ahead_is_due_at_its_next_time(journal: Journal) -> None:
    journal.begin_job("sweep", at=NOW)
    assert journal.take_slot("sweep", NOW + 72 * HOUR, now=NOW + 72 * HOUR, until=NOW + 73 * HOUR)
    journal.end_slot("sweep", NOW + 72 * HOUR, at=NOW + 72 * HOUR)
    assert not journal.take_slot("sweep", NOW + HOUR, now=NOW + HOUR, until=NOW + 2 * HOUR)

    assert 2 == journal.bring_back(NOW, BOUNDS)

    assert NOW == journal.slots()["sweep"].slot
    assert journal.take_slot("sweep", NOW + HOUR, now=NOW + HOUR, until=NOW + 2 * HOUR)


def test_an_alarm_from_the_future_begins_now(journal: Journal) -> None:
    trouble = Trouble(
        key="k", title="something is wrong", text="look", patience=timedelta(minutes=5)
    )
    journal.raise_alarm(trouble, at=NOW + HOUR)

    assert 1 == journal.bring_back(NOW, BOUNDS)

    assert [NOW] == [alarm.since for alarm in journal.alarms()]
    assert journal.raise_alarm(trouble, at=after(300)), "its patience begins now"
