"""The apps that hold a token: each with scopes and a rolling limit, one account's day for all."""

from __future__ import annotations

from dataclasses import dataclass

from sandbox.hubspot import errors
from sandbox.hubspot.limits import Daily, Limiter
from sandbox.hubspot.rows import Source


@dataclass(slots=True, kw_only=True)
class Client:
    """One private app."""

    app_id: int
    name: str
    scopes: frozenset[str]
    limiter: Limiter
    expires_at: int | None = None  # ms; None: never

    def source(self) -> Source:
        """What this app's writes leave in a property's history."""
        return Source("INTEGRATION", str(self.app_id), self.name)


class Apps:
    """Token -> app."""

    def __init__(self, daily: Daily) -> None:
        self.daily = daily
        self._by_token: dict[str, Client] = {}

    def add(
        self, token: str, *, app_id: int, name: str, scopes: frozenset[str], rolling_max: int
    ) -> Client:
        """Another app, or the same one with other rights."""
        limiter = Limiter(
            rolling_max=rolling_max,
            daily=self.daily,
            group=f"publicapi:private-apps-api-calls-remaining:{app_id}",
        )
        client = Client(app_id=app_id, name=name, scopes=scopes, limiter=limiter)
        self._by_token[token] = client
        return client

    def by_token(self, token: str) -> Client | None:
        """Whose token this is."""
        return self._by_token.get(token)

    def is_secret(self, secret: str, app_id: int) -> bool:
        """Whether it is this app's lasting token, which is its secret here as well."""
        found = self._by_token.get(secret)
        return found is not None and found.app_id == app_id and found.expires_at is None

    def by_header(self, authorization: str, at: int) -> Client:
        """Who asks, at this time in ms. Raises ApiError 401."""
        scheme, _, token = authorization.partition(" ")
        found = self._by_token.get(token.strip()) if scheme.lower() == "bearer" else None
        if found is None:
            raise errors.unauthenticated()
        if found.expires_at is not None and found.expires_at <= at:
            raise errors.expired((at - found.expires_at) // 1_000)
        return found
