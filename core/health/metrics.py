"""What a monitoring system wants to know of the desk, in one reading."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.credits.errors import GatewayError
from core.drift.causes import Cause
from core.drift.sweeps import READING, SweepMode
from core.health.readiness import alive
from core.health.store.port import Figures, HealthStore
from core.hubspot.ports.inspection import Heard, Inspecting, Quota
from core.mirror.lag import CopyLag, LagHistogram
from core.mirror.store.outbox_port import OutboxState
from core.mirror.webhooks import Tally

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Swept:
    """The last complete sweep of one mode."""

    age: timedelta
    drift: Mapping[Cause, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Of all processes where the store tells it; calls, lag and webhooks of this one alone."""

    figures: Figures
    outbox: OutboxState
    oldest_due: timedelta
    workers: int
    swept: Mapping[SweepMode, Swept]
    #: None: there is nobody to ask, or the store that shares it does not answer.
    quota: Quota | None
    heard: Heard
    lag: LagHistogram
    webhooks: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Reads, and changes nothing. Asks neither HubSpot nor Supabase."""

    journal: HealthStore
    truth: Inspecting | None
    lag: CopyLag
    tally: Tally
    now: Callable[[], datetime]

    def read(self) -> Reading:
        """As of now.

        Raises:
            JournalError: the store does not answer.
        """
        now, outbox = self.now(), self.journal.outbox()
        return Reading(
            figures=self.journal.figures(),
            outbox=outbox,
            oldest_due=now - outbox.oldest if outbox.oldest else timedelta(0),
            workers=len(alive(self.journal.workers(), now)),
            swept=self._swept(now),
            quota=self.quota(),
            heard=self.truth.heard() if self.truth else Heard(),
            lag=self.lag.histogram(),
            webhooks=dict(self.tally.counts),
        )

    def well_s_ago(self) -> float | None:
        """Seconds since HubSpot last did as this process asked, None where it never did."""
        return self.truth.heard().well_s_ago if self.truth else None

    def _swept(self, now: datetime) -> dict[SweepMode, Swept]:
        found = {}
        for mode in READING:  # a copy is made once: nobody need wonder how old it is
            last = next(
                (s for s in self.journal.sweeps(modes=[mode], limit=20) if s.complete), None
            )
            if last is not None:
                drift = self.journal.drift_counts(last.id)
                found[mode] = Swept(age=now - last.saved_at, drift=drift)
        return found

    def quota(self) -> Quota | None:
        """How much of HubSpot's limit is used, None where nobody can tell just now."""
        try:
            return self.truth.quota() if self.truth else None
        except GatewayError as error:
            log.warning("the use of HubSpot's limit cannot be read just now: %s", error)
            return None
