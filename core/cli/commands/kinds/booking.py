"""Booking for one student."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli import reports
from core.cli.acting import actor_of
from core.cli.app import As, DryRun, Json, Reason, TakeOver, Wait, WaitS, app
from core.cli.opened_store import opened
from core.cli.operating import other_desks, told_of, until_ended
from core.cli.output import show, told
from core.credits.errors import BadList
from core.credits.records import ContactId, ExamId
from core.operations.booking_rules import Wish
from core.operations.plans import Plan
from core.operations.states import Item

#: Kept with the operation when nobody says more.
REASON = "booked for the student"


@app.command()
def book(
    contact: Annotated[str, typer.Option("--contact", metavar="ID")],
    exam: Annotated[str, typer.Option("--exam", metavar="ID")],
    location: Annotated[str, typer.Option("--location", help="where the student attends")] = "",
    hand: Annotated[str, typer.Option("--hand", help="dominant hand: Right or Left")] = "",
    override: Annotated[bool, typer.Option("--override", help="without a credit; admins")] = False,
    reason: Reason = REASON,
    as_: As = "",
    dry_run: DryRun = False,
    takeover: TakeOver = False,
    wait: Wait = False,
    timeout: WaitS = 600,
    json: Json = False,
) -> None:
    """Book an exam for a student: takes a seat and a credit, or neither."""
    wish = Wish(
        contact_id=ContactId(contact),
        exam_id=ExamId(exam),
        attending_location=location,
        dominant_hand=hand.strip().capitalize(),
        override=override,
    )
    with told(), opened() as runtime:
        core = runtime.core
        actor = actor_of(core, as_)
        plan = core.booking_preview.preview(wish, actor)
        if dry_run:
            show(reports.of_plan(plan) | other_desks(core), as_json=json)
            return
        _refuse(plan)
        if takeover:
            core.desks.take_over(actor, reason=reason)
        operation = core.operation_commands.confirm(plan.id, actor, reason=reason)
        if wait:
            runtime.start()
            operation = until_ended(core, operation, actor, timeout)
        (item,) = core.operation_queries.items(operation.id, actor)
        also = {"booking": _of_item(item)}
        told_of(core, operation, actor, waited=wait, also=also, as_json=json)


def _refuse(plan: Plan) -> None:
    """A booking that is not to be is told as what it is, and not as a plan without rows."""
    (row,) = plan.rows
    if not plan.will_change:
        raise BadList([row.told])


def _of_item(item: Item) -> reports.Report:
    return {
        "booking_id": item.booking_name,
        "student": item.contact_name,
        "contact": item.contact_id,
        "exam": item.exam_id,
        "state": item.state.value,
        "why": item.why,
        "credit": item.credit,
        "before": item.before,
        "after": item.after,
    }
