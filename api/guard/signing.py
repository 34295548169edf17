"""Signing in: how much of it there may be before anybody is known.

Each beginning and each coming back asks the identity provider over a connection of its own, which
costs the server up to a tenth of a second in which it answers nobody else.
"""

from __future__ import annotations

import asyncio
import time

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.guard.budgets import Budget, OfEach, Rate
from api.guard.hosts import SIGNING
from api.guard.sockets import address_of
from api.guard.sparing import sparing
from api.guard.visitors import Visitors

log = sparing(__name__)

#: Where a sign-in begins or ends, and where it comes back from the provider.
PATHS = SIGNING | {"/oauth2callback"}
#: Two for each sign-in: thirty people behind one address at once, and thirty more each minute.
OF_ADDRESS = Rate(burst=60, per_s=1)
OF_ALL = Rate(burst=120, per_s=2)
#: Carried out at the same time, so that others have their turn between them.
AT_ONCE = 4
TOLD = "Too many people are signing in at this moment. Wait a minute and try again."


class SigningIn:
    """Answers 429 to strangers who ask for more than people do."""

    def __init__(self, app: ASGIApp, *, visitors: Visitors) -> None:
        """``app``: what comes after."""
        self.app = app
        self.visitors = visitors
        self.all = Budget(OF_ALL)
        self.addresses = OfEach(lambda: Budget(OF_ADDRESS))
        self._hands = asyncio.Semaphore(AT_ONCE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Whoever is signed in may always sign out."""
        asks = scope["type"] == "http" and scope["path"] in PATHS
        if not asks or await self.visitors.knows(scope):
            await self.app(scope, receive, send)
        elif self._may(address_of(scope), time.monotonic()):
            async with self._hands:
                await self.app(scope, receive, send)
        else:
            headers = {"Retry-After": "60", "Cache-Control": "no-store"}
            await PlainTextResponse(TOLD, status_code=429, headers=headers)(scope, receive, send)

    def _may(self, address: str, now: float) -> bool:
        if self.addresses.of(address, now).spend(1, now) and self.all.spend(1, now):
            return True
        log.warning("a sign-in was refused: too many from one address, or from all strangers")
        return False
