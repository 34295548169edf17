"""How much may come, and how fast: budgets that are spent and fill up again with time.

Pure arithmetic; the time is passed in, in seconds of a clock that never goes back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

#: Addresses that are remembered before those that have all of their budget again are forgotten.
REMEMBERED = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """So much at once, and so much more each second."""

    burst: float
    per_s: float


@dataclass(slots=True)
class Budget:
    """What is left of one rate."""

    rate: Rate
    _left: float = field(init=False)
    _at: float = -1.0

    def __post_init__(self) -> None:
        """A new one is full."""
        self._left = self.rate.burst

    def spend(self, amount: float, now: float) -> bool:
        """Whether there was enough; if not, nothing is spent."""
        self._fill(now)
        if amount > self._left:
            return False
        self._left -= amount
        return True

    def is_whole(self, now: float) -> bool:
        """Whether it may be forgotten: a new one would be the same."""
        self._fill(now)
        return self._left >= self.rate.burst

    def _fill(self, now: float) -> None:
        if self._at >= 0:
            self._left = min(self.rate.burst, self._left + (now - self._at) * self.rate.per_s)
        self._at = now


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What a websocket may send."""

    frames: Rate
    bytes: Rate


@dataclass(slots=True)
class Meter:
    """What is left of an allowance: of one websocket, of one address, or of all strangers."""

    allowance: Allowance
    frames: Budget = field(init=False)
    bytes: Budget = field(init=False)

    def __post_init__(self) -> None:
        """Nothing is spent yet."""
        self.frames = Budget(self.allowance.frames)
        self.bytes = Budget(self.allowance.bytes)

    def is_whole(self, now: float) -> bool:
        """Whether it may be forgotten."""
        return self.frames.is_whole(now) and self.bytes.is_whole(now)


class Spent(Protocol):
    """What is left of a budget, or of several."""

    def is_whole(self, now: float) -> bool:
        """Whether it may be forgotten."""


S = TypeVar("S", bound=Spent)


@dataclass(slots=True)
class OfEach(Generic[S]):
    """What is left of each address, by its name."""

    #: Nothing of it is spent.
    make: Callable[[], S]
    remembered: int = REMEMBERED
    _of: dict[str, S] = field(default_factory=dict, init=False)

    def of(self, name: str, now: float) -> S:
        """That of this one."""
        if name not in self._of and len(self._of) >= self.remembered:
            self._of = {each: left for each, left in self._of.items() if not left.is_whole(now)}
        if name not in self._of:
            self._of[name] = self.make()
        return self._of[name]
