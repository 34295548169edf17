"""What needs attention now, read at a glance from what the desk knows already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.audit.chain import Verified
from core.credits.roles import Act, Actor
from core.drift.store.trends_port import Gauge
from core.health.audit_check.verify import AuditLog
from core.health.facts import Facts, Need, Side, Sight, sight
from core.health.facts_reader import UNENDED, FactsReader
from core.health.metrics import Metrics
from core.health.needs import needs
from core.health.readiness import PATIENT_S, Readiness
from core.health.store.attention_port import Moved
from core.health.store.port import HealthStore
from core.hubspot.ports.inspection import Finding, Health, Quota
from core.operations.kept_progress import KeptProgress
from core.operations.states import ENDED, Operation, Progress
from core.work.clocks import whole_minute

#: Copies of the last hour tell how long copies take. It begins with a whole minute, as measures do:
#: the question is the same for a minute.
LAG_OF = timedelta(hours=1)
#: Operations of a day that are named; all of them are counted.
NAMED_MAX = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """Within how many seconds half the copies of a time were made, and 99 of 100."""

    p50_s: float
    p99_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The facts, what of them needs attention, and what stands beside them."""

    facts: Facts
    sight: Sight
    needs: tuple[Need, ...]
    verified: Verified
    #: None where nobody can tell just now.
    quota: Quota | None
    #: None: nothing was copied in the last hour.
    lag: Lag | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """What was confirmed since a time, and what is under way, whenever it was confirmed."""

    moved: Sequence[Moved]
    #: Those under way, then the newest that have ended; not all of them.
    operations: Sequence[tuple[Operation, Progress]]


@dataclass(frozen=True, slots=True, kw_only=True)
class OverviewReader:
    """Reads the journal, and what is known of HubSpot and Supabase; asks at most whether they are
    there. What is owed is as it was measured last: to count it takes dozens of calls.
    """

    journal: HealthStore
    readiness: Readiness
    metrics: Metrics
    auditing: AuditLog
    reading: FactsReader
    counts: KeptProgress

    def read(self, actor: Actor, *, patient: bool = False) -> Overview:
        """As of now. ``patient``: waits until the stores have answered, ``PATIENT_S`` at most; a
        page does not, and is told at its next look.

        Raises:
            NotAllowed: this person may not watch.
            JournalError: the store does not answer.
        """
        actor.require(Act.WATCH)
        verified, quota = self.auditing.glance(actor), self.metrics.quota()
        found = self.readiness.findings(PATIENT_S) if patient else self.readiness.glance()
        facts = self._facts(verified, quota, found)
        return Overview(
            facts=facts,
            sight=sight(facts),
            needs=needs(facts),
            verified=verified,
            quota=quota,
            lag=self._lag(facts.now),
        )

    def today(self, actor: Actor, *, since: datetime) -> Today:
        """What was done from ``since`` on, the reader's midnight, say.

        Raises:
            NotAllowed: this person may not watch.
            JournalError: the store does not answer.
        """
        actor.require(Act.WATCH)
        running = self.journal.operations(states=UNENDED, limit=NAMED_MAX)
        newest = self.journal.operations(limit=2 * NAMED_MAX)
        ended = [each for each in newest if each.state in ENDED and each.confirmed_at >= since]
        shown = [*running, *ended][:NAMED_MAX]
        progress = self.counts.of(shown)
        return Today(
            moved=self.journal.moved_since(since),
            operations=[(each, progress[each.id]) for each in shown],
        )

    def _facts(self, verified: Verified, quota: Quota | None, found: Sequence[Finding]) -> Facts:
        facts = self.reading.read(verified)
        return replace(
            facts,
            truth=self._side("HubSpot", found, facts.now),
            mirror=self._side("Supabase", found, facts.now),
            quota_day=_of_the_day(quota),
        )

    def _side(self, name: str, found: Sequence[Finding], now: datetime) -> Side | None:
        part = next((each for each in found if each.what == name), None)
        if part is None:
            return None
        well_s = self.metrics.well_s_ago() if name == "HubSpot" else None
        well_at = None if well_s is None else now - timedelta(seconds=well_s)
        return Side(well=part.health is not Health.FAULT, said=part.said, well_at=well_at)

    def _lag(self, now: datetime) -> Lag | None:
        gauges = (Gauge.COPY_LAG_P50, Gauge.COPY_LAG_P99)
        since = whole_minute(now) - LAG_OF
        levels = self.journal.levels(gauges, since=since, step=LAG_OF)
        half = [level.mean for level in levels if level.gauge is Gauge.COPY_LAG_P50]
        most = [level.most for level in levels if level.gauge is Gauge.COPY_LAG_P99]
        return Lag(p50_s=half[-1], p99_s=max(most)) if half and most else None


def _of_the_day(quota: Quota | None) -> float | None:
    if quota is None or not quota.day_limit or quota.day_left is None:
        return None
    return 1 - quota.day_left / quota.day_limit
