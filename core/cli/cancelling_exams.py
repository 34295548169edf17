"""Cancelling an exam, and reopening it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from core.assembly import Core
from core.cli.acting import actor_of
from core.cli.app import As, Json, Reason, app
from core.cli.ending import unfinished
from core.cli.output import show, told
from core.cli.store import opened
from core.domain.records import ExamId
from core.gateways.ports import Fate
from core.services.finding import exam_words

ExamArgument = Annotated[str, typer.Argument(metavar="EXAM", help="record id of the exam")]
#: Copies that are due at once are waited for so long.
COPIED_WITHIN = timedelta(seconds=30)


@app.command("cancel-exam")
def cancel_exam(exam: ExamArgument, reason: Reason = "", as_: As = "", json: Json = False) -> None:
    """Close an exam for booking for good (admins). Its bookings are kept.

    Nobody can be booked on it or moved to it, and no schedule opens it, until it is reopened.
    """
    with told(), opened() as runtime:
        core, actor = runtime.core, actor_of(runtime.core, as_)
        closing = core.exam_cancellation.cancel(ExamId(exam), actor, reason=reason)
        _wait_for_copies(core)
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
            unfinished(f"the desk books nobody there, but HubSpot may show it open: {why}")


@app.command("reopen-exam")
def reopen_exam(exam: ExamArgument, reason: Reason = "", as_: As = "", json: Json = False) -> None:
    """Take the cancellation of an exam back (admins). It stays inactive until it is opened."""
    with told(), opened() as runtime:
        core, actor = runtime.core, actor_of(runtime.core, as_)
        before = core.exam_cancellation.reopen(ExamId(exam), actor, reason=reason)
        show({"exam": before.exam_id, "was": str(before), "cancellation": None}, as_json=json)


def _wait_for_copies(core: Core) -> None:
    core.mirroring.wait_until_empty(core.operating.now() + COPIED_WITHIN)
