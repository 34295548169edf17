"""Each time of a job is seen to once, by whichever process comes first."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.drift.sweeps import SweepMode, SweepState
from core.settings.cron import Cron
from core.work.schedules import Job
from core.work.work import Work
from core.workers import scheduler
from core.workers.scheduler import Scheduler, ScheduleThread, sweep_jobs
from tests.fakes.journal import MemoryJournal
from tests.unit.services.desk import TestDesk

UTC_ZONE = ZoneInfo("UTC")
HOURLY = Cron("0 * * * *", UTC_ZONE)
HOUR = timedelta(hours=1)


@dataclass
class Wall:
    """A clock, a job that may fail, and processes that look at both."""

    journal: MemoryJournal = field(default_factory=MemoryJournal)
    time: datetime = datetime(2026, 5, 4, 9, 30, tzinfo=UTC)
    done: list[int] = field(default_factory=list)
    failing: bool = False

    def act(self, slot: datetime) -> None:
        if self.failing:
            raise RuntimeError("nobody expected that")
        self.done.append(slot.hour)

    def process(self) -> Scheduler:
        job = Job(name="job", schedule=HOURLY, act=self.act)
        return Scheduler(self.journal, (job,), lambda: self.time)


@pytest.fixture
def wall() -> Wall:
    made = Wall()
    made.process().tick()
    return made


def test_times_of_a_day_are_told_and_none_of_a_job_that_is_off(wall: Wall) -> None:
    at = wall.time

    assert 24 == len(wall.process().day_of("job", at))
    assert at < wall.process().day_of("job", at)[0] <= at + timedelta(hours=1)
    assert [] == wall.process().day_of("another", at)


def test_nothing_is_done_at_the_first_look(wall: Wall) -> None:
    wall.process().tick()

    assert [] == wall.done


def test_each_time_is_seen_to_once_by_any_of_several_processes(wall: Wall) -> None:
    processes = [wall.process() for _ in range(3)]
    for _ in range(12):
        wall.time += timedelta(minutes=15)
        for process in processes:
            process.tick()

    assert [10, 11, 12] == wall.done


def test_what_was_missed_while_nobody_ran_is_made_up_once(wall: Wall) -> None:
    wall.time += 5 * HOUR

    wall.process().tick()
    wall.process().tick()

    assert [14] == wall.done


def test_what_failed_is_tried_again_when_its_hold_is_over(wall: Wall) -> None:
    wall.time += HOUR
    wall.failing = True
    assert ["job"] == wall.process().tick()
    wall.failing = False

    assert [] == wall.process().tick()
    assert "nobody expected that" in wall.journal.slots()["job"].error
    wall.time += scheduler.HOLD
    wall.process().tick()
    assert [10] == wall.done


def test_a_process_that_died_in_a_job_leaves_it_to_another(wall: Wall) -> None:
    wall.time += HOUR
    slot = HOURLY.last(wall.time)
    wall.journal.take_slot("job", slot, now=wall.time, until=wall.time + scheduler.HOLD)

    wall.process().tick()
    assert [] == wall.done
    wall.time += scheduler.HOLD
    wall.process().tick()
    assert [10] == wall.done


def test_when_each_job_comes_next_is_told(wall: Wall) -> None:
    expected = datetime(2026, 5, 4, 10, tzinfo=UTC)

    assert {"job": expected} == wall.process().next_times(wall.time)


def test_the_thread_outlives_a_journal_that_fails(wall: Wall) -> None:
    broken = Scheduler(wall.journal, (Job(name="", schedule=HOURLY, act=wall.act),), lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    thread = ScheduleThread(broken, poll_s=0.01)
    thread.start()
    assert thread._thread is not None
    assert thread._thread.is_alive()

    thread.stop(5)

    assert not thread._thread.is_alive()


# the sweeps' jobs


@pytest.fixture
def desk() -> TestDesk:
    """At half past nine, with a sweep of all that is known every hour, and none swept yet."""
    made = TestDesk()
    made.time += timedelta(minutes=30)
    made.schedule = Scheduler(
        made.journal, tuple(sweep_jobs(made.core.sweep_runner, {SweepMode.KNOWN: HOURLY})), made.now
    )
    made.schedule.tick()
    return made


def late(desk: TestDesk) -> list[str]:
    return [each.why for each in desk.schedule.late(desk.time)]


def test_a_sweep_is_asked_for_at_its_time_under_the_name_of_its_slot(desk: TestDesk) -> None:
    desk.time += HOUR

    desk.schedule.tick()

    (sweep,) = desk.journal.sweeps()
    assert ("known-20260504T1000Z", "schedule") == (sweep.id, sweep.asked_by)
    assert ["sweep/known-20260504T1000Z"] == desk.engine.submitted


def test_a_slot_that_is_taken_twice_is_one_sweep(desk: TestDesk) -> None:
    desk.time += HOUR
    desk.schedule.tick()
    desk.carry_on(Work.SWEEP, "known-20260504T1000Z")

    (job,) = desk.schedule.jobs
    job.act(HOURLY.last(desk.time))

    assert 1 == len(desk.journal.sweeps())
    assert ["sweep/known-20260504T1000Z"] == desk.engine.submitted


def test_a_sweep_that_nobody_carries_is_late_until_one_is_complete(desk: TestDesk) -> None:
    desk.time += HOUR
    desk.schedule.tick()

    desk.time -= timedelta(seconds=1)
    assert [] == late(desk)
    desk.time += timedelta(minutes=20)
    assert ["asked for since"] == [why[:15] for why in late(desk)]
    desk.carry_on(Work.SWEEP, "known-20260504T1000Z")
    assert [] == late(desk)


def test_a_paused_sweep_is_late_with_what_it_waits_for(desk: TestDesk) -> None:
    desk.time += HOUR
    desk.schedule.tick()
    desk.mirror.die()
    desk.core.sweep_runner.carry_out("known-20260504T1000Z")
    desk.time += HOUR
    desk.schedule.tick()

    (why,) = late(desk)
    assert why.startswith("paused since")
    assert why.endswith("connection refused")


def test_a_full_sweep_stands_for_a_known_one_but_not_the_other_way(desk: TestDesk) -> None:
    sweeping = desk.core.sweep_runner
    since = desk.time
    desk.carry_on(Work.SWEEP, sweeping.ask_unattended(SweepMode.FULL, by="test").id)

    assert "" == sweeping.unfinished(SweepMode.KNOWN, since)
    desk.time += HOUR
    desk.carry_on(Work.SWEEP, sweeping.ask_unattended(SweepMode.KNOWN, by="test").id)
    assert SweepState.COMPLETE is desk.journal.sweeps()[0].state
    assert "none was asked for" == sweeping.unfinished(SweepMode.FULL, desk.time)
