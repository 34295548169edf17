"""Asking for a sweep, and for the preview of a repair: what is not allowed is not offered."""

from __future__ import annotations

import streamlit as st

from core.credits.roles import ALLOWED, Act
from core.drift.causes import Cause
from core.drift.sweeps import READING, Sweep, SweepMode
from pages.shared import problems, words
from pages.shared.drift import address
from pages.shared.drift.causes import LOOKS, SHORT
from pages.shared.drift.standing import MODES, Standing
from pages.shared.gate import Desk

#: What each compares, for who has to choose.
COMPARES = {
    SweepMode.KNOWN: "Every record in Supabase, and those that the last check found missing there.",
    SweepMode.FULL: "Every record in Supabase and in HubSpot: also finds rows that Supabase lacks.",
    SweepMode.INCREMENTAL: "Only records that changed in HubSpot since the last one. The quickest.",
}

assert COMPARES.keys() == set(READING), "every check says what it compares"


def may_repair(desk: Desk) -> bool:
    """For looking only: the service asks again."""
    return Act.MEND_MIRROR in ALLOWED[desk.actor.role]


def sweep_button(desk: Desk, standing: Standing) -> None:
    """Which sweep, and go."""
    asked = int(st.session_state.get("_sweeps_asked", 0))  # another key is another, closed one
    with st.popover("Run a check", icon=":material/travel_explore:", key=f"sweep_now_{asked}"):
        mode = st.radio(
            "Compare",
            list(COMPARES),
            format_func=lambda each: MODES[each],
            captions=list(COMPARES.values()),
            key="sweep_mode",
        )
        under_way = any(sweep.mode is mode for sweep in standing.open)
        if st.button(
            f"Start the {MODES[mode].lower()}",
            type="primary",
            key="sweep_begin",
            disabled=under_way,
            help="One is in progress" if under_way else None,
        ):
            with problems.told("No check was started."):
                desk.core.sweep_runner.ask(mode, desk.acting())
                st.session_state["_sweeps_asked"] = asked + 1
                st.rerun()
        st.caption("It changes nothing, and continues when you close this page.")


def copy_button(desk: Desk) -> None:
    """All of HubSpot into a Supabase without rows."""
    if not may_repair(desk):
        st.caption("Only an admin may copy. Ask one to, with this page's address.")
        return
    if st.button(
        "Copy everything", icon=":material/content_copy:", type="primary", key="copy_everything"
    ):
        with problems.told("No copy was started."):
            desk.core.sweep_runner.ask(SweepMode.COPY, desk.acting())
            st.rerun()


def repair_button(desk: Desk, sweep: Sweep) -> None:
    """All of one cause, or of all; the preview comes first."""
    if not may_repair(desk):
        st.caption("Only an admin may repair. Ask one to, with this page's address.")
        return
    counts = desk.core.drift_queries.counts(sweep.id, desk.actor)
    causes = [cause for cause in LOOKS if counts.get(cause) and cause is not Cause.UNREADABLE_VALUE]
    with st.popover(
        "Repair", icon=":material/build:", key="repair_menu", disabled=not causes, type="primary"
    ):
        st.caption("Copies HubSpot's values to Supabase. Nothing changes until you confirm.")
        for cause in causes:
            st.button(
                f"{SHORT[cause]}: {words.count(counts[cause], 'record')}",
                key=f"repair_{cause.name}",
                on_click=address.preview_repair,
                args=(SHORT[cause],),
                width="stretch",
            )
        if len(causes) > 1:
            st.button(
                f"All causes: {words.count(sum(counts.values()), 'record')}",
                key="repair_all",
                on_click=address.preview_repair,
                args=(address.ALL,),
                width="stretch",
            )
