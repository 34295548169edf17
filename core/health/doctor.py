"""Whether all that the desk stands on is as it must be, and how to mend what is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from core.audit.entries import Entry, What
from core.credits.errors import GatewayError
from core.credits.roles import Act, Actor
from core.database.identity import Store
from core.health.clocks import Clocks
from core.health.readiness import alive
from core.health.store.port import HealthStore
from core.hubspot.ports.inspection import Finding, Health, Inspecting
from core.mirror.port import Mirror


@dataclass(frozen=True, slots=True)
class Diagnosing:
    """Looks without changing anything; ``provision`` makes what is missing of our own."""

    truth: Inspecting
    mirror: Mirror
    journal: HealthStore
    #: Faults of the addresses that notifications go to.
    notification_faults: Callable[[], Sequence[str]] = tuple
    #: Whether there is any such address.
    told: bool = True
    #: Whether HubSpot's webhooks can be told from forgeries.
    webhooks: bool = True
    public_url: str = ""
    #: What about Supabase's key works now and will not.
    key_warnings: Callable[[], Sequence[str]] = tuple
    #: What its tables would show that HubSpot does not say. May raise ``GatewayError``.
    table_warnings: Callable[[], Sequence[str]] = tuple
    #: Whether another desk is at work on the account.
    desks: Callable[[], Sequence[Finding]] = tuple
    #: Which operational store this is; None: nobody can say.
    store: Callable[[], Store | None] = lambda: None
    #: Why the receiver of events does not take one; "": it does; None: there is none.
    events_fault: Callable[[], str | None] = lambda: None
    #: Whether others write Supabase before HubSpot.
    direction: Callable[[], Sequence[Finding]] = tuple
    #: Starts an engine on a store of its own and ends it; why it does not start, or "".
    engine_fault: Callable[[], str] = lambda: ""
    now: Callable[[], datetime] = field(kw_only=True)

    def findings(self) -> list[Finding]:
        """Everything that was looked at, faults first."""
        found = [*self.truth.inspect(), *self._mirror(), *self._notifications()]
        found += [*self._store(), self._webhooks(), self._engine(), self._workers(), *self.desks()]
        found += [*self._events(), *self.direction()]
        # after the look at HubSpot, whose answers say what time it is there
        found += Clocks(self.truth, self.journal, self.now).findings()
        order = [Health.FAULT, Health.WARNING, Health.FINE]
        return sorted(found, key=lambda finding: order.index(finding.health))

    def provision(self, actor: Actor) -> list[str]:
        """What was made. On record before it is sent, and when HubSpot has answered.

        Raises:
            NotAllowed: this person may not set up HubSpot.
            JournalError: it could not be recorded; nothing was made.
            GatewayError: HubSpot did not let us.
        """
        actor.require(Act.SET_UP)
        self.journal.record(Entry(at=self.now(), actor=actor.email, what=What.SET_UP_ASKED))
        made = self.truth.provision()
        done = Entry(at=self.now(), actor=actor.email, what=What.SET_UP, detail={"made": made})
        self.journal.record(done)
        return made

    def _store(self) -> list[Finding]:
        store = self.store()
        if store is None:
            return []
        said = f"{store.address}, {store.entries:,} audit entries"
        if store.has_started:
            return [Finding(health=Health.FINE, what="operational store", said=said)]
        mend = (
            "if the desk is at work already, this is not its store: what is done here does not "
            "exist for it. Set OPS_DATABASE_URL where the service takes it from "
            "(docs/deploy.md, One store)"
        )
        said = f"{said}; {store.remark}"
        warning = Finding(health=Health.WARNING, what="operational store", said=said, mend=mend)
        return [warning]

    def _events(self) -> list[Finding]:
        fault = self.events_fault()
        if fault is None:
            return []
        what = "events for other apps"
        if not fault:
            said = "the receiver took a signed test event"
            return [Finding(health=Health.FINE, what=what, said=said)]
        mend = (
            "check CREDIT_DESK_EVENTS_URL and CREDIT_DESK_EVENTS_SECRET against the receiver "
            "(docs/events.md); changes are kept until it takes them"
        )
        return [Finding(health=Health.FAULT, what=what, said=fault, mend=mend)]

    def _mirror(self) -> list[Finding]:
        found = [
            Finding(health=Health.FAULT, what="Supabase", said=fault)
            for fault in self.mirror.faults()
        ]
        if not found:
            said = "its schema is as expected, and a copy of each kind went through"
            found.append(Finding(health=Health.FINE, what="Supabase", said=said))
            found += [*self._shown(), *self._exposures()]
        warnings = self.key_warnings()
        return found + [
            Finding(health=Health.WARNING, what="Supabase key", said=each) for each in warnings
        ]

    def _shown(self) -> list[Finding]:
        what = "Supabase tables"
        try:
            told = self.table_warnings()
        except GatewayError as error:
            told = [f"what a new row shows where a value cannot be read is not known: {error}"]
        return [Finding(health=Health.WARNING, what=what, said=each) for each in told]

    def _exposures(self) -> list[Finding]:
        """Told and never mended here: another app may read its rows that way."""
        what = "Supabase access"
        try:
            exposures = self.mirror.exposures()
        except GatewayError as error:
            said = f"who else reads the tables is not known: {error}"
            return [Finding(health=Health.WARNING, what=what, said=said)]
        if not exposures:
            said = "publishable keys and students' tokens read no more than a student's own rows"
            return [Finding(health=Health.FINE, what=what, said=said)]
        return [
            Finding(
                health=Health.WARNING,
                what=what,
                said=f"{each.who}: {each.what} {each.target}: {each.said}",
                mend=f"unless an app needs it (docs/mirror-tables.md): {each.mend}",
            )
            for each in exposures
        ]

    def _webhooks(self) -> Finding:
        what = "webhooks"
        if not self.webhooks:
            said = "none is taken: a change made in HubSpot itself waits for the next sweep"
            mend = (
                "set HUBSPOT_CLIENT_SECRET, which an app has and a service key has not, and "
                "CREDIT_DESK_PUBLIC_URL; see docs/hubspot-access.md"
            )
            return Finding(health=Health.WARNING, what=what, said=said, mend=mend)
        if not self.public_url:
            said = "taken only where no proxy stands between: HubSpot signs the address it calls"
            mend = "set CREDIT_DESK_PUBLIC_URL to how HubSpot calls this app"
            return Finding(health=Health.WARNING, what=what, said=said, mend=mend)
        said = f"taken at {self.public_url}/api/webhooks/hubspot"
        return Finding(health=Health.FINE, what=what, said=said)

    def _notifications(self) -> list[Finding]:
        if not self.told:
            said = "nobody is told when something goes wrong"
            mend = "set CREDIT_DESK_NOTIFY_URLS to one or more apprise addresses"
            return [Finding(health=Health.WARNING, what="notifications", said=said, mend=mend)]
        return [
            Finding(health=Health.WARNING, what="notifications", said=fault)
            for fault in self.notification_faults()
        ]

    def _engine(self) -> Finding:
        """Workers are alive before their engine has started, so they prove nothing of it."""
        if fault := self.engine_fault():
            mend = "nothing that is confirmed is carried out until this is fixed (docs/deploy.md)"
            said = f"it does not start: {fault}"
            return Finding(health=Health.FAULT, what="engine", said=said, mend=mend)
        return Finding(health=Health.FINE, what="engine", said="starts")

    def _workers(self) -> Finding:
        working = len(alive(self.journal.workers(), self.now()))
        if working:
            return Finding(health=Health.FINE, what="workers", said=f"{working} at work")
        mend = "start the app or python -m core worker; until then confirmed operations wait"
        return Finding(health=Health.WARNING, what="workers", said="none is at work", mend=mend)
