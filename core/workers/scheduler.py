"""Scheduling: what is due by the clock is done once, by whichever process comes first."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from core.drift.sweep import SweepRunner
from core.drift.sweeps import SweepMode
from core.work.schedules import Job, Late, Schedule, late
from core.work.vitals_port import NoVitals, Vitals
from core.workers.store.port import WorkerStore

log = logging.getLogger(__name__)

#: Whoever takes a slot has so long to do it; after that, or after a failure, it is tried again.
HOLD = timedelta(minutes=5)
#: Times of one job that are told, and within how long.
DAY, DAY_MAX = timedelta(days=1), 24
#: How often a worker looks at the clock.
POLL_S = 5.0
#: A sweep that was not completed so long after its time is late.
SWEEP_LATE_AFTER = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Scheduler:
    """The times of jobs that came while nobody ran are made up once, not each."""

    journal: WorkerStore
    jobs: tuple[Job, ...]
    now: Callable[[], datetime]

    def tick(self) -> list[str]:
        """Do what is due; the names of the jobs that this call saw to.

        Raises:
            JournalError: nothing is known, and nothing was done that is not recorded.
        """
        now, records = self.now(), self.journal.slots()
        done = []
        for job in self.jobs:
            record, slot = records.get(job.name), job.schedule.last(now)
            if record is None:
                self.journal.begin_job(job.name, at=now)
            elif record.open(slot) and self._taken(job, slot, now):
                self._do(job, slot)
                done.append(job.name)
        return done

    def late(self, now: datetime) -> list[Late]:
        """Jobs that did not come to their end in time, each with why. Reads the journal alone."""
        records = self.journal.slots()
        found = (late(job, records.get(job.name), now) for job in self.jobs)
        return [each for each in found if each is not None]

    def next_times(self, now: datetime) -> dict[str, datetime]:
        """When each job comes next."""
        return {job.name: job.schedule.next(now) for job in self.jobs}

    def day_of(self, name: str, now: datetime) -> list[datetime]:
        """The times of this job within a day from now, or the first after it; none: it is off."""
        schedule = next((job.schedule for job in self.jobs if job.name == name), None)
        if schedule is None:
            return []
        found = [schedule.next(now)]
        while len(found) < DAY_MAX and (after := schedule.next(found[-1])) <= now + DAY:
            found.append(after)
        return found

    def _taken(self, job: Job, slot: datetime, now: datetime) -> bool:
        return self.journal.take_slot(job.name, slot, now=now, until=now + HOLD)

    def _do(self, job: Job, slot: datetime) -> None:
        log.info("%s: due since %s", job.name, slot.isoformat())
        error = ""
        try:
            job.act(slot)
        except Exception as failed:
            log.exception("%s failed; it is tried again in %s", job.name, HOLD)
            error = f"{type(failed).__name__}: {failed}"
        self.journal.end_slot(job.name, slot, at=self.now(), error=error)


def sweep_jobs(sweeping: SweepRunner, schedules: Mapping[SweepMode, Schedule]) -> Iterable[Job]:
    """One for each mode. A slot's sweep has its name, so that asking twice is one sweep."""

    def ask(mode: SweepMode, slot: datetime) -> None:
        sweep_id = f"{mode}-{slot:%Y%m%dT%H%MZ}"
        sweeping.ask_unattended(mode, by="schedule", sweep_id=sweep_id)

    for mode, schedule in schedules.items():
        yield Job(
            name=f"{mode} sweep",
            schedule=schedule,
            act=partial(ask, mode),
            unfinished=partial(sweeping.unfinished, mode),
            late_after=SWEEP_LATE_AFTER,
        )


@dataclass(slots=True)
class ScheduleThread:
    """Ticks from ``start`` to ``stop``. Can be started once."""

    scheduling: Scheduler
    poll_s: float = POLL_S
    vitals: Vitals = field(default_factory=NoVitals)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to look at the clock."""
        self._thread = threading.Thread(target=self._run, name="schedule", daemon=True)
        self._thread.start()

    def stop(self, grace_s: float) -> None:
        """Take nothing new; what is in hand may finish for at most ``grace_s`` seconds."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(grace_s)

    def _run(self) -> None:
        while not self._stopping.wait(self.poll_s):
            try:
                self.scheduling.tick()
            except Exception as error:
                log.exception("the schedule could not be looked at; trying again")
                self.vitals.failed("schedule", error)
            else:
                self.vitals.worked("schedule")
