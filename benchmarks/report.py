"""What every benchmark ends with: its figures beside their budgets, and an exit code.

    BUDGETS = (at_most("p99, s", 0.1), at_least("share of the limit", 0.95), at_most("429s", 0))
    LEFT_OUT = "the preview, and the latency of the last answer"

    def main() -> int:
        found = {"p99, s": 0.04, "share of the limit": 0.97, "429s": 0}
        return Report("name", BUDGETS, found, left_out=LEFT_OUT, floor_s=floor_s(600)).tell()

A module declares ``BUDGETS`` and ``LEFT_OUT``; tests/test_benchmarks.py holds that.
"""

from __future__ import annotations

import json
import math
import os
import resource
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

#: HubSpot's limit of the budgets, and its latency in ms (design, section 12).
LIMIT, WINDOW_S, LATENCY_MS = 190, 10.0, 150


class Direction(StrEnum):
    """Which side of its bound a figure must stay on."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


@dataclass(frozen=True, slots=True)
class Budget:
    """What one figure must keep to."""

    #: Its name among what was found, with its unit.
    figure: str
    bound: float
    direction: Direction

    def keeps(self, value: float) -> bool:
        """The bound itself is kept; what is not a number never is."""
        if self.direction is Direction.AT_MOST:
            return value <= self.bound
        return value >= self.bound

    def __str__(self) -> str:
        return f"{self.direction} {self.bound:g}"


def at_most(figure: str, bound: float) -> Budget:
    """``at_most("429s", 0)``"""
    return Budget(figure, bound, Direction.AT_MOST)


def at_least(figure: str, bound: float) -> Budget:
    """``at_least("complete", 1)``: what holds or does not is 1 or 0."""
    return Budget(figure, bound, Direction.AT_LEAST)


def floor_s(requests: int, *, limit: int = LIMIT, latency_ms: float = 0) -> float:
    """Seconds below which nobody makes so many requests.

    HubSpot allows ``limit`` in *any* ten seconds, so a whole window may go out at once: the first
    at 0 s, the second at 10 s. ``latency_ms``: of the last answer, where it is waited for.
    """
    return max(0, requests - 1) // limit * WINDOW_S + latency_ms / 1000


def even_s(requests: int, *, limit: int = LIMIT) -> float:
    """Seconds that so many requests take which go out evenly: what design section 12 reckons by."""
    return requests / limit * WINDOW_S


def peak_mb() -> float:
    """The most memory that this process ever had, in MiB."""
    unit = 1024 * 1024 if sys.platform == "darwin" else 1024  # bytes on macOS, KiB on Linux
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


@dataclass(frozen=True, slots=True)
class Report:
    """One run of a benchmark."""

    what: str
    budgets: Sequence[Budget]
    #: Each figure that has a budget, and any other.
    found: Mapping[str, float]
    #: What the figures do not measure, in words.
    left_out: str
    #: What HubSpot's limit or latency makes impossible to go below; None: it gives none here.
    floor_s: float | None = None
    #: Whatever else somebody may want to read.
    more: Mapping[str, Any] = field(default_factory=dict)

    @property
    def missed(self) -> list[Budget]:
        """Budgets that are not kept. One whose figure was not measured is not."""
        return [each for each in self.budgets if not each.keeps(self._value(each))]

    def tell(self) -> int:
        """Print one JSON object, and on stderr a line to read. The exit code: 1 when missed."""
        print(json.dumps(self.as_json(), indent=1, ensure_ascii=False), flush=True)
        print(self.line(), file=sys.stderr, flush=True)
        return 1 if self.missed else 0

    def as_json(self) -> dict[str, Any]:
        """What is printed of it; ``load``: of the machine, above its cores nothing is quick."""
        return {
            "what": self.what,
            "found": {name: _plain(value) for name, value in self.found.items()},
            "budgets": {each.figure: str(each) for each in self.budgets},
            "missed": [each.figure for each in self.missed],
            "floor, s": self.floor_s,
            "left out": self.left_out,
            **self.more,
            "load": os.getloadavg(),
        }

    def line(self) -> str:
        """What is judged, in one line."""
        judged = [
            f"{each.figure} {self._value(each):.4g} ({each}{', MISSED' * (each in self.missed)})"
            for each in self.budgets
        ]
        floor = "none" if self.floor_s is None else f"{self.floor_s:.4g} s"
        return f"{self.what}: {'; '.join([*judged, f'floor {floor}'])}"

    def _value(self, budget: Budget) -> float:
        return self.found.get(budget.figure, math.nan)


def _plain(value: float) -> float | str:
    """JSON has no word for what is not finite."""
    if not math.isfinite(value):
        return str(value)
    return value if isinstance(value, int) else round(value, 4)
