"""``StudentTokens`` of Supabase Auth: JWTs signed with the project's secret or its signing keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import jwt

from core.credits.errors import NotSent, Store
from core.mirror.tokens_port import BadToken

#: Of a signed-in user. Keys of the project itself are signed alike, and have another or none.
AUDIENCE = "authenticated"
#: Clocks of two machines differ.
LEEWAY_S = 10
#: A key of the project is asked for when a token names one that is not known.
TIMEOUT_S = 5
#: With the project's own keys only; the shared secret is for HS256 alone, so that nobody signs with
#: a public key in its place.
ASYMMETRIC = ("ES256", "RS256")
_KEPT_S = 600


@dataclass(slots=True)
class SupabaseTokens:
    """Safe to share between threads. ``secret``: of HS256; "": such tokens are refused."""

    url: str
    secret: str = field(repr=False)
    _keys: jwt.PyJWKClient = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Asks for nothing yet."""
        address = f"{self.url}/auth/v1/.well-known/jwks.json"
        self._keys = jwt.PyJWKClient(address, lifespan=_KEPT_S, timeout=TIMEOUT_S)

    def email(self, token: str) -> str:
        """See ``StudentTokens.email``."""
        try:
            claims = self._claims(token)
        except jwt.PyJWTError as error:
            raise BadToken(f"the student's token does not hold: {error}") from error
        email = claims.get("email")
        if not isinstance(email, str) or not email.strip():
            raise BadToken("the student's token names no e-mail address")
        return email.strip().casefold()

    def _claims(self, token: str) -> Mapping[str, Any]:
        algorithm = jwt.get_unverified_header(token).get("alg")
        key: Any = self.secret
        if algorithm in ASYMMETRIC:
            key = self._signing_key(token)  # it knows its own algorithm
        elif algorithm != "HS256" or not self.secret:
            raise jwt.InvalidAlgorithmError("signed in another way than this project signs")
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=AUDIENCE,
            leeway=LEEWAY_S,
            options={"require": ["exp", "aud"]},
        )
        return claims

    def _signing_key(self, token: str) -> jwt.PyJWK:
        try:
            return self._keys.get_signing_key_from_jwt(token)
        except (jwt.PyJWKClientConnectionError, ValueError) as error:  # no answer, or no JSON
            away = NotSent("the sign-in keys of Supabase cannot be read")
            away.store = Store.SUPABASE
            raise away from error
