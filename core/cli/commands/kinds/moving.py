"""Moving bookings to another exam."""

from __future__ import annotations

from typing import Annotated

import typer

from core.cli.app import (
    As,
    Attended,
    Bookings,
    Contact,
    DryRun,
    Exam,
    ForStudents,
    Ids,
    Json,
    Past,
    Reason,
    TakeOver,
    Tell,
    Wait,
    WaitS,
    Without,
    app,
)
from core.cli.choosing import included, listed, of, selection
from core.cli.operating import for_students, run_plan
from core.cli.output import told
from core.credits.records import ExamId
from core.operations.kinds.move import MOVE


@app.command()
def move(
    to: Annotated[str, typer.Option("--to", metavar="EXAM", help="record id of the exam")],
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
    """Move bookings to another exam; the credit that each spent is kept.

    When seats do not suffice, the first of the list have them. The others stay where they are.
    """
    with told():
        planned = of(
            MOVE.key,
            selection(exam, contact, bookings, ids),
            listed(without),
            included(attended=include_attended, past=include_past),
            to=ExamId(to),
        )
        told_why = for_students(tell=tell, reason=reason_for_students)
        run_plan(
            planned, reason, as_, dry_run, wait, timeout, json, takeover=takeover, tell=told_why
        )
