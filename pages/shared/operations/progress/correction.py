"""The correction on offer: what it would make of each balance now, the reason, and the button."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.credits.records import Kind
from core.credits.roles import ALLOWED, Act
from core.credits.typed_reasons import REASON_MAX
from core.operations.foreign.changes import ForeignWrite
from core.operations.foreign.corrections import correctable
from core.operations.plans import Plan, Row
from core.operations.states import ENDED, Operation
from core.operations.verdicts import Verdict
from pages.shared import places, problems, tables, words
from pages.shared.gate import Desk
from pages.shared.operations import address
from pages.shared.operations.confirming import second_admin
from pages.shared.students import names

_ASKED = "_correction"


def show(desk: Desk, operation: Operation, found: Sequence[ForeignWrite]) -> None:
    """For an operation that has ended: offered once, told when it was taken.

    ``found``: the changes by others that met its writes.
    """
    if operation.state not in ENDED:
        return
    open_ = desk.core.corrections.open(operation.id, desk.actor)
    if any(write.kind is Kind.EXAM for write in found):
        st.caption("Seat counts are set right on the page of their exam.")
    if not open_:
        if correctable(found):
            st.caption(":material/check: Corrected, or being corrected by an operation.")
        return
    if Act.RUN_BATCHES not in ALLOWED[desk.actor.role]:
        st.caption("An admin can correct these balances here.")
        return
    if st.session_state.get(_ASKED, ("", ""))[0] != operation.id:
        if st.button(
            f"Correct {words.count(len(open_), 'balance')} …", icon=":material/balance:",
            key="correct",
        ):  # fmt: skip
            _ask(desk, operation)
        return
    _offer(desk)


def _ask(desk: Desk, operation: Operation) -> None:
    with problems.told("Nothing was changed."):
        plan = desk.core.corrections.preview(operation.id, desk.acting())
        st.session_state[_ASKED] = (operation.id, plan.id)
        st.rerun()


def _offer(desk: Desk) -> None:
    plan = desk.core.operation_queries.plan(st.session_state[_ASKED][1], desk.actor)
    changing = plan.will_change
    with st.container(border=True, key="correction"):
        table(desk, plan, at_most=240)
        reason = st.text_input(
            "Reason", placeholder="Kept with the operation", max_chars=REASON_MAX, live=True,
            key=f"correction_reason_{plan.id}",
        )  # fmt: skip
        second = second_admin(desk, plan)
        with st.container(horizontal=True):
            act = f"Correct {words.count(len(changing), 'balance')}"
            act = f"Ask for approval: {words.lowered(act)}" if second else act
            ready = bool((reason or "").strip()) and bool(changing)
            sure = st.button(act, type="primary", disabled=not ready, key="correction_sure")
            if st.button("Not now", key="correction_no"):
                _close()
        if sure:
            _confirm(desk, plan, reason or "")


def _confirm(desk: Desk, plan: Plan, reason: str) -> None:
    with problems.told("Nothing was changed."):
        made = desk.core.operation_commands.confirm(plan.id, desk.acting(), reason=reason)
        st.session_state.pop(_ASKED, None)
        st.switch_page(places.OPERATIONS.path, query_params={address.OPERATION: made.id})


def _close() -> None:
    st.session_state.pop(_ASKED, None)
    st.rerun()


def table(desk: Desk, plan: Plan, *, at_most: int = 420) -> None:
    """Each balance now, and as the correction would set it."""
    names.grid(
        desk,
        frame(desk, plan),
        names.of_rows(plan.rows),
        key=f"balances_{plan.id}",
        columns={"Balance": st.column_config.TextColumn(alignment="right")},
        at=0,
        height=tables.height(len(plan.rows), at_most=at_most),
        alt="Each balance now, and as the correction would set it",
    )


def frame(desk: Desk, plan: Plan) -> pd.DataFrame:
    """One row for each balance, as HubSpot has it now."""
    rows: Sequence[Row] = plan.rows
    return pd.DataFrame(
        {
            "Credit": [
                words.credit(row.credit, desk.core.catalogue) if row.credit else "" for row in rows
            ],
            "Changed": [row.booking_name for row in rows],
            "Balance": [_change(row) for row in rows],
            "Verdict": [words.VERDICT[row.verdict] for row in rows],
            "Why": [row.told for row in rows],
        }
    )


def _change(row: Row) -> str:
    if row.verdict is not Verdict.WILL_CHANGE or row.before is None or row.after is None:
        return words.NOTHING
    return words.change(row.before, row.after)
