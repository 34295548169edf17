"""A term of sweeps, with drift of every cause, and what was measured meanwhile."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from core.app.journal import Journal
from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.repairs import Repair, RepairRow, RepairState, RowState
from core.drift.store.trends_port import Gauge, Measure
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.mirror.due_rows import rows_of
from tests.pages.stage import Stage

KNOWN = {"contacts": 2000, "bookings": 6000, "exams": 60}
EVERY = timedelta(hours=2)
#: How often each is found, and for how long it stays.
CAUSES = (
    (Cause.CHANGED_IN_HUBSPOT, 9, timedelta(hours=30)),
    (Cause.OLDER_COPY, 5, timedelta(hours=9)),
    (Cause.CHANGED_IN_MIRROR, 4, timedelta(hours=60)),
    (Cause.COPY_FAILED, 3, timedelta(hours=20)),
    (Cause.MISSING_ROW, 3, timedelta(hours=40)),
    (Cause.ORPHAN_ROW, 2, timedelta(days=9)),
    (Cause.CONTACT_MERGED, 2, timedelta(days=4)),
    (Cause.CONTACT_GONE, 2, timedelta(days=6)),
    (Cause.UNREADABLE_VALUE, 1, timedelta(days=5)),
    (Cause.UNEXPLAINED, 1, timedelta(hours=7)),
)
EVIDENCE = {
    Cause.CHANGED_IN_HUBSPOT: "changed by a person in HubSpot (user 7) at {since}",
    Cause.OLDER_COPY: "written by the desk, changed by an app (credit-desk) at {since}; "
    "the copy is older",
    Cause.CHANGED_IN_MIRROR: "its row was edited at {since}",
    Cause.COPY_FAILED: "value too long for column email",
    Cause.MISSING_ROW: "Supabase has no row of it",
    Cause.ORPHAN_ROW: "HubSpot has no such record, nor had it in its recycling bin",
    Cause.CONTACT_MERGED: "HubSpot answers for it with 52000000107, which it was merged into",
    Cause.CONTACT_GONE: "archived in HubSpot",
    Cause.UNREADABLE_VALUE: "cs_credits: 'abc' is not a number",
    Cause.UNEXPLAINED: "both sides say the same version, and neither shows a change",
}


def history(made: Stage, *, days: float = 14, wrong: int = 32, seed: int = 3) -> Sweep:
    """Sweeps every two hours, full ones at night; the newest of them."""
    return fill_sweeps(made.journal, made.clock(), days=days, wrong=wrong, seed=seed)


def real(made: Stage) -> None:
    """A mirror of every contact, and what a sweep will find there: nothing planted in a journal."""
    ids = [f"{52_000_000_000 + n}" for n in range(80)]
    for row in rows_of(made.crm, SCHOOL, Kind.CONTACT, ids).values():
        if row is not None:
            made.mirror.put(Kind.CONTACT, row)
    later = made.clock().isoformat()
    edits = ((20, "cs_credits", 9), (21, "sj_credits", 8), (22, "cs_credits", 7))
    for n, key, value in edits:
        row = made.mirror.rows(Kind.CONTACT, [ids[n]])[ids[n]]
        made.mirror.put(Kind.CONTACT, {**row, key: value, "updated_at": later})
    orphan = {"hubspot_id": "9", "email": "ghost@example.test", "source_modified_at": later}
    made.mirror.put(Kind.CONTACT, orphan)


def fill_sweeps(
    journal: Journal, until: datetime, *, days: float, wrong: int, seed: int = 3
) -> Sweep:
    rng = random.Random(seed)
    number = int(timedelta(days=days) / EVERY)
    sweep = None
    for n in range(number):
        at = until - timedelta(minutes=35) - EVERY * (number - 1 - n)
        swing = 1 + 0.6 * math.sin(n / 9) + (2.2 if number * 0.55 < n < number * 0.6 else 0)
        found = list(some(rng, at, round(wrong * swing * rng.uniform(0.8, 1.2))))
        counts = Counter(drift.cause for drift in found)
        sweep = Sweep(
            id=f"sweep{n:05d}",
            mode=SweepMode.FULL if at.hour in (1, 2) else SweepMode.KNOWN,
            state=SweepState.COMPLETE,
            started_at=at,
            saved_at=at + timedelta(seconds=53),
            known=KNOWN,
            compared=KNOWN | {"contacts": KNOWN["contacts"] - 3},
            left_alone=3,
            drifting=len(found),
            unexplained=counts[Cause.UNEXPLAINED],
        )
        journal.save_sweep(sweep, found)
    assert sweep is not None
    return sweep


def some(rng: random.Random, at: datetime, number: int) -> Iterator[Drift]:
    """One of each cause, then by chance, each record once."""
    causes = [cause for cause, _, _ in CAUSES]
    causes += rng.choices(causes, [often for _, often, _ in CAUSES], k=max(0, number - len(CAUSES)))
    lasts = {cause: last for cause, _, last in CAUSES}
    for n, cause in zip(rng.sample(range(2000), number), causes, strict=False):
        yield one(rng, cause, n, at - lasts[cause] * rng.uniform(0.05, 1))


def one(rng: random.Random, cause: Cause, n: int, since: datetime) -> Drift:
    kind, columns, truth, mirror = _difference(rng, cause)
    return Drift(
        kind=kind,
        record_id=f"{ {Kind.CONTACT: 52, Kind.BOOKING: 88, Kind.EXAM: 71}[kind] }{n:09d}",
        cause=cause,
        columns=columns,
        truth=truth,
        mirror=mirror,
        evidence=EVIDENCE[cause].format(since=since.isoformat(timespec="seconds")),
        since=since,
    )


def _difference(
    rng: random.Random, cause: Cause
) -> tuple[Kind, tuple[str, ...], dict[str, object], dict[str, object]]:
    if cause in {Cause.MISSING_ROW, Cause.ORPHAN_ROW, Cause.CONTACT_GONE}:
        return rng.choice((Kind.CONTACT, Kind.BOOKING)), (), {}, {}
    if cause is Cause.CONTACT_MERGED:
        merged: dict[str, object] = {"hubspot_id": "52000000107"}
        return Kind.CONTACT, ("hubspot_id",), merged, {"hubspot_id": "52000000031"}
    if cause is Cause.UNREADABLE_VALUE:
        return (
            Kind.CONTACT,
            ("cs_credits",),
            {"cs_credits": "'abc' is not a number"},
            {"cs_credits": 2},
        )
    if cause is Cause.COPY_FAILED:
        return (
            Kind.CONTACT,
            ("email",),
            {"email": "a" * 30 + "@example.test"},
            {"email": "ana@example.test"},
        )
    if rng.random() < 0.2:
        return Kind.BOOKING, ("is_active",), {"is_active": "Cancelled"}, {"is_active": "Active"}
    keys = rng.sample([str(key) for key in SCHOOL.keys], rng.choice((1, 1, 1, 2)))
    truth: dict[str, object] = {key: rng.randint(0, 5) for key in keys}
    gap = {key: rng.choice((-6, -2, -1, -1, -1, 1, 1, 2, 3)) for key in keys}
    mirror: dict[str, object] = {key: max(0, int(str(truth[key])) + gap[key]) for key in keys}
    for key in keys:
        if truth[key] == mirror[key]:
            mirror[key] = int(str(truth[key])) + 1
    return Kind.CONTACT, tuple(keys), truth, mirror


def repairs(
    journal: Journal, until: datetime, *, days: float, every: timedelta, number: int = 3
) -> None:
    """Each of some records, which had drifted for an hour, two hours and so on."""
    for n in range(int(timedelta(days=days) / every)):
        at = until - every * (n + 0.5)
        found = [one(random.Random(n), Cause.OLDER_COPY, k, at - timedelta(hours=k + 1))
                 for k in range(number)]  # fmt: skip
        rows = [RepairRow(drift=each, n=k) for k, each in enumerate(found)]
        asked = Repair(id=f"repair{n}", asked_by="admin@example.test", asked_at=at, digest=f"{n}")
        journal.ask_repair(asked, rows)
        taken = journal.take_repair(asked.id)
        done = replace(taken, state=RepairState.DONE, ended_at=at, counts={})
        journal.save_repair(done, [replace(row, state=RowState.REPAIRED) for row in rows])


def measures(
    journal: Journal, until: datetime, *, days: float, every: timedelta, seed: int = 5
) -> None:
    """Copy lag, quota and what is owed, with a night in which nothing was copied."""
    rng = random.Random(seed)
    found: list[Measure] = []
    number = int(timedelta(days=days) / every)
    for n in range(number):
        at = until - every * (number - n)
        busy = 0.5 + 0.5 * math.sin((at.hour - 8) / 24 * 2 * math.pi)
        if at.hour >= 5:
            p50 = 0.02 + 0.02 * busy * rng.random()
            found += [
                Measure(at=at, gauge=Gauge.COPY_LAG_P50, value=p50, weight=1 + 40 * busy),
                Measure(at=at, gauge=Gauge.COPY_LAG_P99, value=p50 * rng.uniform(2, 9)),
            ]
        share = min(1.0, 0.1 + 0.7 * busy * rng.random())
        found.append(Measure(at=at, gauge=Gauge.QUOTA, value=share))
        found.append(Measure(at=at, gauge=Gauge.QUOTA_DAY, value=at.hour / 24 * 0.6))
        if at.minute < every / timedelta(minutes=1):
            found += [
                Measure(at=at, gauge=Gauge.OWED, of=key, value=float(7 * k + 12 + n // 90 % 9))
                for k, key in enumerate(SCHOOL.keys)
            ]
        if at.hour == 3 and at.minute < every / timedelta(minutes=1):
            found += [
                Measure(at=at, gauge=Gauge.OUTSTANDING, of=key, value=900.0 - 100 * k + n // 90)
                for k, key in enumerate(SCHOOL.keys)
            ]
    for start in range(0, len(found), 5000):
        journal.add_measures(found[start : start + 5000])
