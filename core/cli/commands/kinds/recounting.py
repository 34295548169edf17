"""Counting the seats of exams anew."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli import reports
from core.cli.acting import actor_of
from core.cli.app import As, DryRun, Json, Wait, WaitS, app
from core.cli.opened_store import opened
from core.cli.operating import told_of, until_ended
from core.cli.output import show, told
from core.credits.records import ExamId


@app.command()
def recount(
    exam: Annotated[list[str], typer.Option("--exam", metavar="ID", help="repeatable")],
    as_: As = "",
    dry_run: DryRun = False,
    wait: Wait = False,
    timeout: WaitS = 300,
    json: Json = False,
) -> None:
    """Set the seat counts of exams to what their bookings hold."""
    with told(), opened() as runtime:
        core, actor = runtime.core, actor_of(runtime.core, as_)
        ids = [ExamId(id_) for id_ in exam]
        if dry_run:
            show(reports.of_plan(core.seat_recount.preview(ids, actor)), as_json=json)
            return
        operation = core.seat_recount.recount(ids, actor)
        if wait:
            runtime.start()
            operation = until_ended(core, operation, actor, timeout)
        told_of(core, operation, actor, waited=wait, as_json=json)
