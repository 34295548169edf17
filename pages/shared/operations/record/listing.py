"""All operations, newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from typing import Any

import pandas as pd
import streamlit as st

from core.credits.roles import ALLOWED, Act
from core.operations.kinds.registry import titled
from core.operations.queries import Told
from core.operations.sought import EVERY_OPERATION, SoughtOperations
from core.operations.states import ENDED, OperationState
from pages.shared import filters, kinds, places, row_buttons, tables, words
from pages.shared.exports import csv_button
from pages.shared.gate import Desk
from pages.shared.operations import address
from pages.shared.operations.heading import COLOURS
from pages.shared.operations.progress import left_undone
from pages.shared.operations.record import finding

ROWS = 25


def show(desk: Desk) -> None:
    """The operations that fit the filters, a page at a time; the button in a row opens one."""
    row: dict[str, Any] = {"horizontal": True, "vertical_alignment": "bottom", "gap": "small"}
    with st.container(**row):
        finding.show()
    with st.container(**row):
        finding.show_more(desk)
        st.space("stretch")
        states, sought = finding.chosen_states(), finding.sought(desk.zone)
        for place in (places.BULK_REFUND, places.BATCH_CANCELLATION):
            if place.act in ALLOWED[desk.actor.role]:
                st.page_link(
                    places.as_page(place), label=f"New {place.title.lower()}", icon=":material/add:"
                )
        csv_button(
            desk,
            lambda now: now.core.exporter.operations(now.actor, states, sought),
            f"operations-{desk.now():%Y-%m-%d-%H%M}",
            "All these operations, not only those shown",
        )
    _asked(desk, states)
    page = f"operations_first_{tables.fingerprint([repr((sorted(states), sought))])}"
    first = int(st.session_state.get(page, 0))
    found = desk.core.operation_queries.operations(
        desk.actor, states=states, sought=sought, limit=ROWS + 1, offset=first
    )
    if found:
        _grid(desk, found[:ROWS])
    else:
        _nothing(states, sought)
    _turn(page, first, more=len(found) > ROWS)


def _asked(desk: Desk, states: frozenset[OperationState]) -> None:
    """What waits for a second admin, who may be the reader."""
    waiting = desk.core.operation_queries.awaiting(desk.actor)
    if not waiting or states == {OperationState.AWAITING}:
        return
    theirs = sum(not operation.is_of_person(desk.actor.email) for operation in waiting)
    may = Act.RUN_BATCHES in ALLOWED[desk.actor.role] and theirs
    which = "it" if len(waiting) == 1 else f"{theirs:,} of them"
    st.info(
        f"{words.count(len(waiting), 'operation awaits', 'operations await')} a second admin."
        f"{f' You can approve or refuse {which}.' if may else ''}",
        icon=":material/how_to_reg:",
    )


def _nothing(states: frozenset[OperationState], sought: SoughtOperations) -> None:
    if states or sought != EVERY_OPERATION:
        filters.nothing_fits("operations", sought.since, sought.until)
        return
    st.info(
        "No operations yet. A bulk refund or a batch cancellation appears here once it is "
        "confirmed.",
        icon=":material/inbox:",
    )


def _grid(desk: Desk, found: Sequence[Told]) -> None:
    ids = [one.operation.id for one in found]
    frame = operations_frame(found, desk.zone)
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
            "Who": text(width=165),
            "When": st.column_config.DatetimeColumn(
                format="ddd D MMM YYYY, HH:mm", width=165, help="When it was confirmed"
            ),
            "Reason": text(width="medium"),
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height="content",
        alt="Operations, newest first",
    )


def _open(operation_id: str) -> None:
    st.query_params[address.OPERATION] = operation_id


def operations_frame(found: Sequence[Told], zone: tzinfo) -> pd.DataFrame:
    """One row for each operation; times as people in the zone read them."""
    told = [one.operation for one in found]
    return pd.DataFrame(
        {
            "Open": ["Open"] * len(found),
            "State": [[_state(one)] for one in found],
            "Operation": [titled(operation) for operation in told],
            "Done": [kinds.far(one.progress) for one in found],
            "Credits": [kinds.gain(one.progress) for one in found],
            "Who": [operation.confirmed_by for operation in told],
            "When": [
                operation.confirmed_at.astimezone(zone).replace(tzinfo=None) for operation in told
            ],
            "Reason": [operation.reason for operation in told],
        }
    )


def _state(one: Told) -> str:
    """Its state, unless something of it waits for a person."""
    state = one.operation.state
    bad = one.progress.needing_eyes(state)
    undone = left_undone.in_a_list(one.warnings)
    if state in ENDED and not bad and undone:
        return undone
    return f"! {words.attention(bad)}" if bad else words.OPERATION[state]


def _turn(page: str, first: int, *, more: bool) -> None:
    if not first and not more:
        return
    with st.container(horizontal=True):
        st.button(
            "Newer", icon=":material/chevron_left:", disabled=not first,
            on_click=_go, args=(page, first - ROWS),
        )  # fmt: skip
        st.button(
            "Older", icon=":material/chevron_right:", disabled=not more,
            on_click=_go, args=(page, first + ROWS),
        )  # fmt: skip


def _go(page: str, first: int) -> None:
    st.session_state[page] = max(0, first)
