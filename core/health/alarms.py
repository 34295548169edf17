"""Alarms: what people are told of while they look elsewhere. Each thing once, until it is well."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.access.unusual import lately
from core.audit.chain import Verified
from core.audit.entries import What
from core.credits.errors import JournalError
from core.credits.roles import Role
from core.drift.past_sweeps import last_whole, stuck
from core.drift.sweeps import Sweep
from core.health.alarm_rules import WELL_AFTER, Alarm, Trouble
from core.health.notify_port import Notifier
from core.health.store.port import HealthStore
from core.mirror.store.outbox_port import Due
from core.operations.states import ENDED, Operation, OperationState
from core.work.schedules import Late

log = logging.getLogger(__name__)

#: HubSpot and Supabase go away for minutes, and what waits for them goes on by itself.
PATIENCE = timedelta(minutes=15)
#: Records drifting at the last sweep of all rows, unless the settings say otherwise.
DRIFT_ABOVE = 20
NAMED_MAX = 5
#: A request for a second admin is no trouble: nobody is told that it is over.
AWAITING = "awaiting approval "
#: Nor is a new admin, whom the others are to hear of, however short the role lasts.
NEW_ADMIN = "new admin "
NEW_FOR = timedelta(days=1)
#: So many roles are looked through for new admins.
ROLES_MAX = 500
#: Nor is an unusual act ever over: it was done.
UNUSUAL = "unusual "
PASSING = (AWAITING, NEW_ADMIN, UNUSUAL)
#: What does not fit in the audit stays a trouble until somebody has gone along all of it since.
AUDIT = "audit"
FAULTS_TOLD = 3
#: How often a process looks.
LOOK_EVERY_S = 60.0


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
    #: What this process knows of the audit's chain.
    audit: Callable[[], Verified | None] = lambda: None

    def look(self) -> None:
        """Tell what is newly wrong, and what is well again.

        Raises:
            JournalError: nothing is known.
        """
        now = self.now()
        troubles = list(self._troubles(now))
        for trouble in troubles:
            self._raise(trouble, now)
        wrong = {trouble.key for trouble in troubles}
        for alarm in self.journal.alarms():
            if alarm.key not in wrong and self._may_be_over(alarm):
                over = self.journal.calm_alarm(alarm.key, at=now, after=WELL_AFTER)
                if over is not None and not over.key.startswith(PASSING):
                    self.notifier.tell(*well_again(over))

    def dead_letters(self, _dead: Sequence[Due]) -> None:
        """For ``MirrorCopier.on_dead``: copies were given up just now. Never raises."""
        try:
            for trouble in self._dead_letters():
                self._raise(trouble, self.now())
        except JournalError:
            log.exception("nobody could be told of dead letters; the next look tells")

    def _may_be_over(self, alarm: Alarm) -> bool:
        """Of the audit who has not been along it since knows nothing, and so cannot say."""
        if alarm.key != AUDIT:
            return True
        since = verified.since if (verified := self.audit()) else None
        return since is not None and since > alarm.since

    def _raise(self, trouble: Trouble, now: datetime) -> None:
        if self.journal.raise_alarm(trouble, at=now):
            self.notifier.tell(trouble.title, trouble.text)

    def _troubles(self, now: datetime) -> Iterator[Trouble]:
        yield from self._audit()
        yield from self._unusual(now)
        yield from self._dead_letters()
        yield from self._dead_events()
        yield from self._drift()
        yield from self._sweeps()
        yield from (self._too_late(each) for each in self.late(now))
        yield from self._admins(now)
        yield from self._operations()

    def _audit(self) -> Iterator[Trouble]:
        """Faults name entries by their places and hashes."""
        verified = self.audit()
        if verified is None or not verified.faults:
            return
        faults, more = verified.faults[:FAULTS_TOLD], len(verified.faults) - FAULTS_TOLD
        todo = "Keep the database as it is; python -m core audit verify names all. See Audit"
        lines = [
            *faults,
            *([f"and {more} more"] if more > 0 else []),
            f"{todo}{self._at('/audit')}",
        ]
        yield Trouble(key=AUDIT, title="Credit Desk: the audit was changed", text="\n".join(lines))

    def _unusual(self, now: datetime) -> Iterator[Trouble]:
        """Keys by their id; whoever did it is told on *Overview*, and does not leave the house."""
        for link in self.journal.audit(lately(now), limit=NAMED_MAX):
            entry = link.entry
            who = f"API key {entry.subject_id}" if entry.subject_id else "A person"
            yield Trouble(
                key=f"{UNUSUAL}{link.n}",
                title="Credit Desk: something unusual was done",
                text=f"{who}: {entry.detail.get('told', '')}. A stolen key is revoked on API keys, "
                f"all at once by python -m core keys withdraw-all. See Overview{self._at('/')}",
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
        yield Trouble(
            key="dead letters",
            title=f"Credit Desk: {_count(number, 'copy', 'copies')} to Supabase failed",
            text="\n".join([*named, *more, f"{errors.capitalize()}.", f"{todo}{self._at(COPIES)}"]),
        )

    def _dead_events(self) -> Iterator[Trouble]:
        number = self.journal.outgoing().dead
        if number:
            yield Trouble(
                key="dead events",
                title=f"Credit Desk: {_count(number, 'event', 'events')} for other apps failed",
                text="The receiver at CREDIT_DESK_EVENTS_URL did not take them for a day: what it "
                "keeps about these bookings is out of date. See Operations, Copies to "
                f"Supabase{self._at(COPIES)}",
            )

    def _drift(self) -> Iterator[Trouble]:
        """By the last sweep that compared every row of the mirror."""
        last = last_whole(self.journal)
        if last is None or last.drifting <= self.drift_above:
            return
        counts = sorted(self.journal.drift_counts(last.id).items(), key=lambda each: -each[1])
        causes = [f"{number} {cause}" for cause, number in counts]
        told = (
            f"More than {self.drift_above} differ between HubSpot and Supabase, by the sweep of "
            f"{last.saved_at:%Y-%m-%d %H:%M} UTC:"
        )
        yield Trouble(
            key="drift",
            title=f"Credit Desk: {_count(last.drifting, 'record')} drift",
            text="\n".join([told, *causes, f"See Drift{self._at('/drift')}"]),
        )

    def _sweeps(self) -> Iterator[Trouble]:
        for sweep in stuck(self.journal):
            yield self._failed(sweep)

    def _failed(self, sweep: Sweep) -> Trouble:
        told = "It is tried again by itself." if not sweep.ended else "No worker continues it."
        return Trouble(
            key=f"sweep {sweep.mode}",
            title=f"Credit Desk: the {sweep.mode} sweep cannot go on",
            text=f"Sweep {sweep.id} is {sweep.state}. {told} See Drift{self._at('/drift')}",
            patience=timedelta(0) if sweep.ended else PATIENCE,
        )

    def _too_late(self, late: Late) -> Trouble:
        return Trouble(
            key=f"late {late.job}",
            title=f"Credit Desk: the {late.job} is late",
            text=f"It was due at {late.slot:%Y-%m-%d %H:%M} UTC and has not come to its end. "
            f"Is a worker running? See Operations, Workers{self._at(WORKERS)}",
        )

    def _admins(self, now: datetime) -> Iterator[Trouble]:
        """By the history: who gives a role and withdraws it again at once is told of too."""
        people = f"See People{self._at('/people')}"
        for event in self.journal.events_called([What.ROLE_GIVEN.value], limit=ROLES_MAX):
            email, role = str(event.detail["email"]), event.detail["to"]
            if role == Role.ADMIN and now - event.at < NEW_FOR:
                yield Trouble(
                    key=f"{NEW_ADMIN}{email} {event.at.isoformat()}",
                    title="Credit Desk: somebody became an admin",
                    text=f"{event.actor} made {email} an admin at {event.at:%Y-%m-%d %H:%M} UTC. "
                    f"{people}",
                )
        for asked in self.journal.role_requests():
            yield Trouble(
                key=f"{AWAITING}{asked.email} {asked.at.isoformat()}",
                title="Credit Desk: a new admin waits for a second admin",
                text=f"{asked.by} asks that {asked.email} becomes {asked.role}. Another admin must "
                f"approve it. {people}",
            )

    def _operations(self) -> Iterator[Trouble]:
        for id_ in sorted(self.journal.undecided()):
            yield Trouble(
                key=f"undecided {id_}",
                title="Credit Desk: an operation needs a person",
                text=f"HubSpot does not show whether a write of operation {id_} was applied. "
                f"A person must decide{self._at(f'/operations?operation={id_}')}",
            )
        unended = frozenset(OperationState) - ENDED
        for operation in self.journal.operations(states=unended):
            if operation.state is OperationState.AWAITING:
                yield self._awaiting(operation)
            elif operation.waiting_for:
                yield self._waiting(operation)

    def _awaiting(self, operation: Operation) -> Trouble:
        return Trouble(
            key=f"{AWAITING}{operation.id}",
            title="Credit Desk: an operation waits for a second admin",
            text=f"Operation {operation.id} was confirmed by one admin and begins when another "
            f"approves it, until {operation.hold_until:%Y-%m-%d %H:%M} UTC"
            f"{self._at(f'/operations?operation={operation.id}')}",
        )

    def _waiting(self, operation: Operation) -> Trouble:
        return Trouble(
            key=f"waiting {operation.id}",
            title="Credit Desk: an operation waits",
            text=f"Operation {operation.id} has waited for HubSpot for more than "
            f"{PATIENCE.total_seconds() / 60:.0f} minutes. It goes on by itself when HubSpot "
            f"answers{self._at(f'/operations?operation={operation.id}')}",
            patience=PATIENCE,
        )

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


def _count(number: int, noun: str, plural: str = "") -> str:
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
