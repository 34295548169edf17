"""Commands on keys of the HTTP API: list, make, withdraw one, withdraw all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from core.access.api_key_rules import ApiKey, Scope, name_faults
from core.cli.acting import actor_of
from core.cli.app import As, Json, app
from core.cli.opened_store import opened
from core.cli.output import show, told
from core.credits.errors import BadList

keys = typer.Typer(help="Keys of the HTTP API: make and revoke.", no_args_is_help=True)
app.add_typer(keys, name="keys")

Scopes = Annotated[list[str], typer.Option("--scope", metavar="SCOPE", help=", ".join(Scope))]
Until = Annotated[
    str,
    typer.Option(
        "--until",
        metavar="DAY",
        help="the last day, 2027-05-31, UTC; or never. Else as CREDIT_DESK_API_KEY_DAYS says",
    ),
]
Networks = Annotated[
    list[str] | None,
    typer.Option("--network", metavar="CIDR", help="used from there alone; repeatable"),
]
Writes = Annotated[
    int | None,
    typer.Option(
        "--writes-a-day", metavar="N", min=1, help="else as CREDIT_DESK_API_WRITES_A_DAY says"
    ),
]
NeedsStudent = Annotated[
    bool,
    typer.Option("--needs-student", help="each request must bring the student's own sign-in"),
]
NEVER = "never"


@keys.command("list")
def list_(as_: As = "", json: Json = False) -> None:
    """Every key that was made; never the key itself."""
    with told(), opened() as runtime:
        api_keys = runtime.core.api_keys
        found = api_keys.keys(actor_of(runtime.core, as_))
        show({"keys": [_of(key, api_keys.now()) for key in found]}, as_json=json)


@keys.command()
def make(
    client: str,
    scope: Scopes,
    until: Until = "",
    network: Networks = None,
    writes_a_day: Writes = None,
    needs_student: NeedsStudent = False,
    as_: As = "",
    json: Json = False,
) -> None:
    """Make a key for this client. It is printed here and never again."""
    with told(), opened() as runtime:
        scopes, expires_at = _wanted(client, scope, until)
        api_keys = runtime.core.api_keys
        made, text = api_keys.make(
            client,
            scopes,
            actor_of(runtime.core, as_),
            expires_at=expires_at,
            forever=until == NEVER,
            networks=network or (),
            writes_a_day=writes_a_day,
            needs_student=needs_student,
        )
        show({"key": text, **_of(made, api_keys.now())}, as_json=json)


@keys.command()
def withdraw(key_id: str, as_: As = "", json: Json = False) -> None:
    """Revoke this key. What it confirmed and is held does not begin."""
    with told(), opened() as runtime:
        api_keys = runtime.core.api_keys
        key = api_keys.withdraw(key_id, actor_of(runtime.core, as_))
        show({"withdrawn": key.id, **_of(key, api_keys.now())}, as_json=json)


@keys.command("withdraw-all")
def withdraw_all(as_: As = "", json: Json = False) -> None:
    """Revoke every key, whatever app has it. Each app then needs a new one."""
    with told(), opened() as runtime:
        api_keys = runtime.core.api_keys
        found = api_keys.withdraw_all(actor_of(runtime.core, as_))
        now = api_keys.now()
        show({"withdrawn": len(found), "keys": [_of(key, now) for key in found]}, as_json=json)


def _wanted(client: str, scopes: list[str], until: str) -> tuple[list[Scope], datetime | None]:
    """All faults at once, before any key is made."""
    known = ", ".join(Scope)
    faults = [f"{each!r}: no scope; one of {known}" for each in scopes if each not in [*Scope]]
    expires_at = None
    if until and until != NEVER:
        try:
            day = datetime.strptime(until, "%Y-%m-%d").replace(tzinfo=UTC)
            expires_at = day + timedelta(days=1)
        except (ValueError, OverflowError):  # no day comes after 31 December 9999
            faults.append(f"--until {until!r}: write a day as 2027-05-31, or never")
    if faults:
        raise BadList([*name_faults(client), *faults])
    return [Scope(each) for each in scopes], expires_at


def _of(key: ApiKey, now: datetime) -> dict[str, Any]:
    return {
        "id": key.id,
        "client": key.client,
        "scopes": sorted(scope.value for scope in key.scopes),
        "holds": key.holds(now),
        "made_by": key.made_by,
        "made_at": key.made_at.isoformat(),
        "expires_at": key.expires_at.isoformat() if key.expires_at else None,
        "withdrawn_at": key.withdrawn_at.isoformat() if key.withdrawn_at else None,
        "withdrawn_by": key.withdrawn_by,
        "used_at": key.used_at.isoformat() if key.used_at else None,
        "networks": list(key.networks),
        "writes_a_day": key.writes_a_day,
        "needs_student": key.needs_student,
    }
