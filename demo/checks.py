"""Sweeps and measures of the past, written as they would have been; repairs by the product.

Nobody can compare two stores as they were months ago. What drifts to this day is in each sweep
since it began. The rises that were repaired are invented, of records that are equal now: a repair,
which looks at both stores afresh, finds them equal.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from core.credits.catalogue import CreditType
from core.credits.records import Kind
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.store.trends_port import Gauge, Measure
from core.drift.sweeps import Sweep, SweepMode, SweepState
from demo.desk import DAYS, DemoDesk
from demo.people import DANA
from demo.pool import Pool

#: Who measured, among processes.
SOURCE = "demo"
MEASURED_EVERY = timedelta(hours=3)
#: Of each day, in UTC.
SWEPT_AT = 3
#: By each sweep, without anybody's word.
MENDED_AT_ONCE = {Cause.CONTACT_MERGED, Cause.OLDER_COPY}
TOOK = timedelta(seconds=40)
#: One contact in so many is in a rise at most, so that enough are left for the story.
FEW = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """Drift that came on one day of the story and was repaired on another."""

    begins: int
    repaired: int
    cause: Cause
    records: int
    evidence: str
    reason: str


#: A slow week, an outage, and what apps do that do not know of each other.
RISES = (
    Rise(begins=6, repaired=9, cause=Cause.CHANGED_IN_HUBSPOT, records=7,
         evidence="changed in the HubSpot screen, and not copied",
         reason="Balances set by hand in HubSpot"),
    Rise(begins=21, repaired=23, cause=Cause.MISSING_ROW, records=31,
         evidence="Supabase has no row of it",
         reason="An import had left rows out"),
    Rise(begins=22, repaired=23, cause=Cause.COPY_FAILED, records=14,
         evidence="Supabase was unreachable for a night, and its copy failed",
         reason="Supabase was unreachable for a night"),
    Rise(begins=40, repaired=47, cause=Cause.CHANGED_IN_MIRROR, records=9,
         evidence="its row was edited in Supabase's table editor",
         reason="Edited by hand in Supabase"),
    Rise(begins=58, repaired=61, cause=Cause.OLDER_COPY, records=22,
         evidence="the old cron wrote a value that it had read before the change",
         reason="The old cron ran once more"),
    Rise(begins=74, repaired=76, cause=Cause.CHANGED_IN_HUBSPOT, records=12,
         evidence="changed in HubSpot by another app, and not copied",
         reason="Import of a partner's students"),
    Rise(begins=84, repaired=87, cause=Cause.CHANGED_IN_MIRROR, records=8,
         evidence="its row was edited in Supabase's table editor",
         reason="Edited by hand in Supabase"),
)  # fmt: skip


@dataclass(slots=True)
class Checks:
    """Told by the day, in order."""

    desk: DemoDesk
    begun: datetime
    drifts: dict[Rise, tuple[Drift, ...]]
    #: What was planted and drifts to this day, each since its own time.
    standing: tuple[Drift, ...]
    #: Records of each kind.
    counts: dict[str, int]

    @classmethod
    def of(
        cls, desk: DemoDesk, pool: Pool, odd: Mapping[Kind, Sequence[str]], begun: datetime
    ) -> Checks:
        """Which records each rise is of; ``odd``: what is compared now, and drifted before."""
        ids = sorted(pool.contacts.keys() - pool.used)
        pool.chance.shuffle(ids)
        drifts = {}
        for rise in RISES:
            number = min(rise.records, len(pool.contacts) // FEW)
            some, ids = ids[:number], ids[number:]
            drifts[rise] = tuple(_drift(pool, id_, rise, begun) for id_ in some)
        counts = {
            Kind.CONTACT.value: len(pool.contacts),
            Kind.BOOKING.value: len(pool.bookings),
            Kind.EXAM.value: len(pool.exams),
        }
        return cls(desk, begun, drifts, tuple(_standing(desk, odd)), counts)

    def sweep(self, day: int) -> None:
        """What drifted on that day, as a sweep that found it would have kept it."""
        journal, at = self.desk.journal, self.desk.clock.now()
        found = [d for d in self.standing if d.since < at]
        for rise, drifts in self.drifts.items():
            found += drifts if rise.begins <= day < rise.repaired else ()
        asked = Sweep(
            id=f"{SweepMode.FULL}-{at:%Y%m%dT%H%MZ}",
            mode=SweepMode.FULL,
            state=SweepState.ASKED,
            started_at=at,
            saved_at=at,
            asked_by="schedule",
        )
        journal.ask_sweep(asked)
        taken = journal.take_sweep(asked.id)
        journal.save_sweep(
            replace(
                taken,
                state=SweepState.COMPLETE,
                known=self.counts,
                compared=self.counts,
                legs=len(taken.plan),
                pages=sum(self.counts.values()) // 1000 + 3,
                drifting=len(found),
                saved_at=at + TOOK,
            ),
            found,
        )

    def repair(self, day: int) -> None:
        """What an admin repaired on that day, by the product's own repair."""
        core = self.desk.core
        for rise, drifts in self.drifts.items():
            if rise.repaired == day and drifts:
                actor = core.access.actor(self.desk.admin if day % 2 else DANA)
                core.access_log.signed_in(actor.email, {"iat": day})
                core.repair_runner.confirm(drifts, actor, rise.reason)
                self.desk.carry()

    def measures(self, chance: random.Random) -> Iterator[Measure]:
        """Copy lag and use of HubSpot's limit: slower on the days of the outage."""
        for n in range(int(timedelta(days=DAYS) / MEASURED_EVERY)):
            at = self.begun + n * MEASURED_EVERY
            day = n * MEASURED_EVERY // timedelta(days=1)
            busy = 1.0 if 7 <= at.hour <= 20 else 0.2
            slow = 25.0 if day == 22 else 1.0
            p50 = chance.uniform(0.15, 0.3) * slow
            yield _measure(at, Gauge.COPY_LAG_P50, p50, weight=10)
            yield _measure(at, Gauge.COPY_LAG_P99, p50 * chance.uniform(2.5, 6), weight=10)
            yield _measure(at, Gauge.QUOTA, chance.uniform(0.02, 0.35) * busy)
            yield _measure(at, Gauge.QUOTA_DAY, min(0.6, at.hour / 40 * chance.uniform(0.6, 1.2)))


