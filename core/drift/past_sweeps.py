"""Sweeps of the past that others go by."""

from __future__ import annotations

from core.drift.store.port import DriftStore
from core.drift.sweeps import READING, WHOLE, Sweep, SweepMode

#: Sweeps looked through for one that is complete: between two, some may have been given up.
LOOKED_THROUGH = 100


def last_whole(journal: DriftStore) -> Sweep | None:
    """The newest complete sweep whose findings stand for all rows."""
    past = journal.sweeps(modes=WHOLE, limit=LOOKED_THROUGH)
    return next((sweep for sweep in past if sweep.complete), None)


def stuck(journal: DriftStore) -> list[Sweep]:
    """The newest of each mode, where it met an error and is not complete.

    A copy is asked for once: what one that was given up left out, a later full check tells of.
    """
    newest = (next(iter(journal.sweeps(modes=[mode], limit=1)), None) for mode in SweepMode)
    found = [each for each in newest if each and each.error and not each.complete]
    checks = journal.sweeps(modes=[SweepMode.FULL], limit=1)
    return [
        each
        for each in found
        if each.mode in READING
        or not each.ended
        or all(check.started_at < each.started_at for check in checks)
    ]
