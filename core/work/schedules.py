"""Schedules: jobs that are to be done at certain times, once each, by whichever process. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: A slot that nobody did within this is late.
LATE_AFTER = timedelta(minutes=10)


class Schedule(Protocol):
    """Times of the wall clock, in UTC."""

    def last(self, at: datetime) -> datetime:
        """The newest of them that is not after ``at``."""
        ...

    def next(self, at: datetime) -> datetime:
        """The first of them after ``at``."""
        ...


@dataclass(frozen=True, slots=True)
class Every:
    """A ``Schedule`` of equal steps, counted from the epoch."""

    step: timedelta

    def last(self, at: datetime) -> datetime:
        """See ``Schedule``."""
        return at - (at - EPOCH) % self.step

    def next(self, at: datetime) -> datetime:
        """See ``Schedule``."""
        return self.last(at) + self.step


def _nothing_left(_slot: datetime) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What is to be done, and when.

    ``act`` gets the time it is done for. It is short, hands long work to the engine, and may be
    called twice for one slot when a process dies in it: it must not mind.
    """

    name: str
    schedule: Schedule
    act: Callable[[datetime], None]
    #: What of a slot that was done has still not come to its end, in words; "" when nothing.
    unfinished: Callable[[datetime], str] = _nothing_left
    late_after: timedelta = LATE_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotRecord:
    """The newest slot of one job that anybody took."""

    job: str
    slot: datetime
    taken_at: datetime
    held_until: datetime
    done_at: datetime | None = None
    error: str = ""
    #: Since when there is this job: what was before it is not missed.
    began_at: datetime

    def open(self, slot: datetime) -> bool:
        """Whether this time of the job may still be to do."""
        return slot > self.slot or (slot == self.slot and self.done_at is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Late:
    """A job whose time has passed and that did not come to its end."""

    job: str
    slot: datetime
    why: str


def late(job: Job, record: SlotRecord | None, now: datetime) -> Late | None:
    """Whether what was due before its patience began has not come to its end."""
    due = job.schedule.last(now - job.late_after)
    if record is None or due < record.began_at:
        return None
    if record.slot < due:
        why = "no worker was there to do it"
    elif record.slot == due and record.done_at is None:
        why = record.error or "it was begun and not done"
    else:
        why = job.unfinished(due)
    return Late(job=job.name, slot=due, why=why) if why else None
