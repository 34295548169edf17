"""Commands on one operation that was confirmed: retry, stop, decide."""

from __future__ import annotations

from typing import Annotated

import typer

from core import wiring
from core.cli.acting import actor_of
from core.cli.app import As, Json, Reason, Wait, WaitS, app, told_of, until_ended
from core.cli.output import told
from core.domain.records import BookingId, WriteId
from core.domain.selections import BadList


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
def stop(operation_id: str, reason: Reason = "", as_: As = "", json: Json = False) -> None:
    """Finish the group in hand and begin no other; call it off while it waits or is held."""
    with told(), wiring.opened() as runtime:
        core = runtime.core
        ended = core.operating.stop(operation_id, actor_of(core, as_), reason=reason)
        told_of(core, ended, as_json=json)


@app.command()
def decide(
    operation_id: str,
    subject: Annotated[str, typer.Argument(metavar="WRITE|BOOKING")],
    why: Annotated[str, typer.Option("--why", metavar="TEXT", help="what you saw in HubSpot")],
    landed: Annotated[
        bool | None, typer.Option("--landed/--never", help="of a write: did its credits arrive?")
    ] = None,
    refunded: Annotated[
        bool | None,
        typer.Option("--refunded/--owed", help="of a booking: did somebody else refund it?"),
    ] = None,
    as_: As = "",
    json: Json = False,
) -> None:
    """Decide what HubSpot does not tell: on a write, or on a booking that may be refunded already.

    A booking that is owed is refunded by the next worker. See: operation ID, operation ID --history
    """
    with told(), wiring.opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        if landed is not None and refunded is None:
            decided = core.deciding.decide(
                operation_id, WriteId(subject), actor, landed=landed, why=why
            )
        elif refunded is not None and landed is None:
            decided = core.deciding.rule(
                operation_id, BookingId(subject), actor, refunded=refunded, why=why
            )
        else:
            raise BadList(
                ["give one of --landed, --never (a write) or --refunded, --owed (a booking)"]
            )
        told_of(core, decided, as_json=json)
