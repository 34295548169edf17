"""The command on owed credits."""

from __future__ import annotations

from typing import Annotated

import typer

from core import wiring
from core.cli.app import As, Json, app
from core.cli.output import show, told
from core.domain.owed import by_credit


@app.command()
def owed(
    limit: Annotated[int, typer.Option("--limit", min=1, help="bookings listed")] = 200,
    as_: As = "",
    json: Json = False,
) -> None:
    """Cancelled bookings whose credit did not come back: how many of each, longest first."""
    with told(), wiring.opened() as runtime:
        core = runtime.core
        found = core.owing.found(core.access.actor(as_ or core.access.first_admin()))
        rows = [
            {
                "booking": one.booking.id,
                "booking_id": one.booking.booking_id,
                "contact": one.contact_id,
                "credit": one.credit,
                "since": one.since.isoformat(),
            }
            for one in core.owing.dated(found[:limit])
        ]
        credits_ = dict(by_credit(found, core.catalogue))
        show({"owed": len(found), "by_credit": credits_, "bookings": rows}, as_json=json)
