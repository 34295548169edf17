"""The command to run after a backup of the operational store was restored."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from core.cli.acting import actor_of
from core.cli.app import As, Json, app
from core.cli.opened_store import opened
from core.cli.output import show, told
from core.operations.after_restore import Forgotten

Since = Annotated[
    datetime,
    typer.Option(
        "--since",
        metavar="TIME",
        help="when the backup was made, or earlier; UTC",
        formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%MZ"],
    ),
]


@app.command()
def restored(since: Since, as_: As = "", json: Json = False) -> None:
    """After a restore: writes that HubSpot knows and the journal forgot. Changes nothing."""
    with told(), opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        found = core.restore_check.compare(since.replace(tzinfo=UTC), actor)
        report = {
            "changed_records": found.changed,
            "forgotten_writes": [_row(one) for one in found.forgotten],
            "unreadable_records": list(found.unreadable),
            "owed_in_doubt": [
                {"booking": one.booking.id, "contact": one.contact_id, "credit": one.credit}
                for one in found.in_doubt
            ],
            "unended_operations": [one.id for one in found.unended],
        }
        if found.forgotten or found.unended:
            report["next_step"] = "docs/deploy.md, After a restore; start nothing before"
        show(report, as_json=json)
        if found.forgotten or found.unreadable or found.unended:
            raise typer.Exit(2)


def _row(one: Forgotten) -> dict[str, str]:
    moved = ", ".join(
        f"{key} {before or 0} → {after}" for key, (before, after) in one.moved.items()
    )
    row = {"record": f"{one.kind} {one.record_id}", "write": one.write_id}
    return {**row, "at": one.at.isoformat(), "moved": moved}
