"""The API keys of a Supabase project: JWTs that carry nothing but a role, and short ones."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

#: 2026-01-01 and ten years on: keys minted from one secret are the same at every start.
ISSUED_AT_S = 1_767_225_600
EXPIRES_AT_S = ISSUED_AT_S + 10 * 365 * 86_400


def mint(secret: str, claims: Mapping[str, Any]) -> str:
    """A JWT of these claims, signed with HS256."""
    parts = [_encoded({"alg": "HS256", "typ": "JWT"}), _encoded(claims)]
    signature = hmac.digest(secret.encode(), ".".join(parts).encode(), hashlib.sha256)
    return ".".join([*parts, _base64(signature)])


def api_key(secret: str, role: str) -> str:
    """The project key of that role (anon or service_role)."""
    return mint(
        secret,
        {"iss": "credit-desk-sandbox", "role": role, "iat": ISSUED_AT_S, "exp": EXPIRES_AT_S},
    )


def short_key(secret: str, kind: str) -> str:
    """A key of the new kind, `sb_secret_...` or `sb_publishable_...`: no JWT, nothing inside."""
    text = _base64(hmac.digest(secret.encode(), kind.encode(), hashlib.sha256))
    return f"sb_{kind}_{text[:22]}_{text[22:30]}"


def user_token(secret: str, email: str) -> str:
    """What a signed-in student's app would send: role authenticated, with the e-mail in it."""
    claims = {"role": "authenticated", "email": email, "sub": email, "exp": EXPIRES_AT_S}
    return mint(secret, claims)


def _encoded(claims: Mapping[str, Any]) -> str:
    return _base64(json.dumps(claims, separators=(",", ":")).encode())


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
