"""Whose operation this is, in two lines."""

from __future__ import annotations

import streamlit as st

from core.access.api_key_rules import client_in
from core.audit.retention_rules import NOT_KEPT
from core.hubspot.ports.channels import Channel
from core.operations.kinds.registry import titled
from core.operations.states import Operation, OperationState
from pages.shared import words
from pages.shared.gate import Desk
from pages.shared.operations.choosing.including import included_words

COLOURS = {
    OperationState.AWAITING: ("orange", ":material/how_to_reg:"),
    OperationState.HELD: ("orange", ":material/pause_circle:"),
    OperationState.RUNNING: ("blue", ":material/play_circle:"),
    OperationState.STOPPING: ("orange", ":material/stop_circle:"),
    OperationState.DONE: ("green", ":material/check_circle:"),
    OperationState.STOPPED: ("gray", ":material/stop_circle:"),
    OperationState.CALLED_OFF: ("gray", ":material/undo:"),
}

assert COLOURS.keys() == set(OperationState), "every state has its look"


def title(operation: Operation) -> str:
    """What it is, in Markdown: "Bulk refund of exam Clinical Skills, 4 May 2026"."""
    return words.plain(titled(operation))


def heading(desk: Desk, operation: Operation) -> None:
    """What, who, when, why."""
    colour, icon = COLOURS[operation.state]
    when = words.relative(operation.confirmed_at, desk.now(), desk.zone)
    with st.container(gap="xxsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header(title(operation), anchor=False, width="content")
            st.badge(words.OPERATION[operation.state], icon=icon, color=colour)  # type: ignore[arg-type]
        st.html(
            f"Confirmed by {words.escaped(operation.confirmed_by)}{_via(operation)} {when}. "
            f"{_approval(desk, operation)}{_included(operation)}"
            f"Reason: {words.escaped(operation.reason or NOT_KEPT)}"
            f"{_told(operation)}"
        )


def _told(operation: Operation) -> str:
    """HTML: the reason that the students are told; empty when they are told nothing."""
    if operation.tell is Channel.OFF:
        return ""
    return f"<br>Students are told: {words.escaped(operation.reason_for_students or NOT_KEPT)}"


def _via(operation: Operation) -> str:
    """HTML: the app through which it was confirmed; empty when it was done here."""
    if not operation.via:
        return ""
    return f" through the app {words.escaped(client_in(operation.via))}"


def _included(operation: Operation) -> str:
    """HTML: what was included on purpose; empty when nothing was."""
    if not operation.include:
        return ""
    return f"Includes {words.escaped(included_words(operation.include))} on purpose. "


def _approval(desk: Desk, operation: Operation) -> str:
    """HTML: which second admin said yes, and when; empty when none had to."""
    if operation.approved_at is None:
        return ""
    when = words.relative(operation.approved_at, desk.now(), desk.zone)
    return f"Approved by {words.escaped(operation.approved_by)} {when}. "
