"""The command on owed credits."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.acting import actor_of
from core.cli.app import As, Json, app
from core.cli.output import show, told
from core.cli.store import opened, warn_of_unknown_refunds
from core.domain.owed import TakenBack, by_credit, taken, unclear, waiting


@app.command()
def owed(
    limit: Annotated[int, typer.Option("--limit", min=1, help="bookings listed")] = 200,
    as_: As = "",
    json: Json = False,
) -> None:
    """Cancelled bookings whose credit did not come back: how many of each, longest first.

    Those that an undo took back are listed with who and why, and not counted as owed; so are
    those of which it is unclear whether anything is owed, with the values in HubSpot.
    """
    with told(), opened() as runtime:
        core = runtime.core
        found = core.owing.found(actor_of(core, as_))
        warn_of_unknown_refunds()
        rows = [
            {
                "booking": one.booking.id,
                "booking_id": one.booking.booking_id,
                "contact": one.contact_id,
                "credit": one.credit,
                "since": one.since.isoformat(),
                "taken_back": _taken(one.taken_back),
                "unclear": one.unclear,
            }
            for one in core.owing.dated(found[:limit])
        ]
        report = {
            "owed": len(waiting(found)),
            "by_credit": dict(by_credit(waiting(found), core.catalogue)),
            "taken_back": len(taken(found)),
            "unclear": len(unclear(found)),
            "bookings": rows,
        }
        show(report, as_json=json)


def _taken(back: TakenBack | None) -> dict[str, str] | None:
    if back is None:
        return None
    when = back.at.isoformat()
    return {"operation": back.operation_id, "by": back.by, "at": when, "reason": back.reason}
