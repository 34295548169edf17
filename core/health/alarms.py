"""Alarms: what people are told of while they look elsewhere. Each thing once, until it is well."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.audit.chain import Verified
from core.credits.errors import JournalError
from core.credits.roles import RoleRequest
from core.drift.sweeps import Sweep
from core.health.alarm_rules import WELL_AFTER, Alarm, Trouble
from core.health.facts import Facts
from core.health.facts_reader import FactsReader
from core.health.matters import AT_ONCE, HANDLING, Matter
from core.health.needs import CHECKS, undecided_words
from core.health.notify_port import Notifier
from core.health.store.port import HealthStore
from core.mirror.store.outbox_port import Due
from core.operations.states import Operation, OperationState
from core.work.schedules import Late

log = logging.getLogger(__name__)

#: Records drifting at the last sweep of all rows, unless the settings say otherwise.
DRIFT_ABOVE = 20
NAMED_MAX = 5
#: How the key begins under which the journal keeps each matter that is told.
KEYS: dict[Matter, str] = {
    Matter.AUDIT_CHANGED: "audit",
    Matter.UNUSUAL: "unusual",
    Matter.DISK_FULL: "disk",
    Matter.UNDECIDED: "undecided",
    Matter.WRITTEN_OVER: "written over",
    Matter.AWAITING: "awaiting approval",
    Matter.ADMIN_AWAITED: "awaiting approval",
    Matter.DEAD_LETTERS: "dead letters",
    Matter.DEAD_EVENTS: "dead events",
    Matter.DRIFT: "drift",
    Matter.SWEEP_STUCK: "sweep",
    Matter.LATE: "late",
    Matter.WAITING: "waiting",
    Matter.BEHIND: "behind",
    Matter.NEW_ADMIN: "new admin",
}
ENDLESS = tuple(f"{key} " for matter, key in KEYS.items() if not HANDLING[matter].ends)
FAULTS_TOLD = 3
#: How often a process looks.
LOOK_EVERY_S = 60.0

assert KEYS.keys() == {m for m, each in HANDLING.items() if each.told_after is not None}, (
    "every matter that is told has its key"
)


@dataclass(slots=True)
class Alarms:
    """Looks at the journal alone, so any number of processes may look."""

    journal: HealthStore
    notifier: Notifier
    now: Callable[[], datetime]
    drift_above: int = DRIFT_ABOVE
    #: How people open the app; empty: not known, so messages have no links.
    public_url: str = ""
    #: Jobs of the schedule that did not come to their end in time.
    late: Callable[[datetime], Sequence[Late]] = lambda _now: ()
    #: Whether a request for a role can still be approved.
    waits: Callable[[RoleRequest], bool] = lambda _request: True
    #: What this process knows of the audit's chain.
    audit: Callable[[], Verified | None] = lambda: None

    def look(self) -> None:
        """Tell what is newly wrong, and what is well again.

        Raises:
            JournalError: nothing is known.
        """
        facts = FactsReader(self.journal, self.now, self.late, self.waits).read(self.audit())
        now, troubles = facts.now, list(self._troubles(facts))
        for trouble in troubles:
            self._raise(trouble, now)
        wrong = {trouble.key for trouble in troubles}
        for alarm in self.journal.alarms():
            if alarm.key not in wrong and self._may_be_over(alarm):
                over = self.journal.calm_alarm(alarm.key, at=now, after=WELL_AFTER)
                if over is not None and not over.key.startswith(ENDLESS):
                    self.notifier.tell(*well_again(over))

    def dead_letters(self, _dead: Sequence[Due]) -> None:
        """For ``MirrorCopier.on_dead``: copies were given up just now. Never raises."""
        try:
            for trouble in self._dead_letters():
                self._raise(trouble, self.now())
        except JournalError:
            log.exception("nobody could be told of dead letters; the next look tells")

    def _may_be_over(self, alarm: Alarm) -> bool:
        """What does not fit in the audit stays until somebody has gone along all of it since."""
        if alarm.key != KEYS[Matter.AUDIT_CHANGED]:
            return True
        since = verified.since if (verified := self.audit()) else None
        return since is not None and since > alarm.since

    def _raise(self, trouble: Trouble, now: datetime) -> None:
        if self.journal.raise_alarm(trouble, at=now):
            self.notifier.tell(trouble.title, trouble.text)

    def _troubles(self, facts: Facts) -> Iterator[Trouble]:
        yield from self._audit(facts)
        yield from self._unusual(facts)
        yield from self._disk(facts)
        yield from self._dead_letters()
        yield from self._dead_events(facts)
        yield from self._behind(facts)
        yield from self._drift(facts)
        yield from (self._stuck(each) for each in facts.stuck)
        yield from (self._too_late(each) for each in facts.late)
        yield from self._admins(facts)
        yield from self._operations(facts)

    def _audit(self, facts: Facts) -> Iterator[Trouble]:
        """Faults name entries by their places and hashes."""
        if not facts.audit_faults:
            return
        faults, more = facts.audit_faults[:FAULTS_TOLD], len(facts.audit_faults) - FAULTS_TOLD
        todo = "Keep the database as it is; python -m core audit verify names all. See Audit"
        lines = [
            *faults,
            *([f"and {more} more"] if more > 0 else []),
            f"{todo}{self._at('/audit')}",
        ]
        yield _trouble(Matter.AUDIT_CHANGED, title="the audit was changed", text="\n".join(lines))

    def _unusual(self, facts: Facts) -> Iterator[Trouble]:
        """Keys by their id; whoever did it is told on *Overview*, and does not leave the house."""
        for link in facts.unusual[:NAMED_MAX]:
            entry = link.entry
            who = f"API key {entry.subject_id}" if entry.subject_id else "A person"
            yield _trouble(
                Matter.UNUSUAL,
                str(link.n),
                title="something unusual was done",
                text=f"{who}: {entry.detail.get('told', '')}. A stolen key is revoked on API keys, "
                f"all at once by python -m core keys withdraw-all. See Overview{self._at('/')}",
            )

    def _disk(self, facts: Facts) -> Iterator[Trouble]:
        if facts.room.short:
            yield _trouble(
                Matter.DISK_FULL,
                title="the disk of the desk's database is nearly full",
                text="When it is full, nothing new is saved and nothing new begins: make room. "
                f"See Overview{self._at('/')}",
            )

    def _dead_letters(self) -> Iterator[Trouble]:
        """Errors are left out: a database quotes the row that it refused, names and all."""
        groups = self.journal.dead_letters()
        if not groups:
            return
        number = sum(group.number for group in groups)
        rows = self.journal.outbox_rows(dead=True, limit=NAMED_MAX)
        named = [f"{row.kind} {row.record_id}" for row in rows]
        more = [f"and {number - len(named)} more"] if number > len(named) else []
        errors = f"{len(groups)} different errors" if len(groups) > 1 else "all with one error"
        todo = "HubSpot is right, Supabase is behind. See Operations, Copies to Supabase"
        yield _trouble(
            Matter.DEAD_LETTERS,
            title=f"{_count(number, 'copy', 'copies')} to Supabase failed",
            text="\n".join([*named, *more, f"{errors.capitalize()}.", f"{todo}{self._at(COPIES)}"]),
        )

    def _dead_events(self, facts: Facts) -> Iterator[Trouble]:
        if facts.dead_events:
            yield _trouble(
                Matter.DEAD_EVENTS,
                title=f"{_count(facts.dead_events, 'event')} for other apps failed",
                text="The receiver at CREDIT_DESK_EVENTS_URL did not take them for a day: what it "
                "keeps about these bookings is out of date. See Operations, Copies to "
                f"Supabase{self._at(COPIES)}",
            )

    def _behind(self, facts: Facts) -> Iterator[Trouble]:
        if facts.behind:
            yield _trouble(
                Matter.BEHIND,
                title="students see older balances",
                text=f"Copies to Supabase have waited for more than {_minutes(Matter.BEHIND)} "
                "minutes. They follow by themselves when Supabase takes them; operations continue. "
                f"See Operations, Copies to Supabase{self._at(COPIES)}",
            )

    def _drift(self, facts: Facts) -> Iterator[Trouble]:
        """By the last sweep that compared every row of the mirror, less what was repaired since."""
        last = facts.swept
        if last is None or facts.drifting <= self.drift_above:
            return
        counts = sorted(self.journal.drift_counts(last.id).items(), key=lambda each: -each[1])
        causes = [f"{cause}: {number}" for cause, number in counts]
        were = "was" if facts.repaired == 1 else "were"
        since = f", of which {facts.repaired:,} {were} repaired since" if facts.repaired else ""
        told = (
            f"By the check of {last.saved_at:%Y-%m-%d %H:%M} UTC {_count(last.drifting, 'record')} "
            f"did not match between HubSpot and Supabase{since}. By cause:"
        )
        yield _trouble(
            Matter.DRIFT,
            title=f"{_count(facts.drifting, 'record')} drift",
            text="\n".join([told, *causes, f"See Drift{self._at('/drift')}"]),
        )

    def _stuck(self, sweep: Sweep) -> Trouble:
        told = "It is tried again by itself." if not sweep.ended else "No worker continues it."
        return _trouble(
            Matter.SWEEP_STUCK,
            sweep.mode,
            title=f"the {CHECKS[sweep.mode]} cannot go on",
            text=f"It is {sweep.state}. {told} See Drift{self._at('/drift')}",
            at_once=sweep.ended,
        )

    def _too_late(self, late: Late) -> Trouble:
        return _trouble(
            Matter.LATE,
            late.job,
            title=f"the {late.job} is late",
            text=f"It was due at {late.slot:%Y-%m-%d %H:%M} UTC and has not come to its end. "
            f"Is a worker running? See Operations, Workers{self._at(WORKERS)}",
        )

    def _admins(self, facts: Facts) -> Iterator[Trouble]:
        people = f"See People{self._at('/people')}"
        for new in facts.new_admins:
            yield _trouble(
                Matter.NEW_ADMIN,
                f"{new.email} {new.at.isoformat()}",
                title="somebody became an admin",
                text=f"{new.by} made {new.email} an admin at {new.at:%Y-%m-%d %H:%M} UTC. {people}",
            )
        for asked in facts.admins_awaited:
            yield _trouble(
                Matter.ADMIN_AWAITED,
                f"{asked.email} {asked.at.isoformat()}",
                title="a new admin waits for a second admin",
                text=f"{asked.by} asks that {asked.email} becomes {asked.role}. Another admin must "
                f"approve it. {people}",
            )

    def _operations(self, facts: Facts) -> Iterator[Trouble]:
        for eyes in facts.needs_eyes:
            if told := undecided_words(eyes):
                id_ = eyes.operation.id
                yield _trouble(
                    Matter.UNDECIDED,
                    id_,
                    title="an operation needs a person",
                    text=f"Operation {id_}: {told}. Decide on its page{self._at_operation(id_)}",
                )
        for over in facts.written_over:
            yield _trouble(
                Matter.WRITTEN_OVER,
                over.operation.id,
                title="an operation met changes by others",
                text=f"{_count(over.number, 'balance change')} by others at the same moment as "
                f"operation {over.operation.id} may be lost. A person must see to "
                f"{'it' if over.number == 1 else 'them'}{self._at_operation(over.operation.id)}",
            )
        for operation in facts.unended:
            if operation.state is OperationState.AWAITING:
                yield self._awaiting(operation)
            elif operation.waiting_for:
                yield self._waiting(operation)

    def _awaiting(self, operation: Operation) -> Trouble:
        return _trouble(
            Matter.AWAITING,
            operation.id,
            title="an operation waits for a second admin",
            text=f"Operation {operation.id} was confirmed by one admin and begins when another "
            f"approves it, until {operation.hold_until:%Y-%m-%d %H:%M} UTC"
            f"{self._at_operation(operation.id)}",
        )

    def _waiting(self, operation: Operation) -> Trouble:
        return _trouble(
            Matter.WAITING,
            operation.id,
            title="an operation waits",
            text=f"Operation {operation.id} has waited for HubSpot for more than "
            f"{_minutes(Matter.WAITING)} minutes. It goes on by itself when HubSpot "
            f"answers{self._at_operation(operation.id)}",
        )

    def _at_operation(self, id_: str) -> str:
        return self._at(f"/operations?operation={id_}")

    def _at(self, path: str) -> str:
        return f": {self.public_url}{path}" if self.public_url else "."


COPIES = "/operations?view=Copies+to+Supabase"
WORKERS = "/operations?view=Workers"


def well_again(alarm: Alarm) -> tuple[str, str]:
    """Title and text of the message that ends an alarm."""
    over = alarm.well_since or alarm.since
    lasted = _count(max(1, round((over - alarm.since).total_seconds() / 60)), "minute")
    said = alarm.title.removeprefix("Credit Desk: ")
    title = f"Credit Desk: well again ({said})"
    return title, f"It lasted {lasted}, until {over:%Y-%m-%d %H:%M} UTC."


def _trouble(
    matter: Matter, of: str = "", *, title: str, text: str, at_once: bool = False
) -> Trouble:
    """``of``: which one of several such troubles."""
    patience = HANDLING[matter].told_after
    if patience is None:
        raise ValueError(f"nobody is told of {matter}")
    return Trouble(
        key=f"{KEYS[matter]} {of}".rstrip(),
        title=f"Credit Desk: {title}",
        text=text,
        patience=AT_ONCE if at_once else patience,
    )


def _minutes(matter: Matter) -> str:
    patience = HANDLING[matter].told_after or AT_ONCE
    return f"{patience.total_seconds() / 60:.0f}"


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
