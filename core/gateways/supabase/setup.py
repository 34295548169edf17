"""What is wrong with address, key or schema of the mirror, and how to mend it. Sends nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Mapping
from typing import Any

from core.domain.mirror import TABLES
from core.domain.records import Kind
from core.gateways.errors import Forbidden, GatewayError, Refused, Unauthorized
from core.gateways.ports.mirror import SETUP
from core.gateways.supabase.wire import APPLY

VERSION = 3
#: What ``credit_desk_probe`` answers when a copy and a deletion went through.
WORKS = "works"
_URL = "set SUPABASE_URL to the project's URL (https://<ref>.supabase.co; Settings > API)"
_KEY = "set SUPABASE_SERVICE_ROLE_KEY to the service_role or secret key (Settings > API keys)"


def given_faults(url: str, key: str) -> list[str]:
    """What is plain from address and key alone."""
    faults = []
    if not url.startswith(("https://", "http://")):
        faults.append(f"SUPABASE_URL is {url!r}, no web address: {_URL}")
    if not key:
        faults.append(f"SUPABASE_SERVICE_ROLE_KEY is not set: {_KEY}")
    elif (role := _role(key)) not in {"", "service_role"}:
        faults.append(
            f"SUPABASE_SERVICE_ROLE_KEY holds the {role} key, which may not write: {_KEY}"
        )
    return faults


def _role(key: str) -> str:
    """What the key says it is; "" when it does not say."""
    if key.startswith("sb_publishable_"):
        return "publishable"
    try:
        payload = key.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return str(claims["role"])
    except (IndexError, ValueError, KeyError, TypeError):
        return ""


def mend(error: GatewayError) -> str:
    """The failure of ``credit_desk_schema()`` with what to do about it."""
    match error:
        case Unauthorized() | Forbidden():
            return f"{error}: {_KEY}"
        case Refused(category=category) if category == SETUP:
            return str(error) if APPLY in str(error) else f"{error}: {_URL}"
        case Refused():
            return f"{error}: {APPLY}"
    return f"{error}: look at the project's status, and {_URL}"


def schema_faults(schema: Any, needed: Mapping[Kind, Collection[str]]) -> list[str]:
    """``schema`` is the answer of ``credit_desk_schema()``."""
    if not isinstance(schema, dict) or schema.get("version") != VERSION:
        return [f"Supabase's functions are of another version: {APPLY}"]
    tables = schema.get("tables") or {}
    secured = schema.get("row_level_security") or {}
    faults = []
    for kind, table in TABLES.items():
        missing = sorted(set(needed[kind]) - set(tables.get(table) or ()))
        if table not in tables:
            faults.append(f"table {table} is missing: {APPLY}")
        elif missing:
            faults.append(f"table {table} lacks {', '.join(missing)}: {APPLY}")
        elif not secured.get(table):
            faults.append(
                f"table {table} can be read by anybody: "
                f"alter table public.{table} enable row level security"
            )
    return faults
