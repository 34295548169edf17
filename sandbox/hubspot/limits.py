"""HubSpot's rate limits: rolling ten seconds, searches per second, and a day. Pure but for state.

Every method takes the time in ms, so tests move it as they like.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
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
class Daily:
    """What all apps of an account may ask in a day, and of its searches in a second."""

    most: int
    search_max: int = SEARCHES_PER_SECOND
    search_counts: bool = False  # against the ten seconds as well
    refused_counts: bool = False  # so that who does not wait never gets through
    used: int = 0
    _day: int = -1
    searches: deque[int] = field(default_factory=deque)

    def left(self, at: int) -> int:
        """Requests that remain today. The account's day ends at midnight UTC."""
        if at // DAY_MS != self._day:
            self._day, self.used = at // DAY_MS, 0
        return max(0, self.most - self.used)


@dataclass(slots=True, kw_only=True)
class Limiter:
    """One app's limits. Counts what it lets through; a refused request does not count."""

    rolling_max: int
    daily: Daily
    group: str
    _times: deque[int] = field(default_factory=deque)

    def admit(self, at: int, *, search: bool) -> dict[str, str]:
        """The headers of the answer. Raises ApiError 429."""
        if not self.daily.left(at):
            raise errors.rate_limited("DAILY", self.group, {} if search else self.headers(at))
        if search:
            self._take(self.daily.searches, at, SECOND_MS, self.daily.search_max, self._slow_down)
        if not search or self.daily.search_counts:
            self._take(self._times, at, WINDOW_MS, self.rolling_max, self._wait)
        self.daily.used += 1
        return {} if search else self.headers(at)  # searches answer without these headers

    def _slow_down(self, _: int) -> errors.ApiError:
        return errors.rate_limited("SECONDLY", self.group, {})

    def _wait(self, at: int) -> errors.ApiError:
        return errors.rate_limited("TEN_SECONDLY_ROLLING", self.group, self.headers(at))

    def _take(
        self,
        times: deque[int],
        at: int,
        window: int,
        most: int,
        refusal: Callable[[int], errors.ApiError],
    ) -> None:
        _forget(times, at - window)
        full = len(times) >= most
        if not full or self.daily.refused_counts:
            times.append(at)
        if full:
            raise refusal(at)

    def headers(self, at: int) -> dict[str, str]:
        """What HubSpot tells of the limits."""
        _forget(self._times, at - WINDOW_MS)
        return {
            "X-HubSpot-RateLimit-Max": str(self.rolling_max),
            "X-HubSpot-RateLimit-Remaining": str(max(0, self.rolling_max - len(self._times))),
            "X-HubSpot-RateLimit-Interval-Milliseconds": str(WINDOW_MS),
            "X-HubSpot-RateLimit-Daily": str(self.daily.most),
            "X-HubSpot-RateLimit-Daily-Remaining": str(self.daily.left(at)),
        }


def _forget(times: deque[int], before: int) -> None:
    while times and times[0] <= before:
        times.popleft()
