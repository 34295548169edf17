"""Clocks: whether this machine's agrees with the store's and HubSpot's.

Leases and the quiet period compare times that different machines took down (docs/exactly-once.md).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.audit.entries import Sought
from core.health.clock_watch import CLOCK_SET
from core.health.store.port import HealthStore
from core.hubspot.ports.inspection import Finding, Health, Inspecting
from core.work.clocks import within

#: Two workers that are both within this of the store's clock are within twice as much of each
#: other, far from the 30 s that the quiet period allows for.
APART_MAX_S = 5.0
STORE, TRUTH = "clock: operational store", "clock: HubSpot"
AHEAD, JUMPS = "clock: stored times", "clock: jumps"
#: A jump is told of for so long.
TOLD_FOR = timedelta(days=1)
SET_BACK = (
    "If this machine's clock was set back, nothing is to be done: stored times that cannot be are "
    "not waited for. If it is wrong now, let NTP keep it (timedatectl set-ntp true)"
)
MEND = (
    "Let the time of this machine be kept by NTP (timedatectl set-ntp true; chronyc tracking shows "
    "how far it is off), and of the other one if that is wrong. Until then run neither app nor "
    "worker here: leases and the quiet period compare the clocks of machines"
)


@dataclass(frozen=True, slots=True)
class Clocks:
    """Looks without changing anything."""

    truth: Inspecting
    journal: HealthStore
    now: Callable[[], datetime]

    def findings(self) -> list[Finding]:
        """Of each other clock that could be read; of HubSpot's by its last answers."""
        found = []
        before = self.now()
        if (theirs := self.journal.clock()) is not None:
            after = self.now()
            middle, unsure_s = before + (after - before) / 2, (after - before).total_seconds() / 2
            found.append(_finding(STORE, (theirs - middle).total_seconds(), unsure_s))
        if (ahead_s := self.truth.heard().ahead_s) is not None:
            found.append(_finding(TRUTH, ahead_s, unsure_s=1.0))
        return [*found, *self._stored(), *self._jumps()]

    def _stored(self) -> Iterator[Finding]:
        """Whether the store holds times of the past that lie in this clock's future."""
        beats = [worker.heartbeat_at for worker in self.journal.workers()]
        events = [event.at for event in self.journal.events(limit=50)]
        entries = [link.entry.at for link in self.journal.audit(Sought(), limit=50)]
        stored = [*beats, *events, *entries]
        ahead_s = (max(stored, default=self.now()) - self.now()).total_seconds()
        if ahead_s > APART_MAX_S:
            said = f"the newest is {ahead_s:,.0f} s ahead of this machine's clock"
            yield Finding(health=Health.WARNING, what=AHEAD, said=said, mend=SET_BACK)

    def _jumps(self) -> Iterator[Finding]:
        """How often a running process noticed that its clock was set."""
        events = self.journal.events_called([CLOCK_SET])
        lately = [event for event in events if within(event.at, self.now(), TOLD_FOR)]
        if lately:
            last = lately[0]
            said = (
                f"the clock of {last.detail['host']} was set by {last.detail['by_s']:+,.0f} s at "
                f"{last.at:%d %b %H:%M:%S} UTC; {len(lately)} in the last 24 hours"
            )
            mend = "See why: NTP sets a clock once, when the machine starts, and then keeps it"
            yield Finding(health=Health.WARNING, what=JUMPS, said=said, mend=mend)


def _finding(what: str, ahead_s: float, unsure_s: float) -> Finding:
    """``ahead_s``: of the other clock, give or take ``unsure_s``."""
    apart_s = max(0.0, abs(ahead_s) - unsure_s)
    if apart_s <= APART_MAX_S:
        said = f"this machine's agrees, to within {max(0.1, abs(ahead_s), unsure_s):.1f} s"
        return Finding(health=Health.FINE, what=what, said=said)
    way = "behind" if ahead_s > 0 else "ahead of"
    said = f"this machine's is {abs(ahead_s):,.0f} s {way} it"
    return Finding(health=Health.FAULT, what=what, said=said, mend=MEND)
