"""One session, live from HubSpot: its seats and bookings, and what an admin can do with it."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from core.credits.exam_times import hours
from core.credits.records import ExamId, Kind
from core.operations.choosing.select import exam_words
from core.students.exam_sessions import Detailed
from core.work.clocks import within
from pages.shared import problems, words
from pages.shared.gate import Desk
from pages.shared.operations.figures import cards
from pages.shared.students import names
from pages.shared.students.exams import acts, address, attendees, whole, wording

NOT_READ = "Nothing was read, and nothing was changed."
KEPT = timedelta(seconds=60)
_KEPT = "_exam_open"


def show(desk: Desk, id_: ExamId) -> None:
    """Everything that is known of the session with this id."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "All sessions", icon=":material/arrow_back:", on_click=address.leave, type="tertiary"
        )
        st.space("stretch")
        st.button("Refresh from HubSpot", icon=":material/refresh:", on_click=forget, key="again")
    acts.tell(desk)
    detailed = None
    with problems.told(NOT_READ):
        detailed = _read(desk, id_) if id_.isdecimal() else None
        if detailed is None:
            _unknown(id_)
            return
        _heading(desk, detailed)
        _figures(detailed)
        acts.show(desk, detailed, forget)
        whole.show(desk, detailed.session.exam, forget)
        attendees.show(desk, detailed)


def forget() -> None:
    """Read anew from now on."""
    st.session_state.pop(_KEPT, None)


def _read(desk: Desk, id_: ExamId) -> Detailed | None:
    kept: Detailed | None = st.session_state.get(_KEPT)
    if kept is not None and kept.session.exam.id == id_ and within(kept.read_at, desk.now(), KEPT):
        return kept
    with st.spinner("Reading the session from HubSpot …"):
        read = desk.core.exam_sessions.session(id_, desk.actor)
    st.session_state[_KEPT] = read
    return read


def _unknown(id_: str) -> None:
    st.info(
        "The address may be cut short, or the exam was deleted in HubSpot.",
        title=f"HubSpot has no exam {words.plain(id_)}",
        icon=":material/event_busy:",
    )


def _heading(desk: Desk, detailed: Detailed) -> None:
    exam = detailed.session.exam
    told, colour = wording.opening(exam, desk.now())
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header(words.plain(exam_words(exam)), anchor=False, width="content")
            st.badge(told, color=colour)  # type: ignore[arg-type]
        at = exam.scheduled_activation_at
        facts = [hours(exam, desk.core.zone), exam.name, f"HubSpot {exam.id}"]
        due = at if told not in {"✓ Active", wording.CANCELLED[0]} else None
        facts += [f"activates {words.exact(due, desk.zone)}"] if due else []
        read = words.relative(detailed.read_at, desk.now(), desk.zone)
        shown = " · ".join(words.escaped(fact) for fact in facts if fact)
        st.html(f"{shown} · read from HubSpot {read}")
        names.elsewhere(desk, Kind.EXAM, exam.id)


def _figures(detailed: Detailed) -> None:
    session, counts = detailed.session, detailed.session.counts
    if counts is None:
        return
    cards(
        [
            ("Seats taken", wording.seats(session)),
            ("Active", words.count(counts.active, "booking")),
            ("Completed", words.count(counts.completed, "booking")),
            ("Cancelled", words.count(counts.cancelled, "booking")),
            ("Owed", words.count(counts.owed, "credit")),
        ],
        in_a_row=5,
    )
