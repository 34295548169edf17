"""The second admin's command."""

from __future__ import annotations

from core import wiring
from core.cli import reports
from core.cli.acting import actor_of
from core.cli.app import As, DryRun, Json, app, next_step, report_of
from core.cli.output import show, told


@app.command()
def approve(operation_id: str, as_: As = "", dry_run: DryRun = False, json: Json = False) -> None:
    """Approve what another admin confirmed: its hold begins. --dry-run: how it stands now."""
    with told(), wiring.opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        if dry_run:
            found = core.approving.read(operation_id, actor)
            changed = [str(each) for each in found.differences]
            show(reports.of_plan(found.plan) | {"changed": changed}, as_json=json)
            return
        approved = core.approving.approve(operation_id, actor)
        show(report_of(core, approved) | {"next_step": next_step(core, approved)}, as_json=json)
