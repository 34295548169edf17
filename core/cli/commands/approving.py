"""The second admin's command."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli import reports
from core.cli.acting import actor_of
from core.cli.app import As, DryRun, Json, TakeOver, app
from core.cli.opened_store import opened
from core.cli.operating import next_step, other_desks, report_of
from core.cli.output import show, told


@app.command()
def approve(
    operation_id: str,
    reason: Annotated[
        str, typer.Option("--reason", metavar="TEXT", help="of --takeover: kept in the audit log")
    ] = "",
    as_: As = "",
    dry_run: DryRun = False,
    takeover: TakeOver = False,
    json: Json = False,
) -> None:
    """Approve what another admin confirmed: its hold begins. --dry-run: how it stands now."""
    with told(), opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        if dry_run:
            found = core.approvals.read(operation_id, actor)
            changed = [str(each) for each in found.differences]
            report = reports.of_plan(found.plan) | {"changed": changed} | other_desks(core)
            show(report, as_json=json)
            return
        if takeover:
            core.desks.take_over(actor, reason=reason)
        approved = core.approvals.approve(operation_id, actor)
        report = report_of(core, approved, actor)
        show(report | {"next_step": next_step(core, approved, actor)}, as_json=json)
