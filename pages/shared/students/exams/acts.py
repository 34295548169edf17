"""What an admin can do with a session: activate, schedule and so on; batches with it chosen."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import NoReturn

import streamlit as st

from core.credits.records import Exam, ExamId
from core.credits.roles import ALLOWED, Act
from core.credits.sessions import ExamChange, Opening
from core.hubspot.ports.crm import Fate
from core.operations.choosing.select import ByExam, ByIds, Selection, exam_words
from core.operations.kinds.cancel import CANCEL
from core.operations.kinds.move import MOVE
from core.operations.kinds.refund import REFUND
from core.operations.verdicts import OperationKind
from core.students.exam_sessions import Detailed
from pages.shared import places, problems, words
from pages.shared.gate import Desk
from pages.shared.operations import address
from pages.shared.operations.choosing import ways
from pages.shared.students.exams import activation, cancelling, wording

#: What the last change came to and whether it went well, told after the page was read anew.
_TOLD = "_exam_told"
#: The change that waits to be confirmed: exam id and what.
_ASKED = "_exam_asked"


def tell(desk: Desk) -> None:
    """What the last change came to."""
    del desk
    told, ok = st.session_state.pop(_TOLD, ("", True))
    if told and ok:
        st.success(told, icon=":material/check_circle:")
    elif told:
        st.warning(told, icon=":material/warning:")


def show(desk: Desk, detailed: Detailed, changed: Callable[[], None]) -> None:
    """Buttons for admins; others read who may."""
    session = detailed.session
    if session.drift:
        _miscount(desk, detailed)
    exam = session.exam
    if exam.cancelled:
        cancelling.standing(exam, exam.cancelled)
    if Act.RUN_BATCHES not in ALLOWED[desk.actor.role]:
        st.caption(
            "An admin can activate, deactivate or schedule this session, and cancel or refund it."
        )
        return
    done = partial(_done, changed)
    with st.container(horizontal=True, gap="small"):
        if not exam.cancelled:
            _openings(exam)
        cancelling.buttons(desk, exam, done)
        st.space("stretch")
        _batches(desk, detailed)
    active = session.counts.active if session.counts else 0
    cancelling.confirm(desk, exam, active, done)
    asked_id, asked = st.session_state.get(_ASKED, ("", ""))
    if asked_id == exam.id and not exam.cancelled:
        _confirm(desk, exam, Opening(asked), changed)


def _openings(exam: Exam) -> None:
    """The states that it can be given."""
    for opening, label, icon in (
        (Opening.ACTIVE, "Activate", ":material/event_available:"),
        (Opening.INACTIVE, "Deactivate", ":material/block:"),
        (Opening.SCHEDULED, "Schedule", ":material/schedule:"),
    ):
        if opening is Opening.SCHEDULED or exam.is_active != opening:
            st.button(
                f"{label} …", icon=icon, key=f"ask_{opening.name.lower()}",
                on_click=_ask, args=(exam.id, opening.value),
            )  # fmt: skip


def _done(changed: Callable[[], None], told: str, *, ok: bool) -> NoReturn:
    """Say so above the session, once it was read anew."""
    st.session_state[_TOLD] = (told, ok)
    _drop()
    changed()
    st.rerun()


def _miscount(desk: Desk, detailed: Detailed) -> None:
    """The two numbers, and for an admin the way to make one of them."""
    session = detailed.session
    st.warning(wording.drift_words(session), icon=":material/difference:")
    if Act.RUN_BATCHES not in ALLOWED[desk.actor.role] or session.counts is None:
        return
    change = words.change(session.counted, session.counts.seats)
    if st.button(f"Set the seat count {change}", icon=":material/rule:", key="recount"):
        with problems.told("Nothing was changed."):
            asked = desk.core.seat_recount.recount([ExamId(session.exam.id)], desk.acting())
            told = (
                f"The seat count is being set: {words.plain(asked.reason)}. Read the session again "
                "in a moment; while somebody books or cancels there it waits."
            )
            st.session_state[_TOLD] = (told, True)
            st.rerun()


def _ask(exam_id: str, opening: str) -> None:
    st.session_state[_ASKED] = (exam_id, opening)


def _drop() -> None:
    st.session_state.pop(_ASKED, None)


def _batches(desk: Desk, detailed: Detailed) -> None:
    """The previews of the batch pages, with this exam chosen."""
    counts = detailed.session.counts
    if counts is None:
        return
    if counts.owed and st.button(
        f"Refund {words.count(counts.owed, 'credit')} owed …", icon=":material/redo:", key="refund"
    ):
        words_ = f"what is owed for exam {exam_words(detailed.session.exam)}"
        _preview(desk, REFUND.key, ByIds(ids=detailed.owed, words=words_))
    if counts.active and st.button(
        f"Cancel {words.count(counts.active, 'booking')} …", icon=":material/event_busy:",
        key="cancel",
    ):  # fmt: skip
        _preview(desk, CANCEL.key, ByExam(ids=(ExamId(detailed.session.exam.id),)))
    if counts.active and st.button(
        f"Move {words.count(counts.active, 'booking')} …", icon=":material/move_down:", key="move"
    ):
        ways.begin_with_exam(MOVE.key, detailed.session.exam)
        st.switch_page(places.MOVE_BOOKINGS.path)


def _preview(desk: Desk, kind: OperationKind, choice: Selection) -> None:
    with problems.told("Nothing was changed."):
        with st.spinner("Reading the bookings and their students from HubSpot …", show_time=True):
            plan = desk.core.operation_planner.preview(kind, choice, desk.acting())
        st.switch_page(places.OF_KIND[kind].path, query_params={address.PLAN: plan.id})


def _confirm(desk: Desk, exam: Exam, opening: Opening, changed: Callable[[], None]) -> None:
    """Before and after, and the one button that does it."""
    with st.container(border=True, key="confirm"):
        now, _ = wording.opening(exam, desk.now())
        then, _ = wording.OPENING[opening]
        st.markdown(f"**{words.plain(exam_words(exam))}**: {now} {words.ARROW} {then}")
        at = _time(desk, exam) if opening is Opening.SCHEDULED else None
        st.caption(EFFECTS.get(opening) or _when_scheduled(desk))
        with st.container(horizontal=True):
            sure = st.button(
                LABELS[opening], type="primary", key="sure",
                disabled=opening is Opening.SCHEDULED and at is None,
            )  # fmt: skip
            st.button("Not now", key="leave_it", on_click=_drop)
    if sure:
        with problems.told("Refresh the session to see whether it was changed."):
            _change(desk, exam, ExamChange(opening=opening, at=at), changed)


EFFECTS = {
    Opening.ACTIVE: "Students can book it as soon as HubSpot and Supabase have it.",
    Opening.INACTIVE: "Nobody can book it any more. Existing bookings are kept.",
}
LABELS = {
    Opening.ACTIVE: "Activate this session",
    Opening.INACTIVE: "Deactivate this session",
    Opening.SCHEDULED: "Schedule this session",
}


def _when_scheduled(desk: Desk) -> str:
    times = activation.run_times(desk)
    if not times:
        return "No schedule is set: it is activated when an admin runs the activation."
    return f"It is activated by the first scheduled activation after that time: {times}."


def _time(desk: Desk, exam: Exam) -> datetime | None:
    """Day and hour in the reader's own zone; None while it lies in the past."""
    usual = exam.scheduled_activation_at or desk.now() + timedelta(days=1)
    local = usual.astimezone(desk.zone)
    boxes = st.columns([1, 1, 2])
    day = boxes[0].date_input("Day", value=local.date(), key=f"day_{exam.id}", format="YYYY-MM-DD")
    hour = boxes[1].time_input(
        f"Time, {local:%Z}", value=time(local.hour, local.minute - local.minute % 15),
        key=f"hour_{exam.id}",
    )  # fmt: skip
    if day is None or hour is None or isinstance(day, tuple):
        return None
    at = datetime.combine(day, hour, desk.zone).astimezone(UTC)
    if at <= desk.now():
        boxes[2].warning("This time has passed.", icon=":material/history:")
        return None
    return at


def _change(desk: Desk, exam: Exam, change: ExamChange, changed: Callable[[], None]) -> None:
    outcome = desk.core.exam_sessions.change(ExamId(exam.id), change, desk.acting())
    if outcome.fate is Fate.LANDED:
        then, _ = wording.OPENING[change.opening]
        when = f" for {words.exact(change.at, desk.zone)}" if change.at else ""
        _done(changed, f"{words.plain(exam_words(exam))} is now {then}{when}.", ok=True)
    st.error(
        f"{words.plain(outcome.reason or 'HubSpot did not say whether it was changed')}. "
        "Refresh the session before you try again.",
        title="HubSpot did not change it",
        icon=":material/error:",
    )
