"""Undo of a refund: what became of it, where it is offered, and why other kinds have none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.credits.roles import ALLOWED, Act
from core.operations.kinds.base import RowSubject
from core.operations.kinds.registry import by_kind, kind_of
from core.operations.states import ENDED, ItemState, Operation, OperationState
from core.operations.verdicts import OperationKind
from pages.shared import places, problems, words
from pages.shared.gate import Desk
from pages.shared.operations import address

#: What an undo of this kind takes back, or an operation that can be undone is.
UNDONE: Mapping[OperationKind, str] = by_kind(
    lambda kind: "adjustment" if kind.subject is RowSubject.ADJUSTMENT else "refund"
)
WRONG: Mapping[OperationKind, str] = by_kind(
    lambda kind: (
        "Adjusted the wrong balances?"
        if kind.subject is RowSubject.ADJUSTMENT
        else "Refunded the wrong students?"
    )
)


def told(desk: Desk, operation: Operation) -> None:
    """For whoever reads a result: what it took back, or what took it back."""
    if operation.undoes:
        of = UNDONE[operation.kind]
        _link(f"The {of} that this takes back", operation.undoes, ":material/redo:")
        return
    for undo in _asked(desk, operation):
        what = _taken(desk, undo) if undo.state in ENDED else "Being taken back"
        when = words.ago(undo.confirmed_at, desk.now())
        label = f"{what} by {words.plain(undo.confirmed_by)}, asked for {when}"
        _link(label, undo.id, ":material/undo:")


def _taken(desk: Desk, undo: Operation) -> str:
    """What an undo has done: credits that went, or balances that were changed back."""
    progress = desk.core.operation_queries.progress(undo.id, desk.actor)
    if _adjusts(undo):
        done = progress.states.get(ItemState.DONE, 0)
        return f"{words.count(done, 'balance')} changed back"
    return f"{words.count(-sum(progress.net.values()), 'credit')} taken back"


def _adjusts(operation: Operation) -> bool:
    return kind_of(operation.kind).subject is RowSubject.ADJUSTMENT


def _link(label: str, operation_id: str, icon: str) -> None:
    params = {address.OPERATION: operation_id}
    st.page_link(places.as_page(places.OPERATIONS), label=label, icon=icon, query_params=params)


def offer(desk: Desk, operation: Operation) -> None:
    """At the other end of the page's last line: what it takes away stands by no harmless button."""
    if operation.state is OperationState.CALLED_OFF or operation.state not in ENDED:
        return
    kind = kind_of(operation.kind)
    if kind.cancels:  # where people look for it
        st.caption(f"{words.sentence(kind.words.not_undone)}.")
    if kind.not_undone(operation) or not _left(desk, operation):
        return
    of = UNDONE[operation.kind]
    if Act.RUN_BATCHES not in ALLOWED[desk.actor.role]:
        st.caption(f"An admin can undo this {of} here.")
        return
    with st.container(
        horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="undoing"
    ):
        st.caption(
            f"{WRONG[operation.kind]} A preview shows what would be taken back.",
            width="content",
        )
        if st.button(f"Undo this {of} …", icon=":material/undo:", key="undo"):
            _preview(desk, operation)


def _preview(desk: Desk, operation: Operation) -> None:
    with problems.told("Nothing was changed."):
        with st.spinner("Reading it from HubSpot …", show_time=True):
            plan = desk.core.undo_planner.preview(operation.id, desk.acting())
        place = places.OF_KIND[plan.kind]
        st.switch_page(place.path, query_params={address.PLAN: plan.id})


def _left(desk: Desk, operation: Operation) -> int:
    """How many credits of it, or changed balances, nobody took back or is taking back."""
    asked = _asked(desk, operation)
    if any(undo.state not in ENDED for undo in asked):
        return 0  # it says so above; what it leaves is offered when it has ended
    ids = [operation.id, *(undo.id for undo in asked)]
    found = desk.core.operation_queries.progress_of(ids, desk.actor)
    if _adjusts(operation):
        made, *back = [found[id_].states.get(ItemState.DONE, 0) for id_ in ids]
        return made - sum(back)
    return sum(sum(progress.net.values()) for progress in found.values())


def _asked(desk: Desk, operation: Operation) -> Sequence[Operation]:
    """Without what was called off, or could not even begin."""
    if kind_of(operation.kind).words.not_undone:
        return ()
    found = desk.core.undo_planner.of(operation.id, desk.actor)
    return [undo for undo in found if undo.state is not OperationState.CALLED_OFF]
