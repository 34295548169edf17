"""The door and the downloads while the desk's database does not answer, and odd cookies."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from streamlit.web.server.starlette.starlette_app_utils import create_signed_value

from core.access.sign_ins import RECORD
from core.audit.chain import FIELDS, Link
from core.audit.entries import Sought, What
from core.credits.errors import JournalError
from pages.shared.access import cookies
from pages.shared.access.door import AtTheDoor
from pages.shared.access.downloads import Downloads
from tests.pages.stage import ADMIN, Stage, come_in, signed_in

SECRET = "x" * 64
USER, TOKENS = "_streamlit_user", "_streamlit_user_tokens"


def signed(value: dict[str, Any], name: str = USER) -> str:
    return create_signed_value(SECRET, name, json.dumps(value)).decode()


async def _back(_: Request) -> Response:
    """As Streamlit answers when somebody comes back from the provider."""
    answer = RedirectResponse("/", status_code=302)
    answer.set_cookie(USER, signed(signed_in(email=ADMIN) | {"groups": "g" * 900}))
    answer.set_cookie(TOKENS, signed({"id_token": "i" * 20, "access_token": "a" * 20}, TOKENS))
    return answer


async def _plain(_: Request) -> Response:
    return PlainTextResponse("what Streamlit says")


class Visit:
    """A server of Streamlit's addresses behind the door and the downloads."""

    def __init__(self) -> None:
        inner = Starlette(
            routes=[Route("/oauth2callback", _back), Route("/{rest:path}", _plain)],
        )
        self.app = AtTheDoor(Downloads(inner))

    def get(self, path: str, **jar: str) -> httpx.Response:
        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
                sent = "; ".join(f"{name}={value}" for name, value in jar.items())
                return await client.get(path, headers={"Cookie": sent})

        return asyncio.run(send())


@pytest.fixture
def visit(made: Stage, monkeypatch: pytest.MonkeyPatch) -> Visit:
    del made  # the core beneath
    monkeypatch.setattr(cookies, "get_cookie_secret", lambda: SECRET)
    return Visit()


@pytest.fixture
def no_database(made: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: object) -> None:
        raise JournalError("the operational store is not there")

    for name in ("begin_sign_in", "sign_in", "end_sign_in"):
        monkeypatch.setattr(made.journal, name, down)


def test_a_sign_in_is_kept_before_its_cookie_is_given(visit: Visit, made: Stage) -> None:
    answer = visit.get("/oauth2callback")

    claims = cookies.claims(dict(answer.cookies))
    assert claims is not None
    made.core.sign_ins.require(claims)
    assert "groups" not in claims
    assert {"id_token": "i" * 20} == cookies.hint(dict(answer.cookies))


@pytest.mark.usefixtures("no_database")
def test_a_sign_in_that_is_not_kept_gives_no_cookie(visit: Visit) -> None:
    answer = visit.get("/oauth2callback", **{USER: "of before"})

    assert 302 == answer.status_code
    assert [f"{USER}="] == [
        header.partition(";")[0]
        for header in answer.headers.get_list("set-cookie")
        if header.startswith("_streamlit")
    ]


@pytest.mark.parametrize("path", ["/auth/logout%3Fnow", "/auth/logout%23", "/auth/logout/now"])
def test_an_address_that_is_only_like_that_of_signing_out_signs_nobody_out(
    visit: Visit, made: Stage, path: str
) -> None:
    """Else the check that only a page of ours may ask, which is of the address, could be passed."""
    claims = come_in(made.journal, signed_in(email=ADMIN))

    visit.get(path, **{USER: signed(dict(claims))})

    made.core.sign_ins.require(claims)


def test_a_sign_out_stands_in_the_audit_once(visit: Visit, made: Stage) -> None:
    claims = come_in(made.journal, signed_in(email=ADMIN))
    for _ in range(2):
        visit.get("/auth/logout", **{USER: signed(dict(claims))})

    assert [ADMIN] == [link.texts[FIELDS.index("actor")] for link in signed_out(made)]


def test_a_sign_out_that_the_audit_cannot_take_goes_on(
    visit: Visit, made: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    claims = come_in(made.journal, signed_in(email=ADMIN))

    def full(*_: object) -> None:
        raise JournalError("no space left")

    monkeypatch.setattr(made.journal, "record", full)
    answer = visit.get("/auth/logout", **{USER: signed(dict(claims))})

    assert "what Streamlit says" == answer.text
    assert made.journal.sign_in(str(claims[RECORD])) is None


def signed_out(made: Stage) -> list[Link]:
    return made.journal.audit(Sought(what=(What.SIGNED_OUT,)))


@pytest.mark.usefixtures("no_database")
def test_a_sign_out_that_is_not_kept_says_so(visit: Visit) -> None:
    answer = visit.get("/auth/logout", **{USER: signed(signed_in(email=ADMIN))})

    assert 503 == answer.status_code
    assert "You are still signed in" in answer.text
    assert "what Streamlit says" == visit.get("/auth/logout").text, "nobody is signed in"


@pytest.mark.usefixtures("no_database")
def test_no_file_is_given_while_nobody_can_be_known(visit: Visit) -> None:
    answer = visit.get("/media/x.csv", **{USER: signed(signed_in(email=ADMIN))})

    assert (503, "no-store") == (answer.status_code, answer.headers["cache-control"])
    assert "what Streamlit says" not in answer.text


def test_a_file_that_is_nobody_s_is_given_to_nobody(visit: Visit, made: Stage) -> None:
    """Whatever else Streamlit may come to serve there."""
    claims = signed_in(email=ADMIN)
    come_in(made.journal, claims)

    answer = visit.get("/media/x.png", **{USER: signed(claims)})

    assert (404, "Not found") == (answer.status_code, answer.text)


@pytest.mark.parametrize(
    "value",
    ["", "x", "é", "chunks-2", signed({"email": ADMIN}), signed({"is_logged_in": "yes"})],
    ids=range(6),
)
def test_a_cookie_that_says_nobody_is_nobody(visit: Visit, value: str) -> None:
    del visit
    assert cookies.claims({USER: value}) is None


@pytest.mark.parametrize("said", ["[]", "null", "1", "{", '"x"'])
def test_a_signed_cookie_that_is_no_claims_is_nobody(visit: Visit, said: str) -> None:
    del visit
    assert cookies.claims({USER: create_signed_value(SECRET, USER, said).decode()}) is None
