"""Commands on roles: who has which, give, withdraw, approve; and whose account an address is."""

from __future__ import annotations

from typing import Annotated

import typer

from core.access.people import Access
from core.cli.acting import actor_of
from core.cli.app import As, Json, app
from core.cli.opened_store import opened_journal
from core.cli.output import show, told
from core.cli.reports import Report
from core.credits.errors import BadList
from core.credits.roles import Grant, Role, RoleRequest

roles = typer.Typer(help="Who may do what; give and revoke roles.", no_args_is_help=True)
app.add_typer(roles, name="roles")

Given = Annotated[list[str], typer.Argument(metavar="EMAIL=ROLE", help="staff, manager or admin")]


@roles.command("list")
def list_(as_: As = "", json: Json = False) -> None:
    """Everybody who has a role, who gave it, and what waits for an admin."""
    with told(), opened_journal() as services:
        access = services.access
        actor = actor_of(services, as_)
        people = access.people(actor)
        rows = [{"email": p.email, "role": p.role.value, "by": p.by} for p in people]
        asked = [
            {"email": r.email, "role": r.role.value, "by": r.by} for r in access.requests(actor)
        ]
        others = [
            {"email": each.email, "issuer": each.other_issuer, "subject": each.other_subject}
            for each in access.strangers(actor)
        ]
        report = {"people": rows, "awaiting_another_admin": asked, "other_accounts": others}
        show({name: told for name, told in report.items() if told}, as_json=json)


@roles.command()
def grant(given: Given, as_: As = "", json: Json = False) -> None:
    """Give each address its role, instead of any it has; or ask another admin for it."""
    with told(), opened_journal() as services:
        wanted = _wanted(given)
        access = services.access
        actor = actor_of(services, as_)
        done: list[Grant | RoleRequest] = []
        try:
            for email, role in wanted:
                done.append(access.grant(email, role, actor))
        finally:
            if done:  # also of those before one that is refused
                show(_of_done(access, done), as_json=json)


@roles.command()
def approve(email: str, as_: As = "", json: Json = False) -> None:
    """Give the role that another admin asked for."""
    with told(), opened_journal() as services:
        grant = services.access.approve(email, actor_of(services, as_))
        show({"granted": {grant.email: grant.role.value}}, as_json=json)


@roles.command()
def refuse(email: str, as_: As = "", json: Json = False) -> None:
    """End the request for a role of this address: it is not given."""
    with told(), opened_journal() as services:
        asked = services.access.refuse(email, actor_of(services, as_))
        show({"refused": {asked.email: asked.role.value}}, as_json=json)


@roles.command()
def accept(email: str, as_: As = "", json: Json = False) -> None:
    """Let the other account sign in with this address, in place of the one before."""
    with told(), opened_journal() as services:
        access = services.access
        actor = actor_of(services, as_)
        waiting = {each.email: each.other for each in access.strangers(actor)}
        other = waiting.get(email.strip().casefold())
        if other is None:
            raise BadList([f"no other account asked to sign in as {email}"])
        access.accept(email, other, actor)
        accepted = {"email": email, "issuer": other.issuer, "subject": other.subject}
        show({"accepted": accepted}, as_json=json)


@roles.command()
def withdraw(email: str, as_: As = "", json: Json = False) -> None:
    """Take the role of this address away."""
    with told(), opened_journal() as services:
        was = services.access.withdraw(email, actor_of(services, as_))
        show({"withdrawn": email, "was": was.value}, as_json=json)


def _of_done(access: Access, done: list[Grant | RoleRequest]) -> Report:
    same = access.same_people(each.email for each in done)
    report = {
        "granted": {each.email: each.role.value for each in done if isinstance(each, Grant)},
        "awaiting_another_admin": {
            each.email: each.role.value for each in done if isinstance(each, RoleRequest)
        },
        "same_mailbox_as": {email: ", ".join(them) for email, them in same.items()},
    }
    return {name: told for name, told in report.items() if told}


def _wanted(given: list[str]) -> list[tuple[str, Role]]:
    """All faults of writing at once, before any role is given."""
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
