"""Another desk on the same HubSpot account: told before anything is confirmed."""

from __future__ import annotations

import streamlit as st

from core.credits.roles import ALLOWED, Act
from core.credits.typed_reasons import REASON_MAX
from core.operations.desks.takeover import told
from pages.shared import problems
from pages.shared.gate import Desk


def in_the_way(desk: Desk) -> bool:
    """Say which other desk is at work; True: nothing can be confirmed here before that ends."""
    others = desk.core.desks.others()
    if not others.live and not others.taken_over_by:
        return False
    if others.taken_over_by:
        title = "Another desk took over from this one"
        text = f"Desk {others.taken_over_by} writes now, so nothing is written from here."
    else:
        title = "Another Credit Desk works on this HubSpot account"
        text = "; ".join(told(others)) + ". Two desks could refund the same bookings."
    st.error(
        f"{text} Stop the other one, or take over from it.",
        title=title,
        icon=":material/call_split:",
    )
    _take_over(desk)
    return True


def _take_over(desk: Desk) -> None:
    if Act.TAKE_OVER not in ALLOWED[desk.actor.role]:
        st.caption("An admin can take over.")
        return
    with st.container(border=True, key="takeover"):
        st.markdown(
            "Taking over stops the other desk. What it wrote until now counts as known here. "
            "**First make sure that its refunds are finished**: a booking that it refunded and has "
            "not marked waits for your decision when it is refunded here."
        )
        reason = st.text_input(
            "Reason", placeholder="Kept in the audit log", max_chars=REASON_MAX, key="takeover_why"
        )
        if st.button("Take over", disabled=not (reason or "").strip(), key="takeover_sure"):
            done = False
            with problems.told("Nothing was changed."):
                desk.core.desks.take_over(desk.acting(), reason=reason or "")
                done = True
            if done:
                st.rerun()
