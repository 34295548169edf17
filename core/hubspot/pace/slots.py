"""Slots: HubSpot's rolling limit as so many permits, each resting after it was used.

HubSpot lets N requests arrive in any 10 s. So there are N slots; a request holds one from before
it is sent until its answer is here, and then the slot rests for 10 s. Two requests of one slot
thus arrive more than 10 s apart, whatever the network does between, and of N slots no more than
N can arrive in any 10 s. That is a proof, where a log of sending times needs room for jitter.

An answer may take seconds, though it was the work that took them and not the way there. So a
slot rests from ``TRANSIT_S`` after its grant at the latest.

Grants are paced besides: not much more than N in 10 s at an even rate, with a small burst. Without
it the first N requests leave within two seconds and everybody else waits for eight, which is
nearly as long as a write may wait to be sent.

A read that a person waits for may be *in haste*: while nobody who is paced has to wait, it takes
what is free at once, but for some slots that are kept for those who are paced. When somebody has to
wait, it is paced as well, and first pays back what it had in advance.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
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
#: The priority that everybody goes before: haste does not heed it.
LAST = 2
#: The part of the limit that may be granted at once after a pause, and that no haste takes.
BURST = 0.1
#: For how long after a paced one had to wait, beyond its wait, nobody is in haste: an operation
#: that computes or saves for a moment will wait again.
CROWDED_S = 1.0


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
    def kept(self) -> int:
        """Slots that haste leaves free: a burst of those who are paced."""
        return int((self.count - self.spare) * BURST)

    @property
    def burst_s(self) -> float:
        """How far the pace may be ahead of an even one."""
        return self.gap_s * max(1, self.kept - 1)


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

    def take(self, limit: Limit, priority: int, *, hasty: bool = False) -> Grant | Wait:
        """A slot, or how long to wait for one. Smaller priorities go first."""
        ...

    def give_back(self, limit: Limit, grant: Grant) -> None:
        """The answer is here, or nothing was sent after all: the slot rests from now on."""
        ...

    def busy(self) -> int:
        """How many slots are held or resting."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """When even paces would make their next grants. Times are those of the slots' clock."""

    #: Of all that is paced.
    due: float = 0.0
    #: Of what was in haste alone, and of what it is paced besides.
    hasty_due: float = 0.0
    #: Until when somebody who is paced has to wait, or may have to again.
    crowded_until: float = 0.0

    def rushes(self, now: float, *, hasty: bool) -> bool:
        """Whether a grant now is made in haste."""
        return hasty and self.crowded_until <= now

    def ready_at(self, limit: Limit, now: float, *, hasty: bool) -> float:
        """When the pace allows a grant; it may be past."""
        if self.rushes(now, hasty=hasty):
            return now
        return max(self.due, self.hasty_due if hasty else 0.0) - limit.burst_s

    def skipped(self, limit: Limit, now: float, *, hasty: bool) -> int:
        """How many free slots a grant leaves free."""
        return limit.spare + (limit.kept if self.rushes(now, hasty=hasty) else 0)

    def granted(self, limit: Limit, now: float, *, hasty: bool) -> Pace:
        """After a grant."""
        due = self.due
        if not self.rushes(now, hasty=hasty):
            due = max(due, now) + limit.gap_s
        hasty_due = max(self.hasty_due, now) + limit.gap_s if hasty else self.hasty_due
        return replace(self, due=due, hasty_due=hasty_due)

    def waited(self, until: float) -> Pace:
        """After somebody who is paced was told to wait until then."""
        return replace(self, crowded_until=max(self.crowded_until, until + CROWDED_S))

    def brought_back(self, now: float) -> Pace:
        """After the clock was set back: nothing lies ahead of it."""
        return Pace(
            due=min(self.due, now),
            hasty_due=min(self.hasty_due, now),
            crowded_until=min(self.crowded_until, now),
        )

    def look_again_at(self, ready_at: float, now: float, *, hasty: bool) -> float:
        """When to ask again, for ``ready_at``: haste may go sooner, once the crowd ends."""
        if hasty and self.crowded_until > now:
            return min(ready_at, self.crowded_until)
        return ready_at


@dataclass(slots=True)
class MemorySlots:
    """Slots of one process alone. Its owner holds a lock around each call."""

    now: Callable[[], float]
    #: When each slot is free again.
    _free_at: list[float] = field(default_factory=list)
    _pace: Pace = Pace()

    def take(self, limit: Limit, priority: int, *, hasty: bool = False) -> Grant | Wait:
        """The slot that is free for longest but those to be left free."""
        now = self.now()
        self._free_at += [0.0] * (limit.count - len(self._free_at))
        order = sorted(range(limit.count), key=self._free_at.__getitem__)
        slot = order[self._pace.skipped(limit, now, hasty=hasty)]
        free_at = self._free_at[slot]
        ready_at = max(free_at, self._pace.ready_at(limit, now, hasty=hasty))
        if free_at > now or ready_at > now + TICK_S:
            if not hasty and priority < LAST:
                self._pace = self._pace.waited(ready_at)
            return Wait(seconds=self._pace.look_again_at(ready_at, now, hasty=hasty) - now)
        self._free_at[slot] = now + TRANSIT_S + limit.window_s
        self._pace = self._pace.granted(limit, now, hasty=hasty)
        return Grant(slot=slot, at=now)

    def give_back(self, limit: Limit, grant: Grant) -> None:
        """Never later than the grant had said."""
        rested = self.now() + limit.window_s
        self._free_at[grant.slot] = min(self._free_at[grant.slot], rested)

    def busy(self) -> int:
        """How many slots are held or resting."""
        now = self.now()
        return sum(at > now for at in self._free_at)
