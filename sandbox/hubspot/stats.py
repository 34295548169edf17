"""What the clients did: the proof behind a test or a benchmark."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

WINDOW_MS = 10_000


@dataclass(slots=True)
class Stats:
    """Counts since the last reset. Times in ms."""

    requests: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    in_flight: int = 0
    in_flight_max: int = 0
    window_max: int = 0
    first_ms: int | None = None
    last_ms: int | None = None
    server_ms: float = 0.0
    _window: deque[int] = field(default_factory=deque)

    def begin(self, at: int) -> None:
        """A request has come."""
        self.requests += 1
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        self.first_ms = at if self.first_ms is None else self.first_ms
        self.last_ms = at
        while self._window and self._window[0] <= at - WINDOW_MS:
            self._window.popleft()
        self._window.append(at)
        self.window_max = max(self.window_max, len(self._window))

    def end(self, kind: str, outcome: str) -> None:
        """It was answered, with a status, or dropped, with the fault's name."""
        self.in_flight -= 1
        self.kinds[kind] += 1
        self.statuses[outcome] += 1

    def show(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "requests": self.requests,
            "by_kind": dict(self.kinds),
            "statuses": dict(self.statuses),
            "rate_limited": self.statuses["429"],
            "by_policy": dict(self.refusals),
            "faults": dict(self.faults),
            "in_flight": self.in_flight,
            "in_flight_max": self.in_flight_max,
            "window_10s_max": self.window_max,
            "first_ms": self.first_ms,
            "last_ms": self.last_ms,
            "server_ms": round(self.server_ms, 3),
        }
