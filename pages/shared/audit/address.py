"""What the address says: which entries are shown. Its names are the keys of the filters."""

from __future__ import annotations

from datetime import tzinfo

import streamlit as st

from core.audit.entries import Sought, What
from core.operations.verdicts import OperationKind
from pages.shared import filters
from pages.shared.saved_filters import Fields

WHO, ACT, OPERATION, SINCE, UNTIL = "who", "act", "operation", "from", "to"
CONTACT, BOOKING, EXAM = "contact", "booking", "exam"
KIND, WORDS, EVERY = "kind", "words", "every"
NOTHING: dict[str, object] = {
    WHO: "", ACT: [], OPERATION: "", CONTACT: "", BOOKING: "", SINCE: None, UNTIL: None,
    EXAM: "", KIND: [], WORDS: "",
}  # fmt: skip
FIELDS = Fields(
    page="audit",
    nothing=NOTHING,
    options={ACT: [what.value for what in What], KIND: [kind.value for kind in OperationKind]},
    days=(SINCE, UNTIL),
)
#: Whoever asks for one of these wants all that was done to it.
IN_FULL = (ACT, OPERATION, CONTACT, BOOKING)


def sought(zone: tzinfo) -> Sought:
    """What the filters say just now. Days are the reader's, the last one whole."""
    acts = {what.value for what in What}
    return Sought(
        since=filters.since(SINCE, zone),
        until=filters.until(UNTIL, zone),
        actor=filters.text(WHO),
        what=tuple(each for each in st.session_state.get(ACT) or () if each in acts),
        operation_id=filters.text(OPERATION),
        contact_id=filters.text(CONTACT),
        booking_id=filters.text(BOOKING),
        exam_id=filters.text(EXAM),
        kinds=tuple(kind.value for kind in filters.chosen_kinds(KIND)),
        words=filters.text(WORDS),
        acts_only=not filters.narrows((EVERY, *IN_FULL)),
    )


def narrows() -> bool:
    """Whether something is left out beside what stands behind the acts."""
    return filters.narrows(NOTHING)


def clear() -> None:
    """Show all acts again. For callbacks."""
    st.session_state.update(NOTHING)


def behind(operation_id: str) -> None:
    """Show all that an operation did. For callbacks."""
    st.session_state.update(NOTHING | {OPERATION: operation_id})
