"""The sign-in provider, walked through as ``st.login`` does it: authorization code with PKCE."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from sandbox.identity import DEMO_USERS, DemoUser, IdentityProvider

REDIRECT = "http://localhost:8501/oauth2callback"
VERIFIER = "v" * 64


@pytest.fixture(scope="module")
def metadata(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    with IdentityProvider(tmp_path_factory.mktemp("identity")) as provider:
        yield httpx.get(provider.ready(), timeout=60).json()


def _question() -> dict[str, str]:
    challenge = hashlib.sha256(VERIFIER.encode()).digest()
    return {
        "client_id": "credit-desk",
        "response_type": "code",
        "redirect_uri": REDIRECT,
        "scope": "openid email profile",
        "state": "state-1",
        "nonce": "nonce-1",
        "code_challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(),
        "code_challenge_method": "S256",
    }


def test_the_sign_in_page_lists_the_demo_users(metadata: dict[str, str]) -> None:
    page = httpx.get(metadata["authorization_endpoint"], params=_question(), timeout=60)

    assert page.status_code == 200
    assert all(user.email in page.text for user in DEMO_USERS)


def test_a_click_on_that_page_signs_a_demo_user_in(metadata: dict[str, str]) -> None:
    clicked = httpx.post(
        metadata["authorization_endpoint"],
        params=_question(),
        data={"sub": DEMO_USERS[0].email},
        timeout=60,
    )

    assert clicked.headers["location"].startswith(REDIRECT)


@pytest.mark.parametrize(
    "more",
    [
        {"login_hint": DEMO_USERS[0].email},
        {"prompt": "none"},
        {"prompt": "none", "login_hint": "eve@example.test"},
        {"prompt": "select_account", "login_hint": DEMO_USERS[0].email},
    ],
    ids=str,
)
def test_nobody_is_signed_in_unasked_who_is_not_named(
    metadata: dict[str, str], more: dict[str, str]
) -> None:
    asked = httpx.get(metadata["authorization_endpoint"], params=_question() | more, timeout=60)

    assert "code" not in parse_qs(urlsplit(asked.headers.get("location", "")).query)


def test_a_sign_out_leads_back_without_a_page(metadata: dict[str, str]) -> None:
    onward = {"post_logout_redirect_uri": REDIRECT, "client_id": "credit-desk"}
    left = httpx.get(metadata["end_session_endpoint"], params=onward, timeout=60)

    assert (left.status_code, left.headers["location"]) == (302, REDIRECT)


@pytest.mark.parametrize("user", DEMO_USERS, ids=lambda user: user.role)
def test_a_demo_user_who_is_named_is_signed_in_at_once(
    metadata: dict[str, str], user: DemoUser
) -> None:
    named = httpx.get(
        metadata["authorization_endpoint"],
        params=_question() | {"prompt": "none", "login_hint": user.email},
        timeout=60,
    )
    answer = parse_qs(urlsplit(named.headers["location"]).query)
    token = httpx.post(
        metadata["token_endpoint"],
        auth=("credit-desk", "any secret"),
        data={
            "grant_type": "authorization_code",
            "code": answer["code"][0],
            "redirect_uri": REDIRECT,
            "code_verifier": VERIFIER,
        },
        timeout=60,
    ).json()
    payload = token["id_token"].split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(payload + "=="))

    assert named.headers["location"].startswith(REDIRECT)
    assert answer["state"] == ["state-1"]
    assert (claims["email"], claims["name"]) == (user.email, user.name)
    assert (claims["nonce"], claims["iss"]) == ("nonce-1", metadata["issuer"])
    bearer = {"Authorization": f"Bearer {token['access_token']}"}
    asked = httpx.get(metadata["userinfo_endpoint"], headers=bearer, timeout=60)
    assert asked.json()["email"] == user.email


def test_it_serves_the_loopback_interface_alone(metadata: dict[str, str]) -> None:
    assert urlsplit(metadata["issuer"]).hostname == "127.0.0.1"
