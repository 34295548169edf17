"""The token by which a monitoring system shows itself."""

from __future__ import annotations

import hmac

from starlette.requests import Request


def is_trusted(request: Request, token: str) -> bool:
    """Whether it came with this token. ``token`` empty: nobody is trusted."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if not token or scheme.casefold() != "bearer":
        return False
    return hmac.compare_digest(given.strip().encode(), token.encode())
