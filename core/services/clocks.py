"""Clocks: whether this machine's agrees with the store's and HubSpot's.

Leases and the quiet period compare times that different machines took down (docs/exactly-once.md).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.gateways.ports import Journal
from core.gateways.ports.inspecting import Finding, Health, Inspecting

#: Two workers that are both within this of the store's clock are within twice as much of each
#: other, far from the 30 s that the quiet period allows for.
APART_MAX_S = 5.0
STORE, TRUTH = "clock: operational store", "clock: HubSpot"
MEND = (
    "Let the time of this machine be kept by NTP (timedatectl set-ntp true; chronyc tracking shows "
    "how far it is off), and of the other one if that is wrong. Until then run neither app nor "
    "worker here: leases and the quiet period compare the clocks of machines"
)


@dataclass(frozen=True, slots=True)
class Clocks:
    """Looks without changing anything."""

    truth: Inspecting
    journal: Journal
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
        return found


def _finding(what: str, ahead_s: float, unsure_s: float) -> Finding:
    """``ahead_s``: of the other clock, give or take ``unsure_s``."""
    apart_s = max(0.0, abs(ahead_s) - unsure_s)
    if apart_s <= APART_MAX_S:
        said = f"this machine's agrees, to within {max(0.1, abs(ahead_s), unsure_s):.1f} s"
        return Finding(health=Health.FINE, what=what, said=said)
    way = "behind" if ahead_s > 0 else "ahead of"
    said = f"this machine's is {abs(ahead_s):,.0f} s {way} it"
    return Finding(health=Health.FAULT, what=what, said=said, mend=MEND)
