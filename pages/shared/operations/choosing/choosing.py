"""Choosing which bookings are meant, and asking for a preview of them."""

from __future__ import annotations

from collections.abc import Collection
from typing import NoReturn

import streamlit as st

from core.credits.records import ExamId
from core.operations.choosing.select import Selection
from core.operations.kinds.registry import chosen_kind_of, goes_to_exam
from core.operations.terms import ORDINARY, Inclusion
from core.operations.verdicts import OperationKind
from pages.shared import open_exams, problems
from pages.shared.gate import Desk
from pages.shared.operations import address
from pages.shared.operations.choosing import keeping as kept_credits
from pages.shared.operations.choosing.owed import by_owed
from pages.shared.operations.choosing.ways import WAYS, Way

#: In an address: the way to choose that a link leads to.
BY = "by"
OWED = "Owed"


def show(desk: Desk, kind: OperationKind, *, keeping: OperationKind | None = None) -> None:
    """Nothing on this stage changes anything. ``keeping``: what may be chosen in its place."""
    made = kind
    if keeping is not None and kept_credits.choose(keeps=False, key=f"{kind}_credits"):
        made = keeping
    of = chosen_kind_of(made)
    st.markdown(f"{of.words.choosing} Nothing changes until you confirm.")
    ways: dict[str, Way] = {**WAYS, OWED: by_owed} if of.of_owed else WAYS
    linked = st.query_params.pop(BY, None)
    if linked in ways:
        st.session_state[f"{kind}_way"] = linked
    way = st.segmented_control(
        "Choose bookings by",
        list(ways),
        default=None if f"{kind}_way" in st.session_state else next(iter(ways)),
        required=True,
        key=f"{kind}_way",
        persist_state="session",
    )
    choice = ways[way or next(iter(ways))](desk, kind)
    to, lacks = _target(desk, kind)
    lacks = lacks if choice else "Fix the errors above"
    pressed = st.button(
        "Preview",
        type="primary",
        icon=":material/visibility:",
        key="preview",
        disabled=bool(lacks),
        help=lacks or None,
    )
    if pressed and choice is not None:
        with problems.told("Nothing was changed."):
            preview(desk, made, choice(), to=to)


def _target(desk: Desk, kind: OperationKind) -> tuple[ExamId | None, str]:
    """Of a move, the exam that the bookings go to; and what is lacking, if anything is."""
    if not goes_to_exam(kind):
        return None, ""
    to = None
    with problems.told("Nothing was read, and nothing was changed."):
        to = open_exams.choose(desk, f"{kind}_to")
    return to, "" if to else "Choose the exam to move to"


def preview(
    desk: Desk,
    kind: OperationKind,
    selection: Selection,
    *,
    to: ExamId | None = None,
    include: frozenset[Inclusion] = ORDINARY,
    without: Collection[str] = (),
) -> NoReturn:
    """Read the bookings, store the plan and go to it. ``without``: those left out.

    ``to``: of a move, the exam that they go to.
    ``include``: what the admin includes on purpose that is blocked otherwise.

    Raises what ``OperationPlanner.preview`` raises.
    """
    with st.spinner("Reading the bookings and their students from HubSpot …", show_time=True):
        plan = desk.core.operation_planner.preview(
            kind, selection, desk.acting(), to=to, include=include, without=without
        )
    address.go_to_plan(plan)
