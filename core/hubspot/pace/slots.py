"""Slots: HubSpot's rolling limit as so many permits, each resting after it was used.

HubSpot lets N requests arrive in any 10 s. So there are N slots; a request holds one from before
it is sent until its answer is here, and then the slot rests for 10 s. Two requests of one slot
thus arrive more than 10 s apart, whatever the network does between, and of N slots no more than
N can arrive in any 10 s. That is a proof, where a log of sending times needs room for jitter.

An answer may take seconds, though it was the work that took them and not the way there. So a
slot rests from ``TRANSIT_S`` after its grant at the latest.

Grants are paced besides: not much more than N in 10 s at an even rate, with a small burst. Without
it the first N requests leave within two seconds and everybody else waits for eight, which is
longer than a write may wait to be sent.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

#: A request that was not answered after this time is held to have arrived by then. Longer costs
#: some of the limit when answers take longer; shorter, a 429 when a machine is so busy that its
#: threads stand still (0.5 s was too short on one with six times the work that it could do).
TRANSIT_S = 1.0
#: Clocks are no finer, and sums of times no more exact.
TICK_S = 1e-6
#: How much faster than the limit grants may follow each other, so that the pace alone never
#: leaves a slot unused.
HASTE = 1.03
#: The part of the limit that may be granted at once after a pause.
BURST = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """So many requests in any so many seconds."""

    count: int
    window_s: float
    #: Slots to leave free: our share is less than the whole, or somebody else uses the limit.
    spare: int = 0

    def __post_init__(self) -> None:
        """At least one slot is ours, or nothing would ever be learnt again."""
        if not 0 <= self.spare < self.count:
            raise ValueError(f"{self.spare} of {self.count} slots cannot be spared")

    @property
    def gap_s(self) -> float:
        """The time between two grants at an even pace."""
        return self.window_s / (self.count - self.spare) / HASTE

    @property
    def burst_s(self) -> float:
        """How far the pace may be ahead of an even one."""
        return self.gap_s * max(1, int((self.count - self.spare) * BURST) - 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A slot that is ours until it is given back."""

    slot: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """No slot now; ask again after this many seconds."""

    seconds: float


class Slots(Protocol):
    """Where slots are kept. Safe for threads, and for processes if the store is shared."""

    def take(self, limit: Limit, priority: int) -> Grant | Wait:
        """A slot, or how long to wait for one. Smaller priorities go first."""
        ...

    def give_back(self, limit: Limit, grant: Grant) -> None:
        """The answer is here, or nothing was sent after all: the slot rests from now on."""
        ...

    def busy(self) -> int:
        """How many slots are held or resting."""
        ...


@dataclass(slots=True)
class MemorySlots:
    """Slots of one process alone. Its owner holds a lock around each call."""

    now: Callable[[], float]
    #: When each slot is free again.
    _free_at: list[float] = field(default_factory=list)
    #: The time at which an even pace would make the next grant.
    _due: float = 0.0

    def take(self, limit: Limit, priority: int) -> Grant | Wait:
        """The slot that is free for longest but those to be left free."""
        del priority  # one process serves its own waiters in order
        now = self.now()
        early = self._due - now - limit.burst_s
        if early > TICK_S:
            return Wait(seconds=early)
        self._free_at += [0.0] * (limit.count - len(self._free_at))
        slot = sorted(range(limit.count), key=self._free_at.__getitem__)[limit.spare]
        if self._free_at[slot] > now:
            return Wait(seconds=self._free_at[slot] - now)
        self._free_at[slot] = now + TRANSIT_S + limit.window_s
        self._due = max(self._due, now) + limit.gap_s
        return Grant(slot=slot, at=now)

    def give_back(self, limit: Limit, grant: Grant) -> None:
        """Never later than the grant had said."""
        rested = self.now() + limit.window_s
        self._free_at[grant.slot] = min(self._free_at[grant.slot], rested)

    def busy(self) -> int:
        """How many slots are held or resting."""
        now = self.now()
        return sum(at > now for at in self._free_at)
