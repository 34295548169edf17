"""The story of three months, day by day."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from core.credits.catalogue import CreditType
from core.drift.sweeps import SweepMode
from core.operations.kinds.registry import OF_OWED
from core.operations.states import ItemState
from demo.acts import Acts
from demo.checks import SWEPT_AT, Checks, outstanding_before, owed_before, owed_now
from demo.desk import DAYS, DemoDesk
from demo.people import GIVEN
from demo.pool import Pool, planted_in

SEED = 15
Act = Callable[[Acts], bool]
#: How often each act comes, as far as there is something that it could be done to.
OFTEN: dict[Act, int] = {
    Acts.refund: 20,
    Acts.cancel: 15,
    Acts.cancel_some: 7,
    Acts.book: 8,
    Acts.adjust: 8,
    Acts.move: 4,
    Acts.forfeit: 3,
    Acts.recount: 2,
    Acts.undo: 2,
    Acts.fail: 1,
    Acts.refuse: 1,
    Acts.overwrite_and_correct: 1,
    Acts.call_off: 2,
}
#: The first day of each. Bookings of exams that are still to come were made in the last weeks.
FROM: dict[Act, int] = {
    **dict.fromkeys((Acts.cancel, Acts.cancel_some, Acts.move, Acts.forfeit), 45),
    Acts.overwrite_and_correct: 60,
    Acts.fail: 70,
    Acts.refuse: 80,
}
USUALLY_FROM = 2
#: What comes no more often is tried again where it found nothing that it could be done to.
RARE = 4
#: On working days; in UTC.
OPENS, CLOSES = 8, 17
#: Before the demo begins: of what was written over then, the correction is still on offer.
LAST_OVERWRITE = timedelta(hours=3)
#: Copies that the mirror refused.
DEAD = 3


def write(desk: DemoDesk, state: Path) -> str:
    """Tell it. What was told, in one line.

    ``state``: the folder of the local stack, which says what was planted.
    """
    chance = random.Random(SEED)
    odd = planted_in(state)
    today = desk.clock.now()
    begun = today - timedelta(days=DAYS)
    pool = Pool.of(desk.mirror, desk.core.catalogue, odd.ids, today.date(), chance)
    checks = Checks.of(desk, pool, odd.drifting, begun)
    pool.used |= {d.record_id for drifts in checks.drifts.values() for d in drifts}
    acts = Acts(desk, pool)

    desk.clock.begin(begun)
    admin = desk.core.access.actor(desk.admin)
    for email, role in GIVEN.items():
        desk.core.access.grant(email, role, admin)
    done: Counter[str] = Counter()
    missed: list[Act] = []
    for at, act in _calendar(begun, chance):
        desk.clock.go(at)
        if act is None:
            day = (at - begun).days
            checks.sweep(day)
            checks.repair(day)
            continue
        missed, now = [], [*missed, act]
        for each in now:
            if each(acts):
                done[each.__name__] += 1
            elif OFTEN.get(each, 1) <= RARE:
                missed.append(each)
    desk.clock.go(today)
    _as_it_stands(desk, acts, checks, odd.coming, chance)
    return "90 days of history: " + ", ".join(f"{n} {name}" for name, n in sorted(done.items()))


def _calendar(begun: datetime, chance: random.Random) -> list[tuple[datetime, Act | None]]:
    """Each sweep (None) and each act at its time, but the last hours, in which the demo begins."""
    midnight = begun.replace(hour=0, minute=0, second=0, microsecond=0)
    times: list[tuple[datetime, Act | None]] = [
        (midnight + timedelta(days=day, hours=SWEPT_AT), None) for day in range(1, DAYS + 1)
    ]
    acts = [act for act, often in OFTEN.items() for _ in range(often)]
    for act in acts:
        first = FROM.get(act, USUALLY_FROM)
        at = midnight + timedelta(days=chance.randint(first, DAYS - 1))
        at += timedelta(minutes=chance.randint(OPENS * 60, CLOSES * 60))
        if at.weekday() >= 5:
            at -= timedelta(days=2)
        times.append((at, act))
    times.append((begun + timedelta(days=DAYS) - LAST_OVERWRITE, Acts.overwrite))
    last = begun + timedelta(days=DAYS, hours=-1)
    return sorted((each for each in times if begun < each[0] < last), key=lambda each: each[0])


def _as_it_stands(
    desk: DemoDesk, acts: Acts, checks: Checks, coming: str, chance: random.Random
) -> None:
    """A first full check, what is owed, and what waits for somebody."""
    core = desk.core
    core.sweep_runner.ask_unattended(SweepMode.FULL, by="schedule")
    desk.carry()
    now, given = list(owed_now(desk)), _given_back(desk)
    owed = [*now, *owed_before(now, given, checks.begun)]
    desk.journal.add_measures([*checks.measures(chance), *owed])
    desk.journal.add_measures(list(outstanding_before(desk, checks.begun)))
    for _ in range(DEAD):
        acts.copy_refused()
    acts.left_awaiting(coming)
    acts.left_held()


def _given_back(desk: DemoDesk) -> list[tuple[datetime, CreditType]]:
    """When the desk gave which owed credit back, and nobody took it again."""
    operations = desk.journal.operations(limit=200)
    undone = {each.undoes for each in operations}
    return [
        (each.confirmed_at, item.credit)
        for each in operations
        if each.kind in OF_OWED and each.id not in undone
        for item in desk.journal.items(each.id, states=[ItemState.DONE])
        if item.credit is not None
    ]
