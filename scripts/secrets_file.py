"""Writes ``.streamlit/secrets.toml`` for the local stack, and never over one that is not ours."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

from sandbox.identity import DEMO_USERS
from sandbox.processes import write_private

HEADER = "# Written by `make run` for the local stack; written again at each start."
ABOUT = (
    "This is a demo. Its HubSpot, its Supabase and its students exist on this machine alone: "
    "nothing you do here reaches anybody. Begin as one of three people."
)

#: What the core reads, by the names under which the local stack prints them.
CORE = (
    "HUBSPOT_BASE_URL",
    "HUBSPOT_TOKEN",
    "HUBSPOT_CLIENT_SECRET",
    "HUBSPOT_APP_ID",
    "SUPABASE_URL",
    "SUPABASE_SERVICE_ROLE_KEY",
    "SUPABASE_SCHEMA",
    "OPS_DATABASE_URL",
    "CREDIT_DESK_ADMINS",
    "CREDIT_DESK_DEMO",
    "CREDIT_DESK_PUBLIC_URL",
    "CREDIT_DESK_TIME_ZONE",
)


def is_someone_elses(path: Path) -> bool:
    """Whether there is a file that a person wrote: their settings, for their own account."""
    return path.exists() and not path.read_text(encoding="utf-8").startswith(HEADER)


def write(path: Path, settings: Mapping[str, str], *, origin: str) -> None:
    """Replace our own file, readable by its owner alone. ``origin``: where the browser finds us."""
    if is_someone_elses(path):
        raise FileExistsError(path)
    auth = {
        "redirect_uri": f"{origin}/oauth2callback",
        "cookie_secret": settings["AUTH_COOKIE_SECRET"],
        "about": ABOUT,
    }
    core = {name: settings[name] for name in CORE if name in settings}
    path.parent.mkdir(exist_ok=True)
    portal = settings.get("PORTAL_TOML", "")  # tables, as they stand in portal.toml
    lines = [HEADER, *_lines(core), "", "[auth]", *_lines(auth), *_people(settings), "", portal]
    write_private(path, "\n".join(lines))


def _people(settings: Mapping[str, str]) -> Iterator[str]:
    """A way to sign in for each demo user: the local provider, asked for this user and no page."""
    provider = {
        "client_id": settings["OIDC_CLIENT_ID"],
        "client_secret": settings["OIDC_CLIENT_SECRET"],
        "server_metadata_url": settings["OIDC_METADATA_URL"],
    }
    for user in DEMO_USERS:
        shown = {"label": f"Sign in as {user.name}", "about": user.may}
        yield from ("", f"[auth.{user.role}]", *_lines(provider | shown))
        hint = {"login_hint": user.email, "prompt": "none"}
        yield from (f"[auth.{user.role}.client_kwargs]", *_lines(hint))


def _lines(values: Mapping[str, str]) -> list[str]:
    """A JSON string is a TOML basic string, so long as it is ASCII (json escapes the rest)."""
    return [f"{name} = {json.dumps(value)}" for name, value in values.items()]
