"""Requests meant for another server, or sent by another site's page, go no further."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.answers import Problem
from api.guard.public import Public
from api.guard.sparing import sparing

log = sparing(__name__)

#: These change nothing here, and links from other sites arrive by them.
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
#: A websocket is refused by being closed before it is accepted: the server answers 403.
POLICY_VIOLATION = 1008


#: These change who is signed in, although a browser asks by a plain link: for our own pages alone.
SIGNING = frozenset({"/auth/login", "/auth/logout"})
#: What a browser says of a link in our own pages, and of an address that a person typed.
OWN = frozenset({"same-origin", "none"})

#: Asked by probes, which call an IP address or a name of the platform. The answer is one word.
HEALTH = frozenset({"/api/healthz", "/api/readyz"})


class Hosts:
    """One decision for pages, websockets and ``/api``, from ``CREDIT_DESK_PUBLIC_URL``.

    A foreign ``Host`` is how a page of another site reaches a server behind a firewall (DNS
    rebinding). A websocket without an ``Origin`` is no browser's.
    """

    def __init__(self, app: ASGIApp, *, public: Public) -> None:
        """``app``: what comes after."""
        self.app = app
        self.public = public

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """421: not this server. 403: not for a page of that site."""
        if scope["type"] not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        refused = self._refusal(scope)
        if refused is None:
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
        else:
            await refused(scope, receive, send)

    def _refusal(self, scope: Scope) -> Problem | None:
        if scope["type"] == "http" and scope["path"] in HEALTH and scope["method"] in SAFE:
            return None
        headers = Headers(scope=scope)
        hosts, origins = headers.getlist("host"), headers.getlist("origin")
        if len(hosts) != 1 or not self.public.is_host(hosts[0]):
            log.warning(
                "a request for another host was refused; if it was for this one, name it in "
                "CREDIT_DESK_PUBLIC_URL or CREDIT_DESK_EXTRA_HOSTS"
            )
            return Problem(421, "this server does not answer to that host name")
        if scope["path"] in SIGNING and not self._own(headers, hosts[0]):
            log.warning("a sign-in or sign-out from another site's page was refused")
            return Problem(403, "only a page of this desk may sign somebody in or out")
        if not origins and scope["type"] == "http":
            return None
        if scope["type"] == "http" and scope["method"] in SAFE:
            return None
        if len(origins) == 1 and self.public.is_origin(origins[0], hosts[0]):
            return None
        log.warning("a request from another site's page was refused")
        return Problem(403, "pages of other sites may not ask this")

    def _own(self, headers: Headers, host: str) -> bool:
        """Whether a page of ours asks, or the person themselves.

        Over plain HTTP, and before 2023, browsers tell no more than the page.
        """
        if site := headers.get("sec-fetch-site"):
            return site in OWN
        scheme, _, rest = headers.get("referer", "").partition("://")
        return self.public.is_origin(f"{scheme}://{rest.partition('/')[0]}", host)
