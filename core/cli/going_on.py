"""Commands on one operation that was confirmed: retry, stop, decide."""

from __future__ import annotations

from typing import Annotated

import typer

from core import wiring
from core.cli.acting import actor_of
from core.cli.app import As, Json, Reason, Wait, WaitS, app, told_of, until_ended
from core.cli.output import told
from core.domain.records import WriteId


@app.command()
def retry(
    operation_id: str,
    as_: As = "",
    wait: Wait = False,
    timeout: WaitS = 3600,
    json: Json = False,
) -> None:
    """Carry on what failed, was blocked or was stopped in an operation, and nothing else."""
    with told(), wiring.opened() as runtime:
        core = runtime.core
        again = core.operating.retry(operation_id, actor_of(core, as_))
        if wait:
            runtime.start()
            again = until_ended(core, again, timeout)
        told_of(core, again, waited=wait, as_json=json)


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
    with told(), wiring.opened() as runtime:
        core = runtime.core
        ended = core.operating.stop(operation_id, actor_of(core, as_), reason=reason)
        if wait:
            runtime.start()
            ended = until_ended(core, ended, timeout)
        told_of(core, ended, as_json=json)


@app.command()
def decide(
    operation_id: str,
    write_id: str,
    landed: Annotated[bool, typer.Option("--landed/--never", help="did its credits arrive?")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="what you saw in HubSpot")],
    as_: As = "",
    json: Json = False,
) -> None:
    """Say what became of a write that HubSpot does not tell of (operation ID --history)."""
    with told(), wiring.opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        decided = core.deciding.decide(
            operation_id, WriteId(write_id), actor, landed=landed, why=why
        )
        told_of(core, decided, as_json=json)
