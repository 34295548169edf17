"""Telling the students: asked for at the confirmation, shown with the result, and told again."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.credits.roles import ALLOWED, Act
from core.credits.typed_reasons import REASON_MAX
from core.hubspot.ports.channels import Channel
from core.operations.plans import Plan
from core.operations.states import ENDED, Item, Operation, OperationState
from core.operations.telling.rules import TELLABLE_AGAIN, Telling, TellingState
from core.operations.telling.told import StudentNotices
from core.students.names import Student
from pages.shared import problems, tables, words
from pages.shared.gate import Desk
from pages.shared.students import names

#: Of the table of those who were not told: it stands above the bookings.
ROWS_PX = 240
HOW = {
    Channel.PROPERTIES: "HubSpot mails each student once, by the workflow that the school made "
    "for it, when their bookings are done.",
    Channel.SINGLE_SEND: "HubSpot mails each student once, by the school's e-mail template, when "
    "their bookings are done.",
}


def ask(desk: Desk, plan: Plan, *, key: str) -> str | None:
    """The reason that the students are to be told, as far as it is typed; None: tell nobody.

    Nothing is drawn where the settings tell nobody.
    """
    telling = desk.core.student_notices
    if not telling.offered(plan):
        return None
    wanted = st.checkbox("Tell the students", key=f"tell_{key}", help=HOW[telling.by.channel])
    if not wanted:
        return None
    reason = st.text_input(
        "Reason for students",
        placeholder="Sent to each student. The reason above stays inside the school.",
        max_chars=REASON_MAX,
        live=True,
        key=f"students_{key}",
    )
    _preview(telling, plan, reason or "")
    return (reason or "").strip()


def _preview(telling: StudentNotices, plan: Plan, reason: str) -> None:
    said = telling.preview(plan, reason)
    if said is None:
        return
    whose = next(row for row in plan.will_change if row.contact_id == said.contact_id)
    name = words.plain(whose.contact_name or said.contact_id)
    st.caption(f"What {name} is told; every student reads of their own bookings.")
    with st.container(border=True, key="told_text", gap="xxsmall"):
        for line in said.text.splitlines():
            st.text(line)


def told(desk: Desk, operation: Operation) -> None:
    """How many were told, and each who was not, or perhaps not, with the reason."""
    counts = desk.core.student_notices.counts(operation)
    if operation.tell is Channel.OFF or operation.state is OperationState.CALLED_OFF:
        return
    n = counts.get(TellingState.TOLD, 0)
    others = [f"{number:,} {s.value}" for s, number in counts.items() if s is not TellingState.TOLD]
    said = ", ".join([words.count(n, "student was told", "students were told"), *others])
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/mail: {said}.", width="content")
        _again(desk, operation, sum(counts.get(state, 0) for state in TELLABLE_AGAIN))
    if found := _not_told(desk, operation):
        names.grid(
            desk,
            frame(found),
            [Student(one.contact_id, item.contact_name) for one, item in found],
            key=f"not_told_{operation.id}",
            columns={
                "Told": st.column_config.TextColumn(width=90),
                "Why": st.column_config.TextColumn(width=540),
            },
            at=0,
            height=tables.height(len(found), at_most=ROWS_PX),
            alt="Every student who was not told, or perhaps not, with the reason",
        )


def frame(found: Sequence[tuple[Telling, Item]]) -> pd.DataFrame:
    """Who was not told, and why."""
    return pd.DataFrame(
        {
            "Told": [words.sentence(one.state.value) for one, _ in found],
            "Why": [words.sentence(one.detail) for one, _ in found],
            "E-mail": [item.contact_email or words.NOTHING for _, item in found],
        }
    )


def _again(desk: Desk, operation: Operation, number: int) -> None:
    """The button that tells those who were not told, and no one else."""
    if not number or operation.state not in ENDED or not _may(desk, Act.RUN_BATCHES):
        return
    if st.button(
        f"Tell {words.count(number, 'student')} again",
        icon=":material/forward_to_inbox:",
        key="tell_again",
        help="Nobody gets a second e-mail: HubSpot drops it where the first one was sent.",
    ):
        with problems.told("Nobody was told."):
            desk.core.student_notices.again(operation.id, desk.acting())
            st.rerun()


def _not_told(desk: Desk, operation: Operation) -> list[tuple[Telling, Item]]:
    if not _may(desk, Act.WATCH):
        return []
    return desk.core.student_notices.not_told(operation.id, desk.actor)


def _may(desk: Desk, act: Act) -> bool:
    return act in ALLOWED[desk.actor.role]
