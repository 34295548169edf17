"""HubSpot's rate limits: rolling ten seconds, searches per second, and a day. Pure but for state.

Every method takes the time in ms, so tests move it as they like.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from sandbox.hubspot import errors
from sandbox.hubspot.values import DAY_MS

WINDOW_MS, SECOND_MS = 10_000, 1_000
#: tier -> (requests in ten seconds for each app, requests a day for the account)
TIERS = {
    "free": (100, 250_000),
    "professional": (190, 625_000),
    "enterprise": (190, 1_000_000),
    "limit-increase": (250, 2_000_000),
}
SEARCHES_PER_SECOND = 5


@dataclass(slots=True, kw_only=True)
class Limiter:
    """Counts what it lets through; a refused request does not count."""

    rolling_max: int
    daily_max: int
    search_max: int = SEARCHES_PER_SECOND
    group: str = "publicapi:private-apps-api-calls-remaining:28463211"
    _times: deque[int] = field(default_factory=deque)
    _searches: deque[int] = field(default_factory=deque)
    _day: int = -1
    _today: int = 0

    def admit(self, at: int, *, search: bool) -> dict[str, str]:
        """The headers of the answer. Raises ApiError 429."""
        if at // DAY_MS != self._day:
            self._day, self._today = at // DAY_MS, 0
        if self._today >= self.daily_max:
            raise errors.rate_limited("DAILY", self.group, {} if search else self.headers(at))
        if search:
            self._take(self._searches, at, SECOND_MS, self.search_max, "SECONDLY")
        else:
            self._take(self._times, at, WINDOW_MS, self.rolling_max, "TEN_SECONDLY_ROLLING")
        self._today += 1
        return {} if search else self.headers(at)  # searches answer without these headers

    def _take(self, times: deque[int], at: int, window: int, most: int, policy: str) -> None:
        _forget(times, at - window)
        if len(times) >= most:
            headers = self.headers(at) if policy != "SECONDLY" else {}
            raise errors.rate_limited(policy, self.group, headers)
        times.append(at)

    def headers(self, at: int) -> dict[str, str]:
        """What HubSpot tells of the limits."""
        _forget(self._times, at - WINDOW_MS)
        return {
            "X-HubSpot-RateLimit-Max": str(self.rolling_max),
            "X-HubSpot-RateLimit-Remaining": str(max(0, self.rolling_max - len(self._times))),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(WINDOW_MS),
            "X-HubSpot-RateLimit-Daily": str(self.daily_max),
            "X-HubSpot-RateLimit-Daily-Remaining": str(max(0, self.daily_max - self._today)),
        }


def _forget(times: deque[int], before: int) -> None:
    while times and times[0] <= before:
        times.popleft()
