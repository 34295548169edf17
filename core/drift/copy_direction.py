"""Copy direction: whether others regularly write Supabase first, and HubSpot only later.

Credit Desk is for installations where HubSpot is right. Where an app writes Supabase first, a
repair would put HubSpot's older values over that app's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from core.drift.causes import Cause
from core.drift.sweeps import Sweep, SweepMode
from core.hubspot.ports.inspection import Finding, Health

#: The checks of so many days are looked at, fewer than ``CHECKS_MIN`` prove nothing.
WITHIN = timedelta(days=7)
CHECKS_MIN = 3
CHECKS_MAX = 30
#: So many records that others changed in Supabase alone make a check count.
RECORDS_MIN = 3
#: An incremental check looks at what HubSpot says has changed, which is another question.
MODES = (SweepMode.KNOWN, SweepMode.FULL)
MEND = (
    "Credit Desk is for installations where HubSpot is right and Supabase the copy: a repair puts "
    "HubSpot's values back. Find out which app writes Supabase (page Drift, cause Changed in "
    "Supabase) before you repair, and let it write HubSpot first"
)


class Checks(Protocol):
    """What is asked of the journal."""

    def sweeps(self, *, modes: Collection[SweepMode] = (), limit: int = 100) -> Sequence[Sweep]: ...
    def drift_counts(self, sweep_id: str) -> Mapping[Cause, int]: ...


@dataclass(frozen=True, slots=True)
class CopyDirection:
    """For ``doctor``. Asks neither HubSpot nor Supabase."""

    journal: Checks
    now: Callable[[], datetime]

    def findings(self) -> list[Finding]:
        """A warning where most of the last checks found it; nothing else.

        Raises:
            JournalError: the journal does not tell.
        """
        since = self.now() - WITHIN
        checks = [
            sweep
            for sweep in self.journal.sweeps(modes=MODES, limit=CHECKS_MAX)
            if sweep.complete and sweep.saved_at >= since
        ]
        ahead = [sweep for sweep in checks if self._changed_in_supabase(sweep) >= RECORDS_MIN]
        if len(checks) < CHECKS_MIN or len(ahead) * 2 <= len(checks):
            return []
        said = (
            f"{len(ahead)} of the {len(checks)} checks of the last {WITHIN.days} days found "
            "records that others had changed in Supabase and not in HubSpot"
        )
        return [Finding(health=Health.WARNING, what="Supabase", said=said, mend=MEND)]

    def _changed_in_supabase(self, sweep: Sweep) -> int:
        return self.journal.drift_counts(sweep.id).get(Cause.CHANGED_IN_MIRROR, 0)
