"""Students' names and typed reasons leave the store when nobody needs them any more."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.audit.retention_rules import Forgotten
from core.audit.store.event_port import Event
from core.credits.roles import Act, Actor
from core.drift.store.port import DriftStore
from core.work.schedules import Job, Schedule

#: Who acts when nobody does.
SCHEDULE = "the schedule"
#: The event that keeps one run, and the name of the job.
RAN = "forgetting of names"
#: Plans looked up at a time.
PAGE = 200
#: Ids that the event names.
NAMED_MAX = 200


@dataclass(frozen=True, slots=True)
class Retention:
    """Ids, movements, claims and writes stay: what was done is known, to whom only HubSpot tells.

    A run may be repeated, cut short, or made twice at once.
    """

    journal: DriftStore
    #: How long names are kept; None: for ever, unless a person asks.
    keep: timedelta | None
    now: Callable[[], datetime]

    def forget(
        self, actor: Actor, *, before: datetime | None = None, dry_run: bool = False
    ) -> Forgotten:
        """Forget the students of what ended before then; None: as long ago as the settings keep.

        Raises:
            NotAllowed: this person may not.
            ValueError: the settings keep names for ever, and no ``before`` was given.
        """
        actor.require(Act.FORGET)
        if before is None:
            if self.keep is None:
                raise ValueError("names are kept for ever: say before which day to forget")
            before = self.now() - self.keep
        return self._forget(before, actor.email, dry_run=dry_run)

    def on_schedule(self, slot: datetime) -> None:
        """The same, for the scheduler, which is nobody. Raises ``JournalError``."""
        if self.keep is not None:
            self._forget(slot - self.keep, SCHEDULE)

    def _forget(self, before: datetime, by: str, *, dry_run: bool = False) -> Forgotten:
        if dry_run:
            ids = self.journal.naming_students(before=before, limit=PAGE)
            return Forgotten(before=before, ids=tuple(ids))
        ids, rows, at = [], 0, self.now()
        while page := self.journal.naming_students(before=before, limit=PAGE):
            rows += sum(self.journal.forget_students(id_, by=by, at=at) for id_ in page)
            ids += page
        done = Forgotten(
            before=before,
            ids=tuple(ids),
            rows=rows,
            sweeps=self.journal.forget_sweeps(before=before),
            repairs=self.journal.forget_repairs(before=before),
            reasons=self.journal.forget_reasons(before=before, by=by, at=at),
        )
        if ids or done.sweeps or done.repairs or done.reasons:
            self.journal.record(_event(done, at, by))
        return done


def forgetting_jobs(forgetting: Retention, schedule: Schedule | None) -> Iterable[Job]:
    """One, unless names are kept for ever."""
    if schedule is not None and forgetting.keep is not None:
        yield Job(name=RAN, schedule=schedule, act=forgetting.on_schedule)


def _event(done: Forgotten, at: datetime, by: str) -> Event:
    detail = {
        "before": done.before.isoformat(),
        "operations": list(done.ids[:NAMED_MAX]),
        "count": len(done.ids),
        "rows": done.rows,
        "sweeps": done.sweeps,
        "repairs": done.repairs,
        "reasons": done.reasons,
    }
    return Event(at=at, actor=by, what=RAN, detail=detail)
