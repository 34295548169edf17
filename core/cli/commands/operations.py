"""The command that lists operations: it needs the journal alone."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli import reports
from core.cli.acting import actor_of
from core.cli.app import COUNT_MAX, As, Json, app
from core.cli.finding import Day, known, utc
from core.cli.opened_store import opened_journal
from core.cli.output import show, told
from core.operations.sought import SoughtOperations
from core.operations.states import OperationState
from core.operations.verdicts import OperationKind


@app.command()
def operations(
    since: Day = None,
    until: Day = None,
    by: Annotated[
        str, typer.Option("--by", metavar="EMAIL", help="who confirmed; a part of it will do")
    ] = "",
    kind: Annotated[list[str] | None, typer.Option("--kind", help="repeatable")] = None,
    state: Annotated[list[str] | None, typer.Option("--state", help="repeatable")] = None,
    exam: Annotated[
        str, typer.Option("--exam", metavar="ID", help="of its bookings, or moved to")
    ] = "",
    words: Annotated[
        str, typer.Option("--words", metavar="TEXT", help="in the reason or the selection")
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=1, max=COUNT_MAX)] = 50,
    as_: As = "",
    json: Json = False,
) -> None:
    """Operations, newest first: all, or those that fit every option given."""
    with told(), opened_journal() as services:
        sought = SoughtOperations(
            since=utc(since),
            until=utc(until),
            by=by.strip(),
            kinds=frozenset(known(kind or [], OperationKind, "kind")),
            exam_id=exam.strip(),
            words=words.strip(),
        )
        states = known(state or [], OperationState, "state")
        actor = actor_of(services, as_)
        found = [
            reports.of_operation(
                one.operation,
                one.progress,
                warnings=one.warnings,
                retried_at=services.operation_queries.retried_at(one.operation, actor),
                now=services.now(),
            )
            for one in services.operation_queries.operations(
                actor, states=states, sought=sought, limit=limit
            )
        ]
        show({"operations": found}, as_json=json)
