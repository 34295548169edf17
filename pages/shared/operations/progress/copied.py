"""Whether the mirror has what an ended operation changed: looked at again until it has."""

from __future__ import annotations

import streamlit as st

from core.mirror.store.outbox_port import OutboxState
from core.operations.states import Operation, OperationState
from pages.shared import gate, places, words
from pages.shared.gate import Desk

POLL_S = 1.0
#: Failed copies of which it is found out whether they are of the operation: well below a second.
LOOKED_AT = 1_000
COPIES = {"view": "Copies to Supabase"}


def show(desk: Desk, operation: Operation) -> None:
    """Asks no more once everything is copied."""
    if operation.state is OperationState.CALLED_OFF:
        return
    state = desk.core.copy_queries.state(desk.actor)
    if waiting(operation, state):
        _poll(desk, operation)
    else:
        _copied(desk, operation, state)


def waiting(operation: Operation, state: OutboxState) -> bool:
    """Whether a copy waits that was due before the operation ended: all of its own were."""
    return state.oldest is not None and (
        operation.ended_at is None or state.oldest <= operation.ended_at
    )


@gate.fragment(run_every=POLL_S)
def _poll(desk: Desk, operation: Operation) -> None:
    state = desk.core.copy_queries.state(desk.actor)
    if not waiting(operation, state):
        st.rerun(scope="app")
    on_the_way = words.count(state.due, "copy is", "copies are")
    st.caption(f":material/sync: {on_the_way} on the way to Supabase.")


def _copied(desk: Desk, operation: Operation, state: OutboxState) -> None:
    """As of this look. Copies that were given up are told where they may be of this operation."""
    failed = _failed(desk, operation, state)
    if not failed:
        at = words.exact(desk.now(), desk.zone)
        st.caption(f":material/cloud_done: Supabase has every change, as of {at}.")
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        given_up = words.count(failed, "copy", "copies")
        st.caption(
            f":material/cloud_off: Supabase has every change except {given_up} that failed.",
            width="content",
        )
        st.page_link(
            places.as_page(places.OPERATIONS), label="See which", icon="", query_params=COPIES
        )


def _failed(desk: Desk, operation: Operation, state: OutboxState) -> int:
    """How many of the copies that failed may be of this operation; more than are looked at: all."""
    if not state.dead or state.dead > LOOKED_AT:
        return state.dead
    dead = desk.core.copy_queries.failed(desk.actor, limit=LOOKED_AT)
    return len(desk.core.operation_queries.copies_of(operation, dead, desk.actor))
