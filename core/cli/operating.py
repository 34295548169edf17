"""Commands on operations. ``python -m core COMMAND --help`` tells the options of each."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli import reports
from core.cli.acting import actor_of
from core.cli.app import (
    COUNT_MAX,
    As,
    Attended,
    Bookings,
    Contact,
    DryRun,
    Exam,
    Forfeited,
    ForStudents,
    Ids,
    Json,
    Owed,
    Past,
    Reason,
    TakeOver,
    Tell,
    Wait,
    WaitS,
    Without,
    app,
)
from core.cli.choosing import Planned, everything_owed, included, listed, of, selection
from core.cli.ending import judge
from core.cli.opened_store import opened
from core.cli.output import show, told
from core.cli.terminal import complain
from core.credits.errors import BadList, StateConflict
from core.credits.roles import Actor
from core.operations.kinds.refund import REFUND
from core.operations.kinds.registry import cancelling
from core.operations.plans import Plan
from core.operations.queries import LISTED_MAX
from core.operations.states import ENDED, Operation, OperationState

if TYPE_CHECKING:
    from core.app.assembly.parts import Core

log = logging.getLogger(__name__)

#: How soon its state is read again, one row, by whoever waits for an operation's end.
FOLLOW_S = 0.03


@app.command()
def cancel(
    exam: Exam = None,
    contact: Contact = None,
    bookings: Bookings = None,
    ids: Ids = "",
    include_attended: Attended = False,
    include_past: Past = False,
    without: Without = "",
    forfeit: Annotated[
        bool, typer.Option("--forfeit", help="keep the credits, as the command forfeit (admins)")
    ] = False,
    reason: Reason = "",
    tell: Tell = False,
    reason_for_students: ForStudents = "",
    as_: As = "",
    dry_run: DryRun = False,
    takeover: TakeOver = False,
    wait: Wait = False,
    timeout: WaitS = 3600,
    json: Json = False,
) -> None:
    """Cancel bookings and give their credits back; with --forfeit they are kept.

    Bookings that were attended and exams that have begun are blocked, unless they are included.
    """
    with told():
        planned = of(
            cancelling(keeps=forfeit),
            selection(exam, contact, bookings, ids),
            listed(without),
            included(attended=include_attended, past=include_past),
        )
        told_why = for_students(tell=tell, reason=reason_for_students)
        run_plan(
            planned, reason, as_, dry_run, wait, timeout, json, takeover=takeover, tell=told_why
        )


@app.command("forfeit")
def forfeit_(
    exam: Exam = None,
    contact: Contact = None,
    bookings: Bookings = None,
    ids: Ids = "",
    include_attended: Attended = False,
    include_past: Past = False,
    without: Without = "",
    reason: Reason = "",
    tell: Tell = False,
    reason_for_students: ForStudents = "",
    as_: As = "",
    dry_run: DryRun = False,
    takeover: TakeOver = False,
    wait: Wait = False,
    timeout: WaitS = 3600,
    json: Json = False,
) -> None:
    """Cancel bookings and keep their credits on purpose: nothing is owed for them (admins).

    To give one back after all: refund --include-forfeited.
    """
    cancel(
        exam=exam,
        contact=contact,
        bookings=bookings,
        ids=ids,
        include_attended=include_attended,
        include_past=include_past,
        without=without,
        forfeit=True,
        reason=reason,
        tell=tell,
        reason_for_students=reason_for_students,
        as_=as_,
        dry_run=dry_run,
        takeover=takeover,
        wait=wait,
        timeout=timeout,
        json=json,
    )


@app.command()
def refund(
    exam: Exam = None,
    contact: Contact = None,
    bookings: Bookings = None,
    ids: Ids = "",
    owed: Owed = False,
    include_attended: Attended = False,
    include_forfeited: Forfeited = False,
    without: Without = "",
    reason: Reason = "",
    tell: Tell = False,
    reason_for_students: ForStudents = "",
    as_: As = "",
    dry_run: DryRun = False,
    takeover: TakeOver = False,
    wait: Wait = False,
    timeout: WaitS = 3600,
    json: Json = False,
) -> None:
    """Give back the credits of bookings that are cancelled and still owed.

    --owed leaves out what an undo took back; named, it is refunded again.
    """
    with told():
        left = listed(without)
        planned = everything_owed(left)
        if not owed or exam or contact or bookings or ids:
            chosen = selection(exam, contact, bookings, ids, owed)
            include = included(attended=include_attended, forfeited=include_forfeited)
            planned = of(REFUND.key, chosen, left, include)
        told_why = for_students(tell=tell, reason=reason_for_students)
        run_plan(
            planned, reason, as_, dry_run, wait, timeout, json, takeover=takeover, tell=told_why
        )


@app.command()
def correct(
    operation_id: str,
    reason: Reason = "",
    as_: As = "",
    dry_run: DryRun = False,
    takeover: TakeOver = False,
    wait: Wait = False,
    timeout: WaitS = 3600,
    json: Json = False,
) -> None:
    """Correct balances that others changed at the same moment as this operation."""
    with told():
        planned: Planned = lambda core, actor: core.corrections.preview(operation_id, actor)  # noqa: E731
        run_plan(planned, reason, as_, dry_run, wait, timeout, json, takeover=takeover)


@app.command()
def undo(
    operation_id: str,
    reason: Reason = "",
    as_: As = "",
    dry_run: DryRun = False,
    takeover: TakeOver = False,
    wait: Wait = False,
    timeout: WaitS = 3600,
    json: Json = False,
) -> None:
    """Take back what a refund or an adjustment changed, as an operation of its own."""
    with told():
        planned: Planned = lambda core, actor: core.undo_planner.preview(operation_id, actor)  # noqa: E731
        run_plan(planned, reason, as_, dry_run, wait, timeout, json, takeover=takeover)


def run_plan(
    planned: Planned,
    reason: str,
    as_: str,
    dry_run: bool,
    wait: bool,
    timeout_s: float,
    as_json: bool,
    *,
    takeover: bool = False,
    tell: str | None = None,
) -> None:
    """Make the plan, and print it, or confirm it and print what becomes of it."""
    with opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        if wait and not dry_run:
            runtime.load_ahead()
        plan = planned(core, actor)
        if dry_run:
            would = {} if tell is None else {"would_tell": core.student_notices.would(plan, tell)}
            show(reports.of_plan(plan) | would | others(core, plan, actor), as_json=as_json)
            return
        if takeover:
            core.desks.take_over(actor, reason=reason)
        plan_id, counts = plan.id, {verdict.value: n for verdict, n in plan.counts.items()}
        del plan  # it is read again as it was frozen: one of any size is in memory once
        operation = core.operation_commands.confirm(plan_id, actor, reason=reason, tell=tell)
        if wait:
            if operation.state is OperationState.AWAITING:
                log.warning("%s", next_step(core, operation, actor))
            runtime.start()
            operation = until_ended(core, operation, actor, timeout_s)
            _not_called_off(core, operation)
        also = {"plan_counts": counts}
        told_of(core, operation, actor, waited=wait, also=also, as_json=as_json)


def for_students(*, tell: bool, reason: str) -> str | None:
    """The reason that students are told; None: they are told nothing.

    Raises:
        BadList: a reason is given for nobody.
    """
    if reason and not tell:
        raise BadList(["--reason-for-students goes with --tell"])
    return reason if tell else None


def other_desks(core: Core) -> reports.Report:
    """What speaks against confirming here; nothing, when nothing does."""
    told = core.desks.objections()
    return {"other_desks": told} if told else {}


def others(core: Core, plan: Plan, actor: Actor) -> reports.Report:
    """What others are about to do with the same rows, here and at other desks."""
    found = [
        reports.of_other(one, rows=n) for one, n in core.operation_queries.also_planned(plan, actor)
    ]
    return other_desks(core) | ({"also_planned": found} if found else {})


def until_ended(core: Core, operation: Operation, actor: Actor, timeout_s: float) -> Operation:
    """Wait for the end of it; a person who interrupts is told that this stops nothing.

    Raises:
        StateConflict: it goes on for longer than ``timeout_s``.
    """
    deadline = core.operation_commands.now() + timedelta(seconds=timeout_s)
    try:
        while operation.state not in ENDED:
            if core.operation_commands.now() > deadline:
                raise StateConflict(
                    f"operation {operation.id} is still {operation.state} after {timeout_s:g} s; "
                    f"{_onward(core, operation, actor)}",
                    state=operation.state,
                )
            time.sleep(FOLLOW_S)
            operation = core.operation_queries.followed(operation.id, actor)
    except KeyboardInterrupt:
        complain(
            f"interrupted, but operation {operation.id} is confirmed: "
            f"{_onward(core, operation, actor)}. To end it: python -m core stop {operation.id}"
        )
        raise
    return operation


def _onward(core: Core, operation: Operation, actor: Actor) -> str:
    if operation.state is OperationState.AWAITING:
        return next_step(core, operation, actor)
    return "it continues when a worker runs"


def next_step(core: Core, operation: Operation, actor: Actor) -> str:
    """What somebody has to do before it goes on; empty: nothing."""
    if operation.state in ENDED:
        return ""
    if operation.state is OperationState.AWAITING:
        others = " or ".join(core.approvals.whom_to_ask(operation))
        return (
            f"{operation.needs_approval}: another admin ({others}) approves it, on its page or by "
            f"python -m core approve {operation.id} --as EMAIL"
        )
    if not core.readiness.working(actor):
        return "no worker is running: start the app or python -m core worker"
    if (
        operation.undoes
        and operation.hold_until > core.operation_commands.now() + core.operation_commands.hold
    ):
        return (
            f"it begins at {operation.hold_until:%H:%M:%S} UTC, when nothing that it undoes can be "
            "on its way to HubSpot any more"
        )
    return ""


def _not_called_off(core: Core, operation: Operation) -> None:
    """Raises ``StateConflict`` with who called it off, and why."""
    event = core.operation_commands.called_off(operation.id)
    if event is not None:
        why = f": {event.detail['detail']}" if event.detail.get("detail") else ""
        told = f"operation {operation.id} was withdrawn by {event.actor}{why}; nothing was changed"
        raise StateConflict(told, state=operation.state)


def report_of(core: Core, operation: Operation, actor: Actor) -> reports.Report:
    """Where it stands and what needs attention."""
    found = core.operation_queries.report(operation, actor)
    return reports.of_operation(
        operation,
        found.progress,
        items=found.needs_eyes,
        foreign=core.corrections.standing(operation.id),
        undone_by=found.undone_by,
        warnings=found.warnings,
        told=core.student_notices.counts(operation),
        by_name=core.account_directory.named,
        retried_at=core.operation_queries.retried_at(operation, actor),
        now=core.operation_commands.now(),
    )


def told_of(
    core: Core,
    operation: Operation,
    actor: Actor,
    *,
    as_json: bool,
    waited: bool = False,
    also: reports.Report | None = None,
) -> None:
    """Print where it stands: with what makes it go on, or, ``waited``, judged by how it ended."""
    report = report_of(core, operation, actor) | (also or {})
    if not waited:
        report["next_step"] = next_step(core, operation, actor)
    show(report, as_json=as_json)
    if waited:
        judge(report)


@app.command()
def operation(
    operation_id: str,
    history: Annotated[bool, typer.Option("--history", help="its events and writes too")] = False,
    rows: Annotated[bool, typer.Option("--rows", help="each booking asked for")] = False,
    from_: Annotated[
        int,
        typer.Option(
            "--from", min=1, max=COUNT_MAX, metavar="N", help="rows and writes from this one on"
        ),
    ] = 1,
    as_: As = "",
    json: Json = False,
) -> None:
    """One operation: its state, its figures, and what needs attention."""
    with told(), opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        found = core.operation_queries.operation(operation_id, actor)
        report = report_of(core, found, actor)
        if rows:
            some = core.operation_queries.items(
                operation_id, actor, limit=LISTED_MAX, offset=from_ - 1
            )
            left = int(report["asked"]) - (from_ - 1) - len(some)
            report |= reports.of_items(some, found, left=left)
        if history:
            report["events"] = reports.of_events(
                core.operation_commands.history(operation_id, actor)
            )
            writes = core.operation_queries.writes(
                operation_id, actor, limit=LISTED_MAX, offset=from_ - 1
            )
            names = core.operation_queries.names_written(found, writes, actor)
            report["writes"] = reports.of_writes(writes, names)
        show(report, as_json=json)
