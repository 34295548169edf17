"""Commands on roles: who has which, give, withdraw."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.acting import actor_of
from core.cli.app import As, Json, app
from core.cli.opened_store import opened
from core.cli.output import show, told
from core.credits.errors import BadList
from core.credits.roles import Role

roles = typer.Typer(help="Who may do what; give and withdraw roles.", no_args_is_help=True)
app.add_typer(roles, name="roles")

Given = Annotated[list[str], typer.Argument(metavar="EMAIL=ROLE", help="staff, manager or admin")]


@roles.command("list")
def list_(as_: As = "", json: Json = False) -> None:
    """Everybody who has a role, and who gave it."""
    with told(), opened() as runtime:
        people = runtime.core.access.people(actor_of(runtime.core, as_))
        rows = [{"email": p.email, "role": p.role.value, "by": p.by} for p in people]
        show({"people": rows}, as_json=json)


@roles.command()
def grant(given: Given, as_: As = "", json: Json = False) -> None:
    """Give each address its role, instead of any it has."""
    with told(), opened() as runtime:
        wanted = _wanted(given)
        access = runtime.core.access
        actor = actor_of(runtime.core, as_)
        done = [access.grant(email, role, actor) for email, role in wanted]
        show({"granted": {each.email: each.role.value for each in done}}, as_json=json)


@roles.command()
def withdraw(email: str, as_: As = "", json: Json = False) -> None:
    """Take the role of this address away."""
    with told(), opened() as runtime:
        was = runtime.core.access.withdraw(email, actor_of(runtime.core, as_))
        show({"withdrawn": email, "was": was.value}, as_json=json)


def _wanted(given: list[str]) -> list[tuple[str, Role]]:
    """All faults at once, before any role is given."""
    pairs = [each.rpartition("=") for each in given]
    known = {role.value for role in Role}
    faults = [
        f"{''.join(parts)!r}: write EMAIL=ROLE, with a role of {', '.join(sorted(known))}"
        for parts in pairs
        if not parts[0] or parts[2] not in known
    ]
    if faults:
        raise BadList(faults)
    return [(email, Role(role)) for email, _, role in pairs]
