"""Balance changes by others that met this operation's writes, and what puts them right."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from core.credits.catalogue import BALANCE_MAX
from core.credits.records import Kind
from core.credits.roles import ALLOWED, Act
from core.operations.foreign import words as foreign_words
from core.operations.foreign.corrections import name_of
from core.operations.foreign.words import ForeignFinding, Remedy
from core.operations.states import Operation
from core.students.names import NOBODY, Student
from pages.shared import problems, tables, words
from pages.shared.gate import Desk
from pages.shared.operations import address
from pages.shared.operations.progress import correction
from pages.shared.students import names

#: Undecided ones with their boxes at a time.
BOXES_MAX = 5
SAID: dict[Remedy, str] = {
    Remedy.CORRECTED: "✓ Corrected",
    Remedy.OFFERED: "! Correction on offer",
    Remedy.DECISION: "! Needs a decision",
    Remedy.RECOUNT: "Recount on the exam's page",
    Remedy.NONE: "✓ Nothing to correct",
}
assert SAID.keys() == set(Remedy), "every remedy has its words"


def show_foreign(desk: Desk, operation: Operation) -> None:
    """Whose, who, when, every value and the correction. Nothing when there is none."""
    found = desk.core.corrections.findings(operation.id, desk.actor)
    if not found:
        return
    open_ = [each for each in found if each.remedy in {Remedy.OFFERED, Remedy.DECISION}]
    told = (
        "Somebody else changed these numbers in HubSpot while this operation wrote them. HubSpot "
        "keeps the last value, so one of the two changes was lost."
    )
    title = words.count(len(found), "overwritten change")
    if open_:
        st.warning(told, title=title, icon=":material/call_split:")
    else:
        st.info(told, title=title, icon=":material/call_split:")
    names.grid(
        desk,
        foreign_frame(desk, found),
        [_whose(each) for each in found],
        key=f"foreign_{operation.id}",
        columns={
            "What happened": st.column_config.TextColumn(width="large"),
            "Changed": st.column_config.DatetimeColumn(format="distance", timezone=str(desk.zone)),
            "Correction": st.column_config.TextColumn(alignment="right", width=110),
        },
        height=tables.height(len(found), at_most=240),
        alt="Changes by others at the same time, with the correction of each",
    )
    _decisions(desk, operation, [each for each in found if each.remedy is Remedy.DECISION])
    correction.show(desk, operation, [each.foreign for each in found])


def foreign_frame(desk: Desk, found: Sequence[ForeignFinding]) -> pd.DataFrame:
    """One row for each change."""
    changes = [each.foreign for each in found]
    return pd.DataFrame(
        {
            names.STUDENT: [_record(each) for each in found],
            "Credit": [words.credit(w.credit, desk.core.catalogue) for w in changes],
            "Correction": ["?" if w.undecided else f"{w.correction:+d}" for w in changes],
            "Status": [SAID[each.remedy] for each in found],
            "What happened": [foreign_words.told(w) for w in changes],
            "Changed by": [desk.core.account_directory.named(foreign_words.by(w)) for w in changes],
            "Changed": [w.at for w in changes],
        }
    )


def _whose(found: ForeignFinding) -> Student:
    """Nobody's: a seat count."""
    of_student = found.foreign.kind is Kind.CONTACT
    return Student(found.foreign.target_id, found.student) if of_student else NOBODY


def _record(found: ForeignFinding) -> str:
    return _whose(found).told or f"Exam {found.foreign.target_id}"


def _decisions(desk: Desk, operation: Operation, found: Sequence[ForeignFinding]) -> None:
    """One box for each change whose values allow more than one explanation."""
    for each in found[:BOXES_MAX]:
        _decision(desk, operation, each)
    if len(found) > BOXES_MAX:
        st.caption(f"{len(found) - BOXES_MAX:,} more appear when these are decided.")


def _decision(desk: Desk, operation: Operation, found: ForeignFinding) -> None:
    change, name = found.foreign, name_of(found.foreign)
    who = words.plain(_record(found))
    credit = words.credit(change.credit, desk.core.catalogue)
    with st.container(border=True, key=f"judge_{_safe(name)}"):
        st.markdown(
            f"**Is a credit lost? {who}, {credit}**: {words.plain(foreign_words.told(change))}."
        )
        if Act.RUN_BATCHES not in ALLOWED[desk.actor.role]:
            st.caption("An admin can decide this here.")
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            due = st.number_input(
                "Credits due", value=0, step=1, min_value=-BALANCE_MAX, max_value=BALANCE_MAX,
                key=f"due_{name}", width=140, help="0: nothing is lost",
            )  # fmt: skip
            why = st.text_input(
                "How do you know?", key=f"judged_{name}", live=True, width=420,
                placeholder="For example: the student's bookings of that minute",
            )  # fmt: skip
            st.button(
                "Save decision",
                key=f"judge_sure_{name}",
                disabled=not (why or "").strip(),
                on_click=partial(_decide, desk, operation, name, int(due or 0), why or ""),
            )
        problems.show_kept(f"unjudged_{name}", "Nothing was decided.")


def _safe(name: str) -> str:
    return "".join(one if one.isalnum() else "_" for one in name)


def _decide(desk: Desk, operation: Operation, name: str, by: int, why: str) -> None:
    with problems.kept(f"unjudged_{name}"):
        desk.core.corrections.decide(operation.id, name, by, desk.acting(), why)
        st.query_params.from_dict({address.OPERATION: operation.id})
