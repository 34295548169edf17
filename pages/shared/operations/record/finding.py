"""Which operations are shown: filters that stand in the address. Their keys are its names."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any

import streamlit as st

from core.operations.sought import EVERY_OPERATION, SoughtOperations
from core.operations.states import ENDED, OperationState
from core.operations.verdicts import OperationKind
from pages.shared import filters, words

NARROW, BY, KIND, SINCE, UNTIL, EXAM, WORDS = "narrow", "by", "kind", "from", "to", "exam", "words"
ALL = "All"
STATES: dict[str, frozenset[OperationState]] = {
    ALL: frozenset(),
    "Awaiting approval": frozenset({OperationState.AWAITING}),
    "In progress": frozenset(OperationState) - ENDED,
    "Ended": ENDED,
    **{words.OPERATION[state]: frozenset({state}) for state in OperationState if state in ENDED},
}
NOTHING: dict[str, object] = {
    NARROW: ALL, BY: "", KIND: [], SINCE: None, UNTIL: None, EXAM: "", WORDS: "",
}  # fmt: skip


def show() -> None:
    """In which state, who, what and when."""
    bound: dict[str, Any] = {"bind": "query-params"}
    days: dict[str, Any] = {**bound, "value": None, "width": 150, "format": "YYYY-MM-DD"}
    st.selectbox(
        "State", list(STATES), key=NARROW, width=170, **bound,
        format_func=lambda name: "All states" if name == ALL else name,
    )  # fmt: skip
    st.text_input(
        "Who", placeholder="E-mail, or part of it", key=BY, width=170, type="search", **bound
    )
    st.multiselect(
        "Kinds", list(OperationKind), format_func=words.KIND.__getitem__, placeholder="All kinds",
        key=KIND, width=300, **bound,
    )  # fmt: skip
    st.date_input("From", key=SINCE, **days)
    st.date_input("To", key=UNTIL, **days)


def show_more() -> None:
    """Of which exam, and why; the way back to all."""
    typed: dict[str, Any] = {"bind": "query-params", "type": "search", "width": 170}
    st.text_input(
        "Exam", placeholder="HubSpot record id", key=EXAM, **typed,
        help="With bookings of it, or moved to it",
    )  # fmt: skip
    st.text_input(
        "Words", placeholder="Of the reason, exam …", key=WORDS, **typed,
        help="In the reason, or in what was chosen",
    )  # fmt: skip
    filters.the_way_back(clear, narrowed=bool(chosen_states()) or narrows())


def chosen_states() -> frozenset[OperationState]:
    """Of which states; none: of all, also for a name that is none, from a mended address."""
    return STATES.get(str(st.session_state.get(NARROW)), frozenset())


def narrows() -> bool:
    """Whether anything but a state is chosen."""
    return any(st.session_state.get(key) for key in NOTHING if key != NARROW)


def sought(zone: tzinfo) -> SoughtOperations:
    """What the other filters say just now. Days are the reader's, the last one whole."""
    if not narrows():
        return EVERY_OPERATION
    kinds = st.session_state.get(KIND) or ()
    return SoughtOperations(
        since=filters.since(SINCE, zone),
        until=filters.until(UNTIL, zone),
        by=filters.text(BY),
        kinds=frozenset(kind for kind in kinds if kind in set(OperationKind)),
        exam_id=filters.text(EXAM),
        words=filters.text(WORDS),
    )


def clear() -> None:
    """Show all operations again. For callbacks."""
    st.session_state.update(NOTHING)
