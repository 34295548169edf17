"""All operations, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import pandas as pd
import streamlit as st

from core.credits.roles import ALLOWED, Act
from core.operations.kinds.registry import titled
from core.operations.states import ENDED, Operation, OperationState, Progress
from pages.shared import kinds, places, row_buttons, tables, words
from pages.shared.exports import csv_button
from pages.shared.gate import Desk
from pages.shared.operations import address
from pages.shared.operations.heading import COLOURS
from pages.shared.operations.progress import left_undone

ROWS = 25
#: In an address: which operations are shown.
NARROW = "narrow"
STATES: dict[str, frozenset[OperationState]] = {
    "All": frozenset(),
    "Awaiting approval": frozenset({OperationState.AWAITING}),
    "In progress": frozenset(OperationState) - ENDED,
    "Ended": ENDED,
}


def show(desk: Desk) -> None:
    """A page of operations; the button in a row opens it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        narrow = st.segmented_control(
            "Narrow", list(STATES), default="All", required=True,
            label_visibility="collapsed", key=NARROW, bind="query-params",
        )  # fmt: skip
        st.space("stretch")
        states = STATES[narrow or "All"]
        csv_button(
            desk,
            lambda now: now.core.exporting.operations(now.actor, states),
            f"operations-{desk.now():%Y-%m-%d-%H%M}",
            "All these operations, not only those shown",
        )
        for place in (places.BULK_REFUND, places.BATCH_CANCELLATION):
            if place.act in ALLOWED[desk.actor.role]:
                st.page_link(place.path, label=f"New {place.title.lower()}", icon=":material/add:")
    narrow = narrow or "All"
    _asked(desk, narrow)
    first = int(st.session_state.get(f"operations_first_{narrow}", 0))
    found = desk.core.journal.operations(states=STATES[narrow], limit=ROWS + 1, offset=first)
    if found:
        _grid(desk, found[:ROWS])
    else:
        _nothing(narrow)
    _turn(narrow, first, more=len(found) > ROWS)


def _asked(desk: Desk, narrow: str) -> None:
    """What waits for a second admin, who may be the reader."""
    waiting = desk.core.journal.operations(states=STATES["Awaiting approval"])
    if not waiting or narrow == "Awaiting approval":
        return
    theirs = sum(not operation.is_of_person(desk.actor.email) for operation in waiting)
    may = Act.RUN_BATCHES in ALLOWED[desk.actor.role] and theirs
    which = "it" if len(waiting) == 1 else f"{theirs:,} of them"
    st.info(
        f"{words.count(len(waiting), 'operation awaits', 'operations await')} a second admin."
        f"{f' You can approve or refuse {which}.' if may else ''}",
        icon=":material/how_to_reg:",
    )


def _nothing(narrow: str) -> None:
    told = {
        "All": "No operations yet. A bulk refund or a batch cancellation appears here once it "
        "is confirmed.",
        "Awaiting approval": "No operation awaits a second admin.",
        "In progress": "No operation is in progress.",
        "Ended": "No operation has ended yet.",
    }
    st.info(told[narrow], icon=":material/inbox:")


def _grid(desk: Desk, operations: Sequence[Operation]) -> None:
    progress = [desk.core.journal.progress(operation.id) for operation in operations]
    ids = [operation.id for operation in operations]
    warned = [desk.core.journal.warnings(operation.id) for operation in operations]
    undone = [left_undone.in_a_list(each) for each in warned]
    frame = operations_frame(operations, progress, undone, desk.now())
    usual = {words.OPERATION[state]: colour for state, (colour, _) in COLOURS.items()}
    states = dict.fromkeys(word for (word,) in frame["State"])
    text = st.column_config.TextColumn
    key = f"open_{tables.fingerprint(ids)}"
    st.dataframe(
        frame,
        key=f"operations_{tables.fingerprint(ids)}",
        column_config={
            "Open": row_buttons.column("Open", ids, _open, key=key),
            "State": tables.badge_column(
                "State", list(states), [usual.get(word, "orange") for word in states], width=150
            ),
            "Operation": text(width=350),
            "Done": text("Done, bookings", width=108, alignment="right"),
            "Credits": text("Credits", width=65, alignment="right"),
            "When": text(width=85, help="The operation's history has the exact time"),
            "Who": text(width=165),
            "Reason": text(width="medium"),
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height="content",
        alt="Operations, newest first",
    )


def _open(operation_id: str) -> None:
    st.query_params.from_dict({address.OPERATION: operation_id})


def operations_frame(
    operations: Sequence[Operation],
    progress: Sequence[Progress],
    undone: Sequence[str],
    now: datetime,
) -> pd.DataFrame:
    """One row for each operation. ``undone``: see ``left_undone.in_a_list``."""
    return pd.DataFrame(
        {
            "Open": ["Open"] * len(operations),
            "State": [
                [_state(o, p, n)] for o, p, n in zip(operations, progress, undone, strict=True)
            ],
            "Operation": [titled(operation) for operation in operations],
            "Done": [kinds.far(p) for p in progress],
            "Credits": [kinds.gain(p) for p in progress],
            "When": [words.ago(operation.confirmed_at, now) for operation in operations],
            "Who": [operation.confirmed_by for operation in operations],
            "Reason": [operation.reason for operation in operations],
        }
    )


def _state(operation: Operation, progress: Progress, undone: str) -> str:
    """Its state, unless something of it waits for a person."""
    bad = progress.needing_eyes(operation.state)
    if operation.state in ENDED and not bad and undone:
        return undone
    if bad:
        return f"! {words.attention(bad)}"
    return words.OPERATION[operation.state]


def _turn(narrow: str, first: int, *, more: bool) -> None:
    if not first and not more:
        return
    with st.container(horizontal=True):
        st.button(
            "Newer", icon=":material/chevron_left:", disabled=not first,
            on_click=_go, args=(narrow, first - ROWS),
        )  # fmt: skip
        st.button(
            "Older", icon=":material/chevron_right:", disabled=not more,
            on_click=_go, args=(narrow, first + ROWS),
        )  # fmt: skip


def _go(narrow: str, first: int) -> None:
    st.session_state[f"operations_first_{narrow}"] = max(0, first)
