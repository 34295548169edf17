"""Including on purpose what is blocked otherwise: attended bookings, exams that have begun."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.operations.kinds.permissions import includable
from core.operations.plans import Plan
from core.operations.terms import Inclusion
from pages.shared import words

#: One booking, several, and what including them means.
NAMES = {
    Inclusion.ATTENDED: ("attended booking", "attended bookings"),
    Inclusion.PAST: ("booking of a past exam", "bookings of past exams"),
    Inclusion.FORFEITED: ("booking whose credit was kept", "bookings whose credits were kept"),
}
MEANINGS = {
    Inclusion.ATTENDED: "The student was there, or the attendance in HubSpot cannot be read.",
    Inclusion.PAST: "The exam has begun or is over, or its date in HubSpot cannot be read.",
    Inclusion.FORFEITED: "It was cancelled without refund on purpose. Its credit is given back "
    "after all, and it counts as forfeited no more.",
}
#: What an operation says of itself.
INCLUDED = {
    Inclusion.ATTENDED: "attended bookings",
    Inclusion.PAST: "exams that have begun or are over",
    Inclusion.FORFEITED: "credits that were kept on purpose",
}

assert NAMES.keys() == MEANINGS.keys() == INCLUDED.keys() == set(Inclusion), "each has its words"


def show(plan: Plan, again: Callable[[frozenset[Inclusion]], None]) -> None:
    """What is included on purpose, and what could be. ``again`` makes a preview that includes it.

    For admins: nobody else may make such a preview.
    """
    found = includable(plan)
    if not found and not plan.include:
        return
    told = "Blocked unless you include them on purpose and give the reason."
    if plan.include:
        included = included_words(plan.include)
        told = f":material/warning: **Includes {included} on purpose.** Your reason is recorded."
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="include"):
        for one, n in found.items():
            label = f"Include {words.count(n, *NAMES[one])}"
            if st.button(label, icon=":material/rule:", key=f"include_{one}", help=MEANINGS[one]):
                again(plan.include | {one})
        if plan.include and st.button("Exclude them", icon=":material/undo:", key="exclude"):
            again(frozenset())
        st.markdown(told, width="stretch")


def included_words(include: frozenset[Inclusion]) -> str:
    """In a sentence: attended bookings and exams that have begun or are over."""
    return " and ".join(INCLUDED[one] for one in Inclusion if one in include)
