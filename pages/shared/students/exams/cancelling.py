"""A cancelled exam on its page: the word on it, and the two acts of an admin, cancel and reopen."""

from __future__ import annotations

from typing import NoReturn, Protocol

import streamlit as st

from core.credits.records import CancelledExam, Exam, ExamId
from core.credits.sessions import Opening
from core.credits.typed_reasons import REASON_MAX
from core.hubspot.ports.crm import Fate
from core.operations.choosing.select import exam_words
from pages.shared import problems, words
from pages.shared.gate import Desk
from pages.shared.students.exams import whole

#: The act that waits to be confirmed: exam id and which.
_ASKED = "_exam_cancel_asked"
_CANCEL, _REOPEN = "cancel", "reopen"


class Done(Protocol):
    """Told of what was done, and whether all went well; the page is read anew."""

    def __call__(self, told: str, *, ok: bool) -> NoReturn:
        """Ends this run of the page."""
        ...


EFFECTS = {
    _CANCEL: "The exam is closed for booking, in HubSpot and in Supabase, and stays closed: nobody "
    "can be booked on it or moved to it, and no schedule activates it, until an admin reopens it. "
    "Its bookings are kept, unless you choose to cancel them too.",
    _REOPEN: "The exam stays inactive. Activate or schedule it when students may book it again.",
}
LABELS = {_CANCEL: "Cancel this exam", _REOPEN: "Reopen this exam"}


def standing(exam: Exam, word: CancelledExam) -> None:
    """Who cancelled it and why, and what is to be mended in HubSpot."""
    st.info(
        f"It was {words.plain(str(word))}. Nobody can be booked on it.",
        title="This exam is cancelled",
        icon=":material/event_busy:",
    )
    if exam.is_active != Opening.INACTIVE:
        st.error(
            f"HubSpot holds {words.plain(repr(exam.is_active))}: other apps may still book it. "
            "Close it in HubSpot again.",
            title="The exam is cancelled, yet not closed in HubSpot",
            icon=":material/error:",
        )


def buttons(desk: Desk, exam: Exam, done: Done) -> None:
    """The acts that fit, each with dots: a reason is asked for next."""
    if exam.cancelled is None:
        _button("Cancel exam …", ":material/event_busy:", exam, _CANCEL)
        return
    if exam.is_active != Opening.INACTIVE and st.button(
        "Close in HubSpot", icon=":material/block:", key="close_again"
    ):
        _cancel(desk, exam, exam.cancelled.reason, done)
    _button("Reopen exam …", ":material/event_repeat:", exam, _REOPEN)


def confirm(desk: Desk, exam: Exam, active: int, done: Done) -> None:
    """The act that was asked for: what it does, its reason, and the one button that does it."""
    asked_id, act = st.session_state.get(_ASKED, ("", ""))
    if asked_id != exam.id or (act == _CANCEL) == bool(exam.cancelled):
        return
    with st.container(border=True, key="confirm_cancel"):
        st.markdown(f"**{LABELS[act]}**: {words.plain(exam_words(exam))}")
        st.caption(EFFECTS[act])
        bookings = whole.choose(active) if act == _CANCEL else whole.Bookings.KEPT
        reason = st.text_input("Reason", key=f"reason_{act}", max_chars=REASON_MAX)
        if bookings is not whole.Bookings.KEPT:
            whole.confirm(desk, exam, bookings, reason, lambda: _begun(exam, done))
            st.button("Not now", key="leave_cancel", on_click=_drop)
            return
        with st.container(horizontal=True):
            sure = st.button(
                LABELS[act], type="primary", key="sure_cancel", disabled=not reason.strip()
            )
            st.button("Not now", key="leave_cancel", on_click=_drop)
    if sure and act == _CANCEL:
        _cancel(desk, exam, reason, done)
    elif sure:
        _reopen(desk, exam, reason, done)


def _begun(exam: Exam, done: Done) -> NoReturn:
    _drop()
    done(f"{words.plain(exam_words(exam))} is being cancelled; its report is below.", ok=True)


def _button(label: str, icon: str, exam: Exam, act: str) -> None:
    st.button(label, icon=icon, key=f"ask_{act}_exam", on_click=_ask, args=(exam.id, act))


def _ask(exam_id: str, act: str) -> None:
    st.session_state[_ASKED] = (exam_id, act)


def _drop() -> None:
    st.session_state.pop(_ASKED, None)


def _cancel(desk: Desk, exam: Exam, reason: str, done: Done) -> None:
    with problems.told("Refresh the session to see whether it is cancelled; cancel it again."):
        closing = desk.core.exam_cancellation.cancel(ExamId(exam.id), desk.acting(), reason=reason)
        _drop()
        closed = closing.outcome.fate is Fate.LANDED
        why = closing.outcome.reason or "HubSpot did not say whether it was closed"
        name = words.plain(exam_words(exam))
        if closed:
            done(f"{name} is cancelled and closed for booking.", ok=True)
        done(f"{name} is cancelled at the desk, not in HubSpot: {words.plain(why)}.", ok=False)


def _reopen(desk: Desk, exam: Exam, reason: str, done: Done) -> None:
    with problems.told("Nothing was changed."):
        desk.core.exam_cancellation.reopen(ExamId(exam.id), desk.acting(), reason=reason)
        _drop()
        name = words.plain(exam_words(exam))
        done(f"{name} is reopened. It is inactive until you activate it.", ok=True)
