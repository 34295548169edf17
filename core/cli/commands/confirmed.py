"""Commands on one operation that was confirmed: retry, stop, decide."""

from __future__ import annotations

from typing import Annotated

import typer

from core.app import wiring
from core.cli.acting import actor_of
from core.cli.app import As, DryRun, Json, Reason, TakeOver, Wait, WaitS, app
from core.cli.choosing import Planned, listed
from core.cli.opened_store import opened
from core.cli.operating import run_plan, told_of, until_ended
from core.cli.output import told
from core.credits.errors import BadList
from core.credits.records import BookingId, WriteId
from core.credits.roles import Actor


@app.command()
def retry(
    operation_id: str,
    blocked: Annotated[
        bool, typer.Option("--blocked", help="what its preview blocked, as a new operation")
    ] = False,
    reason: Reason = "",
    as_: As = "",
    dry_run: DryRun = False,
    takeover: TakeOver = False,
    wait: Wait = False,
    timeout: WaitS = 3600,
    json: Json = False,
) -> None:
    """Carry on what failed, was blocked or was stopped in an operation, and nothing else.

    What its preview blocked was never confirmed: --blocked previews it again (--dry-run) and
    confirms it as a new operation. What needs nothing any more is then found dealt with.
    """
    with told():
        if blocked:
            run_plan(
                _blocked(operation_id), reason, as_, dry_run, wait, timeout, json, takeover=takeover
            )
            return
        if dry_run or (reason and not takeover):
            raise BadList(["--reason belongs to --blocked or --takeover, --dry-run to --blocked"])
        with opened() as runtime:
            core, actor = runtime.core, actor_of(runtime.core, as_)
            if takeover:
                core.desks.take_over(actor, reason=reason)
            _retry(runtime, operation_id, actor, wait, timeout, json)


def _blocked(operation_id: str) -> Planned:
    return lambda core, actor: core.blocked_items.look_again(operation_id, actor)


def _retry(
    runtime: wiring.Runtime, operation_id: str, actor: Actor, wait: bool, timeout: float, json: bool
) -> None:
    core = runtime.core
    again = core.operation_commands.retry(operation_id, actor)
    if wait:
        runtime.start()
        again = until_ended(core, again, actor, timeout)
    told_of(core, again, actor, waited=wait, as_json=json)


@app.command()
def dismiss(
    operation_id: str,
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="kept in the audit")],
    ids: Annotated[
        str, typer.Option("--ids", metavar="A,B", help="record ids; all that failed or are blocked")
    ] = "",
    as_: As = "",
    json: Json = False,
) -> None:
    """Say why nothing more is done about bookings that failed or are blocked. Changes no credit."""
    with told(), opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        number = core.blocked_items.dismiss(
            operation_id, actor, reason=reason, bookings=[BookingId(id_) for id_ in listed(ids)]
        )
        ended = core.operation_queries.operation(operation_id, actor)
        told_of(core, ended, actor, also={"dismissed": number}, as_json=json)


@app.command()
def stop(
    operation_id: str,
    reason: Reason = "",
    as_: As = "",
    wait: Wait = False,
    timeout: WaitS = 3600,
    json: Json = False,
) -> None:
    """Finish what was begun, within a few requests, and begin nothing else.

    One that still waits or is held is called off. --wait prints how many bookings were done, and
    how many were not begun.
    """
    with told(), opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        ended = core.operation_commands.stop(operation_id, actor, reason=reason)
        if wait:
            runtime.start()
            ended = until_ended(core, ended, actor, timeout)
        told_of(core, ended, actor, as_json=json)


ONE_OF = (
    "give --landed or --never for a write, --by N for an unclear change, or --refunded or --owed "
    "for a booking"
)


@app.command()
def decide(
    operation_id: str,
    name: Annotated[str, typer.Argument(metavar="WRITE|CHANGE|BOOKING")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="what you saw in HubSpot")],
    landed: Annotated[
        bool | None, typer.Option("--landed/--never", help="of a write: did its credits arrive?")
    ] = None,
    by: Annotated[
        int | None,
        typer.Option("--by", metavar="N", help="of a change: credits due, or 0"),
    ] = None,
    refunded: Annotated[
        bool | None,
        typer.Option("--refunded/--owed", help="of a booking: did somebody else refund it?"),
    ] = None,
    as_: As = "",
    json: Json = False,
) -> None:
    """Say what became of a write, what an unclear change means, or if a booking is refunded.

    A booking that is owed is refunded by the next worker. See: operation ID, operation ID --history
    """
    with told(), opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        if [landed, by, refunded].count(None) != 2:
            raise BadList([ONE_OF])
        if by is not None:
            core.corrections.decide(operation_id, name, by, actor, why)
            decided = core.operation_queries.operation(operation_id, actor)
        elif refunded is not None:
            decided = core.resolution.rule(
                operation_id, BookingId(name), actor, refunded=refunded, why=why
            )
        else:
            decided = core.resolution.decide(
                operation_id, WriteId(name), actor, landed=bool(landed), why=why
            )
        told_of(core, decided, actor, as_json=json)
