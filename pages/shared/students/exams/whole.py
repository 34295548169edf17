"""An exam that is cancelled with its bookings: the choice, the preview, and the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum

import pandas as pd
import streamlit as st

from core.credits.records import Exam, ExamId
from core.credits.roles import ALLOWED, Act
from core.operations.plans import Row
from core.operations.states import Item
from core.students.cancel_exam import ExamActPreview, ExamActReport, Part
from core.students.exam_acts import ExamActState
from pages.shared import gate, open_exams, places, problems, tables, words
from pages.shared.gate import Desk
from pages.shared.operations import address as operations
from pages.shared.operations import confirming
from pages.shared.operations.figures import Figure, cards
from pages.shared.operations.progress import telling
from pages.shared.students import names

POLL_S = 2.0
#: The preview that is shown: what was chosen, and what it would do.
_PREVIEW = "_exam_act_preview"


class Bookings(StrEnum):
    """What becomes of the bookings of the exam."""

    KEPT = "Keep them"
    GIVEN_BACK = "Cancel them, give credits back"
    FORFEITED = "Cancel them, keep credits (forfeit)"


def choose(number: int) -> Bookings:
    """``number``: of active bookings. Nothing is asked when there are none."""
    if not number:
        return Bookings.KEPT
    chosen = st.radio(
        f"Its {words.count(number, 'active booking')}",
        list(Bookings),
        format_func=str,
        horizontal=True,
        key="exam_bookings",
    )
    return chosen or Bookings.KEPT


def confirm(
    desk: Desk, exam: Exam, bookings: Bookings, reason: str, done: Callable[[], None]
) -> None:
    """Where those who fit go; what all of it would do; and the one button that does it."""
    to = open_exams.choose(desk, "exam_act_to", but=exam.id)
    st.caption("Optional: those who fit are moved there, the others are cancelled.")
    keeps = bookings is Bookings.FORFEITED
    chosen = (exam.id, to, keeps)
    if st.button("Preview", icon=":material/visibility:", key="exam_act_preview"):
        with problems.told("Nothing was changed."), st.spinner("Reading from HubSpot …"):
            found = desk.core.whole_exam_cancellation.preview(
                ExamId(exam.id), desk.acting(), to=to, keeps=keeps
            )
            st.session_state[_PREVIEW] = (chosen, found)
    shown, found = st.session_state.get(_PREVIEW, (None, None))
    if found is None or shown != chosen:
        return
    _previewed(desk, found, keeps=keeps)
    many = found.number > desk.core.operation_commands.typed_above
    typed = found.number
    if many:
        told = st.text_input(
            f"Type {found.number} to confirm this many bookings", key="exam_act_typed"
        )
        typed = confirming.number_typed(told)
    plan = found.a_plan
    tell = telling.ask(desk, plan, key="exam_act") if plan is not None else None
    lacks = confirming.wanting(found.number, reason=reason, typed=typed, untold=tell == "")
    move = f", move {words.count(len(found.moving), 'booking')}" if found.moving else ""
    label = f"Close exam{move}, cancel {words.count(len(found.cancelling), 'booking')}"
    with st.container(horizontal=True, vertical_alignment="center"):
        sure = st.button(label, type="primary", disabled=bool(lacks), key="exam_act_sure")
        st.caption(lacks or _next(desk, found))
    if sure:
        with problems.told("Refresh the session to see whether it is under way."):
            desk.core.whole_exam_cancellation.ask(
                ExamId(exam.id),
                desk.acting(),
                to=to,
                keeps=keeps,
                reason=reason,
                typed=typed,
                tell=tell,
            )
            st.session_state.pop(_PREVIEW, None)
            done()


def _next(desk: Desk, found: ExamActPreview) -> str:
    """What comes once it is confirmed."""
    operation_commands = desk.core.operation_commands
    if operation_commands.second.exceeded(bookings=found.number, credits_=found.credits_):
        return (
            "The exam is closed at once. Moving and cancelling wait for another admin to approve."
        )
    hold = words.span(operation_commands.hold)
    return f"The exam is closed at once. Moving and cancelling each start {hold} later."


def _previewed(desk: Desk, found: ExamActPreview, *, keeps: bool) -> None:
    cards(
        [
            ("To move", words.count(len(found.moving), "booking")),
            ("To cancel", words.count(len(found.cancelling), "booking")),
            ("To keep" if keeps else "To give back", words.count(found.credits_, "credit")),
            ("Left as they are", words.count(len(found.left), "booking")),
        ],
        in_a_row=4,
    )
    _table(desk, found.left, [_why(str(r.why), r.detail) for r in found.left], key="exam_left")


def show(desk: Desk, exam: Exam, changed: Callable[[], None]) -> None:
    """The report of the newest act, drawn anew while it goes on; nothing without one."""
    report = desk.core.whole_exam_cancellation.report(ExamId(exam.id), desk.actor)
    if report is None:
        return
    if report.act.ended:
        _report(desk, report)
    else:
        _poll(desk, exam, changed)


@gate.fragment(run_every=POLL_S)
def _poll(desk: Desk, exam: Exam, changed: Callable[[], None]) -> None:
    report = desk.core.whole_exam_cancellation.report(ExamId(exam.id), desk.actor)
    if report is None or report.act.ended:
        changed()
        st.rerun(scope="app")
    _report(desk, report)
    if Act.RUN_BATCHES in ALLOWED[desk.actor.role] and not report.act.stopped_by:
        st.button(
            "Stop", icon=":material/stop:", key="exam_act_stop", on_click=_stop, args=(desk, report)
        )


def _stop(desk: Desk, report: ExamActReport) -> None:
    with problems.told("It may go on: look again, and stop it once more."):
        desk.core.whole_exam_cancellation.stop(report.act.id, desk.acting())


def _report(desk: Desk, report: ExamActReport) -> None:
    act = report.act
    with st.container(border=True, key="exam_act"):
        asked = words.exact(act.asked_at, desk.zone)
        st.markdown(f"**{_headline(report)}**")
        st.caption(f"Asked for by {words.plain(act.asked_by)}, {asked}: {words.plain(act.reason)}")
        cards(_figures(report), in_a_row=5)
        if act.fault:
            st.warning(words.plain(act.fault), icon=":material/warning:")
        elif act.waiting_for:
            st.caption(f":material/hourglass: Waiting: {words.plain(act.waiting_for)}.")
        if act.tell is not None:
            told, untold = report.told
            rest = f" {untold:,} not told so far: their operation says why." if untold else ""
            st.caption(f":material/mail: {words.count(told, 'student')} told.{rest}")
        _table(desk, report.not_done, [i.why for i in report.not_done], key="exam_not_done")
        for label, part in (("Move", report.move), ("Cancellation", report.cancel)):
            if part is not None:
                _link(label, part)


def _headline(report: ExamActReport) -> str:
    match report.act.state:
        case ExamActState.DONE:
            left = len(report.not_done)
            return f"Done, {words.count(left, 'booking')} left" if left else "Done"
        case ExamActState.STOPPED:
            return "Stopped. What is done is kept; the exam stays cancelled"
    return f"In progress: {report.act.state}"


def _figures(report: ExamActReport) -> list[Figure]:
    moved, cancelled = (part.done if part else 0 for part in (report.move, report.cancel))
    given = sum(report.cancel.progress.net.values()) if report.cancel else 0
    credits_ = "kept" if report.act.keeps else words.count(given, "credit")
    return [
        ("Exam", "closed" if report.closed else "not closed"),
        ("Moved", words.count(moved, "booking")),
        ("Cancelled", words.count(cancelled, "booking")),
        ("Credits" if report.act.keeps else "Given back", credits_),
        ("Not done", words.count(len(report.not_done), "booking")),
    ]


def _why(why: str, detail: str) -> str:
    return f"{why}: {detail}" if detail else why


def _table(desk: Desk, rows: Sequence[Row | Item], why: Sequence[str], *, key: str) -> None:
    if not rows:
        return
    names.grid(
        desk,
        pd.DataFrame({"Booking": [row.booking_name for row in rows], "Why": why}),
        names.of_rows(rows),
        key=key,
        columns={},
        height=tables.height(len(rows), at_most=300),
        alt="Bookings that are neither moved nor cancelled",
    )


def _link(label: str, part: Part) -> None:
    st.page_link(
        places.as_page(places.OPERATIONS),
        label=f"{label}: {part.operation.state}",
        icon=":material/list_alt:",
        query_params={operations.OPERATION: part.operation.id},
    )
