"""Sweeps of the past that others go by."""

from __future__ import annotations

from collections.abc import Collection

from core.drift.store.port import DriftStore
from core.drift.sweeps import READING, WHOLE, Sweep, SweepMode

#: Sweeps looked through for one that is complete: between two, some may have been given up.
LOOKED_THROUGH = 100


def last_whole(journal: DriftStore) -> Sweep | None:
    """The newest complete sweep whose findings stand for all rows."""
    return last_complete(journal, WHOLE)


def last_complete(journal: DriftStore, modes: Collection[SweepMode]) -> Sweep | None:
    """The newest complete one of these modes."""
    past = journal.sweeps(modes=modes, limit=LOOKED_THROUGH)
    return next((sweep for sweep in past if sweep.complete), None)


def stuck(journal: DriftStore) -> list[Sweep]:
    """The newest of each mode, where it met an error and is not complete.

    A copy is asked for once: what one that was given up left out, a later full check tells of.
    """
    newest = [each for mode in SweepMode for each in journal.sweeps(modes=[mode], limit=1)]
    full_at = max((each.started_at for each in newest if each.mode is SweepMode.FULL), default=None)

    def followed(sweep: Sweep) -> bool:
        copy_ended = sweep.mode not in READING and sweep.ended
        return copy_ended and full_at is not None and full_at >= sweep.started_at

    return [each for each in newest if each.error and not each.complete and not followed(each)]
