"""Cancelling an exam, alone or with its bookings as one act, and reopening it."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Annotated

import typer

from core.app.assembly.parts import Core
from core.cli import reports
from core.cli.acting import actor_of
from core.cli.app import POLL_S, As, DryRun, ForStudents, Json, Reason, Tell, Wait, WaitS, app
from core.cli.ending import unfinished
from core.cli.opened_store import opened
from core.cli.operating import for_students
from core.cli.output import show, told
from core.credits.errors import BadList, StateConflict
from core.credits.records import ExamId
from core.credits.roles import Actor
from core.hubspot.ports.crm import Fate
from core.operations.choosing.select import exam_words
from core.operations.plans import Row
from core.operations.states import Item
from core.students.cancel_exam import ExamActPreview, ExamActReport, Part

ExamArgument = Annotated[str, typer.Argument(metavar="EXAM", help="record id of the exam")]
To = Annotated[str, typer.Option("--to", metavar="EXAM", help="move those who fit there first")]
GiveBack = Annotated[
    bool, typer.Option("--give-back", help="cancel its bookings and give their credits back")
]
Keep = Annotated[bool, typer.Option("--keep", help="cancel its bookings and keep their credits")]
Stop = Annotated[bool, typer.Option("--stop", help="stop the act that goes on; stays closed")]
#: Copies that are due at once are waited for so long.
COPIED_WITHIN = timedelta(seconds=30)


@app.command("cancel-exam")
def cancel_exam(
    exam: ExamArgument,
    to: To = "",
    give_back: GiveBack = False,
    keep: Keep = False,
    reason: Reason = "",
    tell: Tell = False,
    reason_for_students: ForStudents = "",
    as_: As = "",
    stop: Stop = False,
    dry_run: DryRun = False,
    wait: Wait = False,
    timeout: WaitS = 3600,
    json: Json = False,
) -> None:
    """Close an exam for booking for good (admins); with --give-back or --keep its bookings too.

    Nobody can be booked on it or moved to it, and no schedule activates it, until it is reopened.
    With --to, bookings that fit are moved to that exam first; the others are cancelled.
    """
    with told(), opened() as runtime:
        core, actor, id_ = runtime.core, actor_of(runtime.core, as_), ExamId(exam)
        target = ExamId(to) if to else None
        if stop:
            _stop(core, id_, actor)
        elif not _one_way(give_back=give_back, keep=keep, to=to, tell=tell):
            _close(core, id_, actor, reason, dry_run=dry_run, json=json)
            return
        elif dry_run:
            found = core.whole_exam_cancellation.preview(id_, actor, to=target, keeps=keep)
            shown = _of_preview(found, keeps=keep)
            said, plan = for_students(tell=tell, reason=reason_for_students), found.a_plan
            if said is not None and plan is not None:
                shown |= {"would_tell": core.student_notices.would(plan, said)}
            show(shown, as_json=json)
            return
        else:
            core.whole_exam_cancellation.ask(
                id_,
                actor,
                to=target,
                keeps=keep,
                reason=reason,
                tell=for_students(tell=tell, reason=reason_for_students),
            )
        if wait:
            runtime.start()
            _until_ended(core, id_, actor, timeout)
        report = core.whole_exam_cancellation.report(id_, actor)
        assert report is not None
        show(of_report(report), as_json=json)
        if wait and (left := _left(report)):
            unfinished(left)


@app.command("reopen-exam")
def reopen_exam(exam: ExamArgument, reason: Reason = "", as_: As = "", json: Json = False) -> None:
    """Take the cancellation of an exam back (admins). It stays inactive until it is activated."""
    with told(), opened() as runtime:
        core, actor = runtime.core, actor_of(runtime.core, as_)
        before = core.exam_cancellation.reopen(ExamId(exam), actor, reason=reason)
        show({"exam": before.exam_id, "was": str(before), "cancellation": None}, as_json=json)


def of_report(report: ExamActReport) -> reports.Report:
    """All that was asked for, and what became of it."""
    act = report.act
    return {
        "act": act.id,
        "exam": act.exam_id,
        "name": act.exam_name,
        "state": act.state.value,
        "waiting_for": act.waiting_for,
        "why": act.fault,
        "by": act.asked_by,
        "reason": act.reason,
        "reason_for_students": act.tell,
        "to_exam": act.to_exam,
        "credits": "kept" if act.keeps else "given back",
        "closed": report.closed,
        "moved": _of_part(report.move),
        "cancelled": _of_part(report.cancel),
        "not_done": [_not_done(item) for item in report.not_done],
    }


def _of_part(part: Part | None) -> reports.Report | None:
    if part is None:
        return None
    operation = part.operation
    return {
        "operation": operation.id,
        "state": operation.state.value,
        "needs_approval": operation.needs_approval,
        "done": part.done,
        "told": {state.value: n for state, n in part.told.items()},
        "credits": dict(part.progress.net),
        "counts": {state.value: n for state, n in sorted(part.progress.states.items())},
    }


def _of_preview(found: ExamActPreview, *, keeps: bool) -> reports.Report:
    """What the act would do now."""
    return {
        "exam": found.exam.id,
        "name": exam_words(found.exam),
        "would": "close it for booking",
        "move": len(found.moving),
        "cancel": len(found.cancelling),
        "credits": {"kept" if keeps else "given back": found.credits_},
        "not_done": [_not_done(row) for row in found.left],
    }


def _not_done(one: Row | Item) -> reports.Report:
    return {
        "booking": one.booking_id,
        "name": one.booking_name,
        "student": one.contact_name,
        "contact": one.contact_id,
        "why": str(one.why),
    }


def _one_way(*, give_back: bool, keep: bool, to: str, tell: bool) -> bool:
    """Whether its bookings are cancelled too. Raises ``BadList`` for what contradicts itself."""
    if give_back and keep:
        raise BadList(["--give-back and --keep contradict each other"])
    if to and not (give_back or keep):
        raise BadList(["--to goes with --give-back or --keep: what becomes of those who stay?"])
    if tell and not (give_back or keep):
        raise BadList(["--tell goes with --give-back or --keep: whom else would it tell?"])
    return give_back or keep


def _close(
    core: Core, id_: ExamId, actor: Actor, reason: str, *, dry_run: bool, json: bool
) -> None:
    if dry_run:
        found = core.exam_cancellation.preview(id_, actor)
        would = "close it for booking; bookings are kept"
        show({"exam": found.id, "name": exam_words(found), "would": would}, as_json=json)
        return
    closing = core.exam_cancellation.cancel(id_, actor, reason=reason)
    core.mirror_copier.wait_until_empty(core.operation_commands.now() + COPIED_WITHIN)
    closed = closing.outcome.fate is Fate.LANDED
    show(
        {
            "exam": closing.cancelled.exam_id,
            "name": exam_words(closing.exam),
            "cancellation": str(closing.cancelled),
            "was": closing.exam.is_active,
            "closed_in_hubspot": closed,
        },
        as_json=json,
    )
    if not closed:
        why = closing.outcome.reason or "HubSpot did not say whether it was closed"
        unfinished(f"the desk books nobody there, but HubSpot may show it active: {why}")


def _stop(core: Core, id_: ExamId, actor: Actor) -> None:
    report = core.whole_exam_cancellation.report(id_, actor)
    if report is None:
        raise BadList([f"exam {id_} was not cancelled as one act"])
    core.whole_exam_cancellation.stop(report.act.id, actor)


def _until_ended(core: Core, id_: ExamId, actor: Actor, timeout_s: float) -> None:
    deadline = core.operation_commands.now() + timedelta(seconds=timeout_s)
    while (report := core.whole_exam_cancellation.report(id_, actor)) and not report.act.ended:
        if core.operation_commands.now() > deadline:
            told = f"{report.act.state} after {timeout_s:g} s: {report.act.waiting_for}"
            raise StateConflict(told, state=report.act.state)
        time.sleep(POLL_S)


def _left(report: ExamActReport) -> str:
    """One line of what needs a look; empty: nothing."""
    if report.act.fault:
        return report.act.fault
    if not report.not_done:
        return ""
    number, first = len(report.not_done), report.not_done[0]
    return f"{number} of its bookings were not cancelled, {first.booking_name} first: {first.why}"