def owed_now(desk: DemoDesk) -> Iterator[Measure]:
    """As the desk counts it. Its other gauges would show the jumps of this clock as copy lag."""
    count = desk.core.gauge_recorder.owed
    for credit, number in (count() if count else {}).items():
        yield replace(_measure(desk.clock.now(), Gauge.OWED, number), of=credit)


def owed_before(
    now: Sequence[Measure], given: Sequence[tuple[datetime, str]], begun: datetime
) -> Iterator[Measure]:
    """What was owed each day: what is owed now, and what the desk gave back since.

    ``given``: when which credit was given back.
    """
    for day in range(DAYS):
        at = begun + timedelta(days=day, hours=12)
        for each in now:
            since = sum(credit == each.of and when > at for when, credit in given)
            yield replace(each, at=at, value=each.value + since, source=SOURCE)


def outstanding_before(desk: DemoDesk, begun: datetime) -> Iterator[Measure]:
    """What all balances came to each day: as the first full check has it, without what the desk
    has moved since that day.
    """
    operations = desk.journal.operations(limit=1000)
    moved = desk.journal.progress_of([each.id for each in operations])
    for now in desk.journal.levels([Gauge.OUTSTANDING], since=begun, step=timedelta(days=1)):
        for day in range(DAYS):
            at = begun + timedelta(days=day)
            since = (moved[each.id].net for each in operations if each.confirmed_at > at)
            held = now.last - sum(net.get(CreditType(now.of), 0) for net in since)
            yield replace(_measure(at, now.gauge, held), of=now.of)


def _measure(at: datetime, gauge: Gauge, value: float, *, weight: float = 1) -> Measure:
    return Measure(at=at, gauge=gauge, source=SOURCE, value=value, weight=weight)


def _standing(desk: DemoDesk, odd: Mapping[Kind, Sequence[str]]) -> Iterator[Drift]:
    """As the product explains it; but what sweeps mend by themselves stands for no day."""
    for kind, ids in odd.items():
        for drift in desk.core.repair_runner.comparing.compare(kind, ids).drifts:
            if drift.cause not in MENDED_AT_ONCE:
                yield drift


def _drift(pool: Pool, id_: str, rise: Rise, begun: datetime) -> Drift:
    credit = pool.chance.choice(pool.catalogue.keys)
    held = int(pool.contacts[id_][credit] or 0)
    since = begun + timedelta(days=rise.begins) - timedelta(minutes=pool.chance.randint(5, 400))
    missing = rise.cause is Cause.MISSING_ROW
    return Drift(
        kind=Kind.CONTACT,
        record_id=id_,
        cause=rise.cause,
        columns=() if missing else (credit,),
        truth={} if missing else {credit: held},
        mirror={} if missing else {credit: held + pool.chance.choice((1, 1, 2))},
        evidence=rise.evidence,
        since=since,
    )
