"""Choosing which balances are adjusted: one student's, or those of a list; and asking for it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.credits.catalogue import BALANCE_MAX
from core.credits.errors import BadList
from core.operations.choosing.adjustment_lists import Asked, AskedList, from_csv
from core.operations.plans import Plan
from core.operations.verdicts import OperationKind
from pages.shared import problems, words
from pages.shared.exports import example_button
from pages.shared.gate import Desk
from pages.shared.operations import address

#: Raises ``BadList`` when nothing, or nothing usable, was given.
Choice = Callable[[], AskedList]

GIVE, TAKE, SET = "Give", "Take", "Set to"
SIGNS = {GIVE: "+", TAKE: "-", SET: "="}
ONE, FILE, PASTED = "One student", "CSV file", "Pasted list"
EXAMPLE = (
    "student,credit,change,reason\n"
    "100234,cs_credits,give 2,Exam moved at short notice\n"
    "sam@example.org,sj_credits,set 0,"
)


def show(desk: Desk, kind: OperationKind) -> None:
    """Nothing on this stage changes anything."""
    st.markdown(
        "Gives or takes credits, or sets a balance, also one that is negative or no number. No "
        "balance goes below 0. Nothing changes until you confirm."
    )
    ways = {ONE: _one, FILE: _file, PASTED: _pasted}
    way = st.segmented_control(
        "Adjust", list(ways), default=ONE, required=True, key=f"{kind}_way", persist_state="session"
    )
    choice = ways[way or ONE](desk)
    if st.button("Preview", type="primary", icon=":material/visibility:", key="preview"):
        with problems.told("Nothing was changed."):
            address.go_to_plan(preview(desk, choice()))


def preview(desk: Desk, asked: AskedList) -> Plan:
    """The preview, stored. Raises what ``AdjustmentPlanner.preview`` raises."""
    with st.spinner("Reading the balances from HubSpot …", show_time=True):
        return desk.core.adjustment_planner.preview(asked, desk.acting())


def change(key: str) -> str:
    """Give, take or set, and how many; as ``read_change`` reads it."""
    with st.container(horizontal=True, vertical_alignment="top"):
        how = st.segmented_control(
            "Change", list(SIGNS), default=GIVE, required=True, key=f"{key}_how"
        )
        number = st.number_input(
            "Credits", min_value=0, max_value=BALANCE_MAX, value=1, step=1, key=f"{key}_number",
            width=150,
        )  # fmt: skip
    return f"{SIGNS[how or GIVE]}{int(number)}"


def _one(desk: Desk) -> Choice:
    student = st.text_input(
        "Student", placeholder="HubSpot id, student id or e-mail", key="adjust_student"
    )
    credit = st.selectbox(
        "Credit",
        desk.core.catalogue.keys,
        format_func=lambda key: words.credit(key, desk.core.catalogue),
        key="adjust_credit",
    )
    asked = change("adjust")
    return lambda: AskedList(rows=(Asked(student=student, credit=credit, change=asked),))


def _file(desk: Desk) -> Choice:
    file = st.file_uploader(
        "CSV file with one change per line", type=["csv", "tsv", "txt"], key="adjust_csv"
    )
    _explained(desk)

    def choice() -> AskedList:
        if file is None:
            raise BadList(["no file is chosen: upload a CSV with a header line"])
        return from_csv(file.getvalue())

    return choice


def _pasted(desk: Desk) -> Choice:
    text = st.text_area(
        "Changes, one per line below the header", height=180, key="adjust_pasted",
        placeholder=EXAMPLE,
    )  # fmt: skip
    _explained(desk)
    return lambda: from_csv((text or "").encode())


def _explained(desk: Desk) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            "Columns: **student** (HubSpot id, student id or e-mail), **credit**, **change** "
            "(give 2, take 2 or set 2) and, if a row has its own, **reason**.",
            width="stretch",
        )
        example_button(desk, EXAMPLE, "adjust-credits", "A file to begin with")
