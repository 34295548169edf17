"""What is wrong with address, key or schema of the mirror, and how to mend it. Sends nothing."""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from core.credits.errors import Forbidden, GatewayError, OutcomeUnknown, Refused, Unauthorized
from core.credits.records import Kind
from core.mirror.names import MirrorNames
from core.mirror.port import SETUP
from core.mirror.rows import SPARE, TABLES
from core.mirror.supabase.wire import APPLY, OTHER_VERSION

VERSION = 5
#: What ``credit_desk_probe`` answers when a copy and a deletion went through.
WORKS = "works"
_URL = "set SUPABASE_URL to the project's URL (https://<ref>.supabase.co; Settings > API)"
_KEY = "set SUPABASE_SERVICE_ROLE_KEY to a secret key, sb_secret_... (Settings > API Keys)"


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


def legacy_key(key: str) -> list[str]:
    """The warning about a key of the old kind, a JWT, which works for now; [] for any other."""
    if _role(key) != "service_role":
        return []
    ends = "a legacy service_role key, which hosted projects stop accepting at the end of 2026"
    return [f"SUPABASE_SERVICE_ROLE_KEY holds {ends}: {_KEY}, then disable the legacy keys"]


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


def schema_faults(
    schema: Any, needed: Mapping[Kind, Collection[str]], names: MirrorNames
) -> list[str]:
    """``schema`` is the answer of ``credit_desk_schema()``."""
    if not isinstance(schema, dict) or schema.get("version") != VERSION:
        return [OTHER_VERSION]
    where = schema.get("schema")
    if stale := sorted(schema.get("stale") or ()):
        tables = ", ".join(TABLES[Kind(kind)] for kind in stale)
        again = (
            f"set search_path = {where}; call credit_desk_build(); notify pgrst, 'reload schema'"
        )
        told = (
            f"{tables} changed since the copy functions were made for it: in the SQL editor, run "
        )
        return [told + again]
    if told := _names_differ(schema, names):
        return [told]
    return [fault for kind in Kind for fault in _table_faults(schema, kind, needed[kind], names)]


def _names_differ(schema: Mapping[str, Any], names: MirrorNames) -> str:
    """Rows are written under the database's names and read under those of the settings."""
    held: dict[tuple[str, str], list[str]] = {}
    for one in schema.get("names") or ():
        held.setdefault((one["kind"], one["ours"]), []).append(one["theirs"])
    ours = {(kind.value, o): list(t) for kind, n in names.renamed.items() for o, t in n.items()}
    wrong = sorted(key for key in held.keys() | ours.keys() if held.get(key) != ours.get(key))
    if not wrong:
        return ""
    kind, name = wrong[0]
    said, set_ = (each.get((kind, name), [name]) for each in (held, ours))
    return (
        f"portal.toml puts {name} of {kind} in the column {', '.join(set_)}, the database was told "
        f"{', '.join(said)}: apply what `python -m core mirror-sql` prints"
    )


def _table_faults(
    schema: Mapping[str, Any], kind: Kind, needed: Collection[str], names: MirrorNames
) -> Iterator[str]:
    table, there = TABLES[kind], set((schema.get("tables") or {}).get(kind) or ())
    wanted = {names.column(kind, name) for name in set(needed) - SPARE[kind]}
    named = {column for own in names.renamed.get(kind, {}).values() for column in own}
    if not there:
        yield f"table {table} is missing: {APPLY}"
    elif missing := sorted((wanted | named) - there):
        yield f"table {table} lacks {', '.join(missing)}: {APPLY}"
    elif (schema.get("open") or {}).get(kind):
        yield (
            f"table {table} can be read by anybody: "
            f"alter table {schema.get('schema')}.{table} enable row level security"
        )


def default_warnings(
    schema: Any, needed: Mapping[Kind, Collection[str]], names: MirrorNames
) -> list[str]:
    """Columns of ours in which a new row would show a value that HubSpot does not say.

    ``schema`` is the answer of ``credit_desk_schema()``.
    """
    return [told for kind in Kind for told in _defaults(schema, kind, needed[kind], names)]


def _defaults(
    schema: Mapping[str, Any], kind: Kind, needed: Collection[str], names: MirrorNames
) -> Iterator[str]:
    wanted = {names.column(kind, name) for name in needed}
    shown = {
        name: default
        for name, default in sorted(((schema.get("never_empty") or {}).get(kind) or {}).items())
        if name in wanted
    }
    if not shown:
        return
    table, where = TABLES[kind], schema.get("schema")
    columns = ", ".join(f"{name} (then {default})" for name, default in shown.items())
    freed = ", ".join(f"alter column {name} drop not null" for name in shown)
    yield (
        f"in {table} these columns may not be empty, so a new row shows their default where "
        f"HubSpot's value cannot be read: {columns}. To let them be empty, if the apps that read "
        f"them can: alter table {where}.{table} {freed}; set search_path = {where}; "
        "call credit_desk_build()"
    )


def required(schema: Any) -> frozenset[str]:
    """What a contact must have to have a row.

    Raises:
        OutcomeUnknown: the answer is none that we know.
    """
    try:
        return frozenset(map(str, schema["required"][Kind.CONTACT.value]))
    except (TypeError, KeyError) as error:
        raise OutcomeUnknown("Supabase's schema is not as supabase/migrations say") from error
