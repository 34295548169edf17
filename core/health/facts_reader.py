"""Reads the facts that all who tell of them share: *Overview*, its command, and the alarms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.access.unusual import lately
from core.audit.chain import Verified
from core.audit.entries import Sought, What
from core.credits.roles import Role, RoleRequest
from core.drift.past_sweeps import last_complete, last_whole, stuck
from core.drift.repair import repaired_of
from core.drift.store.trends_port import Narrow
from core.drift.sweeps import Sweep, SweepMode
from core.health.facts import Facts, NewAdmin
from core.health.owed_now import owed_now
from core.health.readiness import alive
from core.health.store.port import HealthStore
from core.operations.kinds.registry import NAMES
from core.operations.states import ENDED, OperationState
from core.work.clocks import whole_minute
from core.work.schedules import Late

UNENDED = frozenset(OperationState) - ENDED
#: For how long somebody's becoming an admin is told.
NEW_FOR = timedelta(days=1)
#: So many roles are looked through for new admins.
ROLES_MAX = 500


@dataclass(slots=True)
class FactsReader:
    """Asks the journal alone: whether HubSpot and Supabase are there is left to who knows it."""

    journal: HealthStore
    now: Callable[[], datetime]
    #: Jobs of the schedule that did not come to their end in time.
    late: Callable[[datetime], Sequence[Late]] = lambda _now: ()
    #: Whether a request for a role can still be approved.
    waits: Callable[[RoleRequest], bool] = lambda _request: True

    def read(self, verified: Verified | None) -> Facts:
        """As of now. ``verified``: what this process knows of the audit's chain.

        Raises:
            JournalError: the store does not answer.
        """
        now, outbox, workers = self.now(), self.journal.outbox(), self.journal.workers()
        dead = self.journal.outbox_rows(dead=True, limit=1) if outbox.dead else []
        swept, full = last_whole(self.journal), last_complete(self.journal, [SweepMode.FULL])
        owed, owed_at = owed_now(self.journal)
        return Facts(
            now=now,
            names=NAMES,
            audit_faults=verified.faults if verified else (),
            unusual=self.journal.audit(lately(now)),
            workers=len(alive(workers, now)),
            worker_at=max((each.heartbeat_at for each in workers), default=None),
            room=self.journal.room(),
            needs_eyes=self.journal.needs_eyes(),
            written_over=self.journal.written_over(),
            unended=self.journal.operations(states=UNENDED),
            following_up=self.journal.following_up(),
            new_admins=self._new_admins(now),
            admins_awaited=list(filter(self.waits, self.journal.role_requests())),
            dead=outbox.dead,
            dead_since=dead[0].due_since if dead else None,
            dead_events=self.journal.outgoing().dead,
            due=outbox.due,
            due_since=outbox.oldest,
            swept=swept,
            missing_looked_for=full.saved_at if full else None,
            drift_since=self._drift_since(swept),
            repaired=repaired_of(self.journal, swept),
            stuck=stuck(self.journal),
            late=self.late(now),
            owed=owed,
            owed_at=owed_at,
        )

    def _new_admins(self, now: datetime) -> list[NewAdmin]:
        """By the audit: also whose role was withdrawn again at once. The same for a minute."""
        since = whole_minute(now) - NEW_FOR
        lately = Sought(since=since, what=(What.ROLE_GIVEN,))
        given = [link.entry for link in self.journal.audit(lately, limit=ROLES_MAX)]
        return [
            NewAdmin(email=entry.subject_id, by=entry.actor, at=entry.at)
            for entry in given
            if entry.after["role"] == Role.ADMIN
        ]

    def _drift_since(self, swept: Sweep | None) -> datetime | None:
        if swept is None or not swept.drifting:
            return None
        oldest = self.journal.drift_page(swept.id, Narrow(), limit=1).rows
        return oldest[0].since if oldest else None
