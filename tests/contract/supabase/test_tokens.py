"""Tokens of Supabase Auth: whose they are, and every way in which one is none."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from core.credits.errors import NotSent, Store
from core.mirror.supabase.tokens import SupabaseTokens
from core.mirror.tokens_port import BadToken
from sandbox.supabase.keys import mint

SECRET = "the-jwt-secret-of-this-project-0123"
ES, RS = ec.generate_private_key(ec.SECP256R1()), rsa.generate_private_key(65537, 2048)
OTHER = ec.generate_private_key(ec.SECP256R1())


def jwk(key: Any, id_: str, algorithm: str) -> dict[str, Any]:
    made = jwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key())
    return {**json.loads(made), "kid": id_, "alg": algorithm, "use": "sig"}


class Keys(HTTPServer):
    """The project's address for its signing keys."""

    asked = 0
    page = json.dumps({"keys": [jwk(ES, "es", "ES256"), jwk(RS, "rs", "RS256")]}).encode()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        assert self.path == "/auth/v1/.well-known/jwks.json"
        self.server.asked += 1  # type: ignore[attr-defined]
        body = self.server.page  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None: ...


@pytest.fixture(scope="module")
def keys() -> Iterator[Keys]:
    server = Keys(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def tokens(keys: Keys) -> SupabaseTokens:
    return SupabaseTokens(keys.url, SECRET)


def claims(**other: Any) -> dict[str, Any]:
    told = {
        "sub": "5d1e",
        "aud": "authenticated",
        "role": "authenticated",
        "email": "Ada@Example.test",
        "exp": int(time.time()) + 600,
        **other,
    }
    return {name: value for name, value in told.items() if value is not None}


def hs(secret: str = SECRET, **other: Any) -> str:
    return jwt.encode(claims(**other), secret, "HS256")


def es(key: Any = ES, id_: str = "es", algorithm: str = "ES256", **other: Any) -> str:
    return jwt.encode(claims(**other), key, algorithm, headers={"kid": id_})


@pytest.mark.parametrize("algorithm", ["HS256", "ES256", "RS256"])
def test_token_of_the_project_tells_whose_it_is(tokens: SupabaseTokens, algorithm: str) -> None:
    made = {"HS256": hs(), "ES256": es(), "RS256": es(RS, "rs", "RS256")}

    assert "ada@example.test" == tokens.email(made[algorithm])


def signed_with_a_public_key() -> str:
    """The old trick: a public key, which everybody has, used as the shared secret."""
    return mint(json.dumps(jwk(ES, "es", "ES256")), claims())  # PyJWT refuses to make one


FORGED: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "nonsense": lambda: "nonsense",
    "three parts": lambda: "a.b.c",
    "unsigned": lambda: jwt.encode(claims(), "", "none"),
    "public key as secret": signed_with_a_public_key,
    "another secret": lambda: hs("another-secret-that-is-long-enough-too"),
    "ended": lambda: hs(exp=int(time.time()) - 60),
    "endless": lambda: hs(exp=None),
    "of nobody signed in": lambda: hs(aud=None),
    "for others": lambda: hs(aud="anon"),
    "without an e-mail": lambda: hs(email=None),
    "an empty e-mail": lambda: hs(email=""),
    "no text for an e-mail": lambda: hs(email={"is": "a trick"}),
    "another key": lambda: es(OTHER),
    "an unknown key": lambda: es(id_="unknown"),
    "ended, by a key": lambda: es(exp=int(time.time()) - 60),
    "for others, by a key": lambda: es(aud="anon"),
    "a key of another kind": lambda: es(RS, "es", "RS256"),
    "cut": lambda: hs()[:-4],
}


@pytest.mark.parametrize("name", FORGED)
def test_any_other_token_opens_nothing_and_is_not_quoted(tokens: SupabaseTokens, name: str) -> None:
    made = FORGED[name]()
    with pytest.raises(BadToken) as refused:
        tokens.email(made)
    assert not made or made not in str(refused.value)


def test_without_the_secret_no_token_signed_with_one_opens_anything(keys: Keys) -> None:
    with pytest.raises(BadToken):
        SupabaseTokens(keys.url, "").email(hs())


def test_signing_keys_are_asked_for_once_and_kept(keys: Keys) -> None:
    tokens, before = SupabaseTokens(keys.url, ""), keys.asked
    for _ in range(3):
        tokens.email(es())
    assert 1 == keys.asked - before


def test_signing_keys_that_cannot_be_read_are_an_outage() -> None:
    with pytest.raises(NotSent) as away:
        SupabaseTokens("http://127.0.0.1:1", "").email(es())
    assert Store.SUPABASE is away.value.store


def test_a_page_in_the_place_of_signing_keys_is_an_outage(
    keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a proxy answers, or a project that is paused: the token may be in order."""
    monkeypatch.setattr(keys, "page", b"<html>This project is paused</html>")
    with pytest.raises(NotSent) as away:
        SupabaseTokens(keys.url, "").email(es())
    assert Store.SUPABASE is away.value.store
