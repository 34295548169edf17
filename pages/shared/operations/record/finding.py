"""Which operations are shown: filters that stand in the address. Their keys are its names."""

from __future__ import annotations

from datetime import tzinfo

import streamlit as st

from core.operations.sought import EVERY_OPERATION, SoughtOperations
from core.operations.states import ENDED, OperationState
from core.operations.verdicts import OperationKind
from pages.shared import filters, saved_filters, words
from pages.shared.gate import Desk
from pages.shared.saved_filters import Fields

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


FIELDS = Fields(
    page="operations",
    nothing=NOTHING,
    options={NARROW: STATES, KIND: [kind.value for kind in OperationKind]},
    days=(SINCE, UNTIL),
)


def show() -> None:
    """In which state, who, what and when."""
    st.selectbox(
        "State", list(STATES), key=NARROW, width=170, bind="query-params",
        format_func=lambda name: "All states" if name == ALL else name,
    )  # fmt: skip
    filters.typed("Who", BY, "E-mail, or part of it")
    filters.kinds(KIND, width=300)
    filters.days(SINCE, UNTIL)


def show_more(desk: Desk) -> None:
    """Of which exam, and why; the way back to all, and what the reader keeps."""
    told = "Operations on its bookings, or that moved bookings to it"
    filters.typed("Exam", EXAM, "HubSpot record id", told=told)
    told = "In the reason, or in the description of what was chosen"
    filters.typed("Words", WORDS, "In the reason, exam …", told=told)
    filters.the_way_back(clear, narrowed=bool(chosen_states()) or narrows())
    saved_filters.show(desk, FIELDS)


def chosen_states() -> frozenset[OperationState]:
    """Of which states; none: of all, also for a name that is none, from a mended address."""
    return STATES.get(str(st.session_state.get(NARROW)), frozenset())


def narrows() -> bool:
    """Whether anything but a state is chosen."""
    return filters.narrows(NOTHING.keys() - {NARROW})


def sought(zone: tzinfo) -> SoughtOperations:
    """What the other filters say just now. Days are the reader's, the last one whole."""
    if not narrows():
        return EVERY_OPERATION
    return SoughtOperations(
        since=filters.since(SINCE, zone),
        until=filters.until(UNTIL, zone),
        by=filters.text(BY),
        kinds=frozenset(filters.chosen_kinds(KIND)),
        exam_id=filters.text(EXAM),
        words=filters.text(WORDS),
    )


def clear() -> None:
    """Show all operations again. For callbacks."""
    st.session_state.update(NOTHING)
