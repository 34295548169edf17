"""Streamlit's cookie of a sign-in: what it says, and writing one that says less.

Streamlit puts all that a provider tells into it, in as many cookies as that takes; past some 8 kB
its own websocket answers such a browser no more, and nobody who has them gets in again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from http.cookies import SimpleCookie
from typing import Any

from streamlit.auth_util import get_cookie_with_chunks
from streamlit.web.server.server_util import get_cookie_secret
from streamlit.web.server.starlette.starlette_app_utils import (
    create_signed_value,
    decode_signed_value,
)
from streamlit.web.server.starlette.starlette_server_config import (
    TOKENS_COOKIE_NAME,
    USER_COOKIE_NAME,
)

from core.access.sign_ins import LASTS

#: For the provider, when somebody signs out, so that it need not ask who it was.
HINT = "id_token"
#: A longer one is not kept: two cookies of this length are taken by every browser and server.
HINT_MAX = 2_000


def claims(cookies: Mapping[str, str]) -> Mapping[str, Any] | None:
    """Of whoever sent these cookies, None for nobody. Whether the sign-in goes on, they say not."""
    said = _read(cookies, USER_COOKIE_NAME)
    return said if said.get("is_logged_in") is True else None


def hint(cookies: Mapping[str, str]) -> dict[str, str]:
    """What is kept of the provider's tokens."""
    token = _read(cookies, TOKENS_COOKIE_NAME).get(HINT)
    return {HINT: token} if isinstance(token, str) and len(token) <= HINT_MAX else {}


def set_in(headers: Iterable[str]) -> dict[str, str]:
    """The cookies that these ``Set-Cookie`` headers set, by name."""
    found: SimpleCookie = SimpleCookie()
    for header in headers:
        found.load(header)
    return {name: morsel.value for name, morsel in found.items() if morsel.value}


def is_of_sign_in(name: str) -> bool:
    """Whether a cookie of this name, or a part of one, tells of a sign-in."""
    return name.startswith(USER_COOKIE_NAME)


def signing_in(kept: Mapping[str, Any], tokens: Mapping[str, str]) -> Iterator[str]:
    """``Set-Cookie`` headers of a sign-in."""
    yield _signed(USER_COOKIE_NAME, kept)
    if tokens:
        yield _signed(TOKENS_COOKIE_NAME, tokens)


def setting(name: str, value: str, lasts: timedelta) -> str:
    """The ``Set-Cookie`` header that sets this cookie, that no script reads."""
    return f"{name}={value}; Path=/; Max-Age={lasts.total_seconds():.0f}; HttpOnly; SameSite=Lax"


def gone(name: str) -> str:
    """The ``Set-Cookie`` header that takes this cookie away."""
    return setting(name, "", timedelta(0))


def _signed(name: str, value: Mapping[str, Any]) -> str:
    signed = create_signed_value(get_cookie_secret(), name, json.dumps(value)).decode()
    return setting(name, signed, LASTS)


def _read(cookies: Mapping[str, str], name: str) -> dict[str, Any]:
    def one(name: str) -> bytes | None:
        signed = cookies.get(name, "").encode("latin-1", errors="replace")
        return decode_signed_value(get_cookie_secret(), name, signed)

    try:
        said = json.loads(get_cookie_with_chunks(one, name) or b"{}")
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
