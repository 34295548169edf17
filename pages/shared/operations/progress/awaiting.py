"""An operation that waits for a second admin: who can say yes, what to, and the two buttons."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from core.credits.roles import ALLOWED, Act
from core.credits.typed_reasons import REASON_MAX
from core.operations.approve import Reread
from core.operations.kinds.base import RowSubject
from core.operations.kinds.registry import kind_of
from core.operations.plans import Plan
from core.operations.states import Operation, OperationState
from pages.shared import gate, other_desks, problems, words
from pages.shared.gate import Desk
from pages.shared.operations import address, confirming
from pages.shared.operations.choosing import previewing, renewing
from pages.shared.operations.heading import heading
from pages.shared.operations.progress import correction

POLL_S = 2.0
#: Differences told in full; the table below has the rest.
TOLD_MAX = 5


def show(desk: Desk, operation: Operation) -> None:
    """Until somebody approved it or called it off."""
    _watch(desk, operation.id)
    if operation.is_by(desk.actor.email):
        _for_the_asker(desk, operation)
    elif Act.RUN_BATCHES in ALLOWED[desk.actor.role]:
        if faults := desk.core.approvals.person_faults(operation, desk.actor.email):
            st.warning(
                "\n".join(f"- {words.plain(fault)}." for fault in faults),
                title="You cannot approve this operation",
                icon=":material/lock:",
            )
            _plan(desk, desk.core.operation_queries.plan(operation.id, desk.actor))
        else:
            _for_another_admin(desk, operation)
    else:
        st.caption(f"{words.either(_others(desk, operation))} can approve or refuse it here.")
        _plan(desk, desk.core.operation_queries.plan(operation.id, desk.actor))


@gate.fragment(run_every=POLL_S)
def _watch(desk: Desk, operation_id: str) -> None:
    operation = desk.core.operation_queries.operation(operation_id, desk.actor)
    if operation.state is not OperationState.AWAITING:
        st.rerun(scope="app")
    heading(desk, operation)
    left = words.span(operation.hold_until - desk.now())
    st.info(
        f"It is {operation.needs_approval}: an admin other than "
        f"{words.plain(operation.confirmed_by)} must approve it within {left}, or it is "
        "withdrawn. Nothing has been changed yet.",
        title="Awaiting a second admin",
        icon=":material/how_to_reg:",
    )


def _others(desk: Desk, operation: Operation) -> list[str]:
    return desk.core.approvals.whom_to_ask(operation) or ["Another admin, once there is one,"]


def _for_the_asker(desk: Desk, operation: Operation) -> None:
    with st.container(border=True, key="asked"):
        st.markdown(
            f"**Send this to {words.either(_others(desk, operation))}.** You confirmed it, so "
            "your own approval would not count."
        )
        st.code(_link(operation), language=None)
        if st.button("Withdraw", icon=":material/undo:", key="call_off"):
            with problems.told("It is still pending."):
                ended = desk.core.operation_commands.call_off(operation.id, desk.acting())
                address.go_to_operation(ended)
    _plan(desk, desk.core.operation_queries.plan(operation.id, desk.actor))


def _link(operation: Operation) -> str:
    """This page's own address, for whoever is to approve it."""
    here = (st.context.url or "").partition("?")[0]
    return f"{here}?{urlencode({address.OPERATION: operation.id})}"


def _for_another_admin(desk: Desk, operation: Operation) -> None:
    found = _reread(desk, operation)
    if found is None:
        return
    with st.container(border=True, key="approve_box"):
        if found.differences:
            _differs(desk, operation, found)
        elif not other_desks.in_the_way(desk):
            _yes(desk, operation, found)
        _no(desk, operation)
    _plan(desk, found.plan)


def _reread(desk: Desk, operation: Operation) -> Reread | None:
    """Read once for each visit and at each *Read again*; approving reads anew in any case."""
    key = f"reread_{operation.id}"
    if key not in st.session_state or st.session_state.pop(f"{key}_again", False):
        st.session_state.pop(key, None)
        with problems.told("It is still pending."), st.spinner("Reading it from HubSpot …"):
            st.session_state[key] = desk.core.approvals.read(operation.id, desk.acting())
    if key not in st.session_state:
        st.button("Refresh from HubSpot", icon=":material/refresh:", key="again")
        return None
    found: Reread = st.session_state[key]
    return found


def _ask_again(key: str) -> None:
    st.session_state[key] = True


def _yes(desk: Desk, operation: Operation, found: Reread) -> None:
    now = desk.now()
    held = desk.core.operation_commands.holding.until(now, undoes=operation.undoes)
    hold = words.span(held - now)
    with st.container(horizontal=True, vertical_alignment="center"):
        if st.button(
            f"Approve: {words.lowered(confirming.act(found.plan))}", type="primary", key="approve"
        ):
            st.session_state.pop(f"reread_{operation.id}", None)  # whatever it says, it is old now
            with problems.told("It is still pending; nothing was changed."):
                done = desk.core.approvals.approve(operation.id, desk.acting())
                address.go_to_operation(done)
        st.caption(
            "What would be done now, read from HubSpot "
            f"{words.ago(found.plan.made_at, desk.now())}. It starts {hold} after you approve."
        )
        _again_button(operation)


def _again_button(operation: Operation) -> None:
    st.button(
        "Refresh from HubSpot", icon=":material/refresh:", key="again", type="tertiary",
        on_click=_ask_again, args=(f"reread_{operation.id}_again",),
    )  # fmt: skip


def _differs(desk: Desk, operation: Operation, found: Reread) -> None:
    told = [f"- {words.plain(str(each))}" for each in found.differences[:TOLD_MAX]]
    if len(found.differences) > TOLD_MAX:
        told.append(f"- and {len(found.differences) - TOLD_MAX:,} more")
    st.warning(
        "\n".join(told),
        title=f"{words.count(len(found.differences), 'booking')} can no longer be done as "
        "requested",
        icon=":material/difference:",
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        renewing.button(desk, operation, "Withdraw and preview again")
        st.caption("It cannot be approved as requested. Nothing was changed.")
        _again_button(operation)


def _no(desk: Desk, operation: Operation) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        why = st.text_input(
            "Why not?", placeholder="Kept for the person who asked", live=True, width=420,
            max_chars=REASON_MAX, key=f"refuse_why_{operation.id}",
        )  # fmt: skip
        ready = bool((why or "").strip())
        if st.button("Refuse", icon=":material/block:", key="refuse", disabled=not ready):
            with problems.told("It is still pending."):
                ended = desk.core.approvals.refuse(operation.id, desk.acting(), why or "")
                address.go_to_operation(ended)


def _plan(desk: Desk, plan: Plan) -> None:
    """All of it, before and after."""
    if kind_of(plan.kind).subject is RowSubject.BALANCE:
        correction.table(desk, plan)
        return
    previewing.totals(desk, plan)
    previewing.rows(desk, plan, choosable=False)
