"""Every page and every address of the server, tried as everybody: who gets what is said here.

The tables are explicit. A page or a route that they do not know fails, and so does one that is
gone. Fragments and downloads: ``tests/pages/test_left_open.py``; commands:
``tests/unit/test_cli_roles.py``; what an API key may: ``tests/unit/api``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from core.access.sign_ins import RECORD
from core.credits.roles import Role
from pages.shared.places import PLACES
from scripts.processes import ROOT
from tests.contract.gate.fresh import LEAVER, MANAGER, STAFF
from tests.contract.gate.test_gate import NEVER, STUDENTS, claims, pages
from tests.contract.gate.visitor import USER, Server
from tests.pages.stage import ADMIN, NOON

EVERYBODY, WATCHERS, ADMINS = set(Role), {Role.MANAGER, Role.ADMIN}, {Role.ADMIN}
PAGES: Mapping[str, set[Role]] = {
    "adjust_credits": ADMINS,
    "api_clients": ADMINS,
    "audit": WATCHERS,
    "batch_cancellation": ADMINS,
    "bulk_refund": ADMINS,
    "contacts": EVERYBODY,
    "drift": WATCHERS,
    "exams": EVERYBODY,
    "move_bookings": ADMINS,
    "operations": WATCHERS,
    "overview": WATCHERS,
    "people": ADMINS,
}

#: What the server answers at each address, whoever asks with whatever cookie: 200 is for what holds
#: nothing of the desk, 401 asks for an API key, 403 for a page of ours that a person has open.
V1 = "/api/v1"
ROUTES: Mapping[int, set[str]] = {
    200: {
        "ANY ",  # the page without anything in it: what is in it comes by the websocket
        "ANY /_stcore/stream",  # asked as a page; as a websocket it is what PAGES tells of
        "GET /_stcore/health",
        "GET /_stcore/host-config",
        "GET /api/healthz",
        "GET /api/readyz",
        *(f"GET {V1}/{what}" for what in ("docs", "docs/start.js", "openapi.json")),
    },
    302: {"GET /auth/login", "GET /auth/logout", "GET /oauth2callback"},
    307: {f"GET {V1}/"},  # to the documentation
    401: {
        f"GET {V1}/students",
        f"GET {V1}/operations/{{operation_id}}",
        *(
            f"GET {V1}/contacts/{{contact_id}}/{what}"
            for what in ("balances", "bookings", "bookings/{record_id}", "credit-check", "sessions")
        ),
        *(
            f"POST {V1}/contacts/{{contact_id}}/{what}"
            for what in ("bookings", "bookings/{record_id}/cancel", "cancellations")
        ),
        *(
            f"GET {V1}/admin/{what}"
            for of in ("operations/{operation_id}", "plans/{plan_id}")
            for what in (of, f"{of}/rows")
        ),
        *(f"POST {V1}/admin/{what}" for what in ("plans", "plans/adjustments", "operations")),
        *(f"POST {V1}/admin/operations/{{operation_id}}/{act}" for act in ("retry", "stop")),
    },
    403: {
        f"{method} /_stcore/upload_file/{{session_id}}/{{file_id}}" for method in ("DELETE", "PUT")
    },
    404: {
        "GET /media/{file_id:path}",  # a file is for the sign-in that made it: test_leaving.py
        "GET /api/metrics",  # for who has its token, and there is none here
        f"ANY {V1}/docs/files",
        f"GET {V1}/problems/{{name}}",
        "GET /app/static/{path:path}",
        "GET /component/{path:path}",
        "GET /_stcore/bidi-components/{path:path}",
        "GET /_stcore/metrics",
        *(
            f"{method} {path}"
            for method in ("DELETE", "GET", "PATCH", "POST", "PUT")
            for path in (
                *("/api", "/api/{rest:path}"),
                *(f"/_stcore/agent/{what}" for what in ("interact", "mcp", "openapi.json")),
            )
        ),
    },
    405: {f"{method} /api/webhooks/hubspot" for method in ("DELETE", "GET", "PATCH", "PUT")},
    503: {"POST /api/webhooks/hubspot"},  # HubSpot's alone, and no secret of its app is known here
}


@dataclass(frozen=True)
class Caller:
    email: str = ""
    role: Role | None = None
    #: What is not as it is after signing in.
    changed: Mapping[str, object] = field(default_factory=dict)
    says: str = ""

    def cookies(self, server: Server) -> dict[str, str]:
        if not self.email:
            return {}
        return {USER: server.cookie(claims(self.email, **self.changed))}


LONG_AGO = NOON.timestamp() - 13 * 3600
ENDED, REFUSED = "Your sign-in has ended", "is not open to you"
CALLERS = {
    "nobody": Caller(says="Sign in to Credit Desk"),
    "staff": Caller(STAFF, Role.STAFF, says=REFUSED),
    "manager": Caller(MANAGER, Role.MANAGER, says=REFUSED),
    "admin": Caller(ADMIN, Role.ADMIN, says=REFUSED),
    "who has no role": Caller("eve@example.test", says=REFUSED),
    "whose role was withdrawn": Caller(LEAVER, says=REFUSED),
    "whose sign-in is over": Caller(ADMIN, changed={"iat": LONG_AGO}, says=ENDED),
    "who signed out": Caller(ADMIN, changed={RECORD: "signed out"}, says=ENDED),
}


@pytest.fixture(scope="module")
def routes(server: Server) -> list[str]:
    server.steer("withdraw", email=LEAVER)
    told: list[str] = server.steer("routes").json()
    return [one for one in told if not one.startswith(("HEAD ", "OPTIONS "))]


def test_every_page_and_every_route_is_known(routes: list[str]) -> None:
    assert sorted(PAGES) == pages(ROOT)
    assert sorted(one for some in ROUTES.values() for one in some) == sorted(routes)


@pytest.mark.usefixtures("routes")
@pytest.mark.parametrize("name", CALLERS)
def test_a_page_is_open_to_its_roles_and_to_nobody_else(server: Server, name: str) -> None:
    caller = CALLERS[name]
    for place in PLACES:
        page = place.path.rpartition("/")[2].removesuffix(".py")
        told = server.visit(page, cookies=caller.cookies(server)).decode(errors="replace")

        opened = caller.role in PAGES[page]
        assert (caller.says in told) != opened, place.title
        assert (ENDED in told or REFUSED in told or "Sign in to Credit Desk" in told) != opened
        assert opened or not [word for word in STUDENTS if word in told], place.title
        assert not [word for word in NEVER if word in told], place.title
        assert "Traceback" not in told


@pytest.mark.parametrize("name", CALLERS)
def test_an_address_tells_everybody_the_same_and_nothing(server: Server, name: str) -> None:
    """A cookie opens the pages, and no address."""
    cookies = CALLERS[name].cookies(server)
    if cookies and CALLERS[name].role is not None:  # of their own: one of the addresses signs out
        email = CALLERS[name].email
        server.steer("come_in", email=email, sign_in=name)
        cookies = {USER: server.cookie(claims(email, **{RECORD: name}))}
    for status, some in ROUTES.items():
        for route in some:
            method, _, path = route.partition(" ")
            for mark in ("{", "}", ":path"):  # the name of each part of the path in its place
                path = path.replace(mark, "")
            method = "GET" if method == "ANY" else method
            answer = server.ask(path, method=method, cookies=cookies)

            assert status == answer.status_code, route
            assert not [word for word in (*STUDENTS, *NEVER) if word in answer.text], route
