"""Who was told of an operation, and telling again those who were not."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Annotated

import typer

from core.app.assembly.parts import Core
from core.cli import reports
from core.cli.acting import actor_of
from core.cli.app import POLL_S, As, Json, Wait, WaitS, app
from core.cli.ending import unfinished
from core.cli.opened_store import opened
from core.cli.output import show, told
from core.credits.errors import BadList, StateConflict
from core.credits.roles import Actor
from core.operations.states import FollowUps, Operation


@app.command()
def tell(
    operation_id: str,
    again: Annotated[
        bool, typer.Option("--again", help="tell those who were not told, and no one else")
    ] = False,
    as_: As = "",
    wait: Wait = False,
    timeout: WaitS = 600,
    json: Json = False,
) -> None:
    """Which students were told of an operation, and why the others were not.

    --again never mails anybody twice: HubSpot drops a second mail of the same name.
    """
    with told(), opened() as runtime:
        core = runtime.core
        if wait and not again:
            raise BadList(["--wait goes with --again"])
        actor = actor_of(core, as_)
        operation = core.operation_queries.operation(operation_id, actor)
        if again:
            core.student_notices.again(operation_id, actor)
            operation = core.operation_queries.operation(operation_id, actor)
        if wait:
            runtime.start()
            operation = _until_followed(core, operation, actor, timeout)
        left = core.student_notices.not_told(operation_id, actor)
        counts = core.student_notices.counts(operation)
        show(reports.of_tellings(operation, counts, left), as_json=json)
        if wait and left:
            unfinished(f"{len(left):,} of the students were not told: {left[0][0].detail}")


def _until_followed(core: Core, operation: Operation, actor: Actor, timeout_s: float) -> Operation:
    """Raises ``StateConflict`` when its follow-ups go on for longer than ``timeout_s``."""
    deadline = core.operation_commands.now() + timedelta(seconds=timeout_s)
    while operation.follow_ups is FollowUps.DUE:
        if core.operation_commands.now() > deadline:
            waits = f": {operation.waiting_for}" if operation.waiting_for else ""
            raise StateConflict(
                f"students are still being told after {timeout_s:g} s{waits}; it continues when "
                "a worker runs",
                state=operation.follow_ups,
            )
        time.sleep(POLL_S)
        operation = core.operation_queries.operation(operation.id, actor)
    return operation
