"""A repair: the drift that somebody confirmed, and what became of each record of it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from core.drift.differences import Drift


class RepairState(StrEnum):
    """Where a repair stands."""

    #: Nobody has begun it yet.
    ASKED = "asked for"
    RUNNING = "running"
    #: HubSpot or the mirror is away; it goes on by itself.
    PAUSED = "paused"
    DONE = "done"


class RowState(StrEnum):
    """What became of one record."""

    PENDING = "pending"
    #: Its copy is in the outbox.
    COPYING = "being copied"
    #: Equal on both sides, by a fresh read of both.
    REPAIRED = "repaired"
    #: A fresh read of both shows that it differs; ``now`` says how and why.
    STILL_DIFFERS = "still differs"
    #: The desk is writing or copying it at this moment.
    LEFT_ALONE = "left alone, being written"
    #: A person must mend it; ``why`` says where.
    NOT_REPAIRABLE = "not repairable"


UNSETTLED = frozenset({RowState.PENDING, RowState.COPYING})


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairRow:
    """One record of a repair."""

    #: As it was confirmed.
    drift: Drift
    #: Its place, from 0.
    n: int
    state: RowState = RowState.PENDING
    why: str = ""
    #: The same columns' values after, where it still differs.
    truth_now: Mapping[str, object] = field(default_factory=dict)
    mirror_now: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Frozen when it is confirmed."""

    id: str
    state: RepairState = RepairState.ASKED
    asked_by: str
    reason: str = ""
    asked_at: datetime
    ended_at: datetime | None = None
    #: Grows with each process that takes it up, so that an older one can do no more.
    epoch: int = 0
    #: What it waits for just now, how often in a row it failed, and when it looks again.
    waiting_for: str = ""
    failures: int = 0
    next_try_at: datetime | None = None
    #: What was confirmed, in short: confirming the same while it runs is the same repair.
    digest: str = ""
    #: How many records stand where.
    counts: Mapping[RowState, int] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Nothing more happens to it."""
        return self.state is RepairState.DONE

    @property
    def total(self) -> int:
        """All its records."""
        return sum(self.counts.values())


def digest_of(drifts: Sequence[Drift]) -> str:
    """The same for the same records with the same difference, in whatever order."""
    words = sorted(
        repr((d.kind.value, d.record_id, d.cause.value, sorted(d.truth.items()),
              sorted(d.mirror.items())))
        for d in drifts
    )  # fmt: skip
    return sha256("\n".join(words).encode()).hexdigest()[:32]
