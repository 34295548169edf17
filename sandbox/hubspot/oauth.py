"""The token that an app gets for its own client id and secret: for the webhooks journal alone."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

from sandbox.hubspot import errors, scopes
from sandbox.hubspot.apps import Apps
from sandbox.hubspot.portal import Portal

PATH = re.compile(r"/oauth/(?:v1|v3|20\d\d-\d\d)/token/?")
LIFE_S = 1_800
ROLLING_MAX = 1_000  # the journal's own limit is a hundred in a second


def grant(
    apps: Apps, portal: Portal, body: bytes, *, at: int, new_id: Callable[[], str]
) -> dict[str, Any]:
    """The answer to a request for a token. Raises ApiError 400 for whatever HubSpot refuses."""
    form = {k: v[-1] for k, v in parse_qs(body.decode("latin-1")).items()}
    if form.get("grant_type") != "client_credentials":
        raise _refused("UNSUPPORTED_GRANT_TYPE", "this sandbox grants client_credentials only")
    if form.get("client_id") != portal.client_id:
        raise _refused("BAD_CLIENT_ID", "missing or unknown client id")
    if not apps.is_secret(form.get("client_secret", ""), portal.app_id):
        raise _refused("BAD_CLIENT_SECRET", "missing or invalid client secret")
    asked = frozenset(form.get("scope", "").split())
    if not asked or not asked <= scopes.JOURNAL:
        wrong = " ".join(sorted(asked - scopes.JOURNAL)) or "none"
        raise _refused("BAD_SCOPES", f"scopes that this grant does not give: {wrong}")
    token = f"CN{new_id()}"
    client = apps.add(
        token,
        app_id=portal.app_id,
        name=portal.app_name,
        scopes=asked,
        rolling_max=ROLLING_MAX,
    )
    client.expires_at = at + LIFE_S * 1_000
    return {
        "token_type": "bearer",
        "access_token": token,
        "expires_in": LIFE_S,
        "token_use": "client_credentials",
        "scopes": sorted(asked),
    }


def _refused(status: str, message: str) -> errors.ApiError:
    return errors.ApiError(400, {"status": status, "message": message})
