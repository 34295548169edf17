"""Copies to Supabase that are due, and those that were given up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import streamlit as st

from core.credits.records import Kind
from core.credits.roles import ALLOWED, Act
from core.mirror.outgoing.rules import OutgoingEvent
from core.mirror.store.outbox_port import DeadLetters, Due, OutboxState
from pages.shared import problems, row_buttons, tables, words
from pages.shared.gate import Desk
from pages.shared.operations.figures import cards
from pages.shared.students import names

ROWS = 200
KINDS = {Kind.CONTACT: "Contact", Kind.BOOKING: "Booking", Kind.EXAM: "Exam"}
UNNAMED = "no error was kept"

assert KINDS.keys() == set(Kind), "every kind of record has its word"


def show(desk: Desk) -> None:
    """How much is due, since when; what failed for good, with its error and a way to try again."""
    st.markdown(
        "Every change in HubSpot is copied to Supabase at once. Pending copies follow by "
        "themselves; an admin retries those that failed."
    )
    _told()
    state = desk.core.copy_queries.state(desk.actor)
    _cards(desk, state, "copy", "copies")
    if state.dead:
        _dead(desk, state.dead)
    if state.due:
        st.header("Pending", anchor=False)
        _grid(desk, desk.core.copy_queries.pending(desk.actor, limit=ROWS), "due")
    if not state.due and not state.dead:
        st.success("Supabase has every change.", icon=":material/cloud_done:")
    _events(desk)


def _cards(desk: Desk, state: OutboxState, noun: str, plural: str = "") -> None:
    oldest = words.span(desk.now() - state.oldest) if state.oldest else words.NOTHING
    cards(
        [
            ("Pending", words.count(state.due, noun, plural)),
            ("Oldest pending", oldest),
            ("Failed", words.count(state.dead, noun, plural)),
        ],
        in_a_row=4,
    )


def _events(desk: Desk) -> None:
    """Events for other apps, where there is a receiver."""
    state = desk.core.event_announcer.state(desk.actor)
    if state is None:
        return
    st.header("Events for other apps", anchor=False)
    _cards(desk, state, "event")
    if not state.dead:
        return
    rows = desk.core.event_announcer.dead(desk.actor, ROWS)
    if Act.RUN_BATCHES in ALLOWED[desk.actor.role]:
        st.button(
            f"Retry {words.count(state.dead, 'event')}",
            icon=":material/replay:",
            key="revive_events",
            on_click=_retry,
            args=(lambda: desk.core.event_announcer.retry(desk.acting()), "event"),
        )
    names.grid(
        desk,
        events_frame(rows, desk.now()),
        names.looked_up(desk, [(Kind.CONTACT, _contact(row)) for row in rows]),
        key="dead_events",
        columns={
            "Event": st.column_config.TextColumn(width=150),
            "Booking": st.column_config.TextColumn("HubSpot booking", width=140),
            "Age": st.column_config.TextColumn(width=100, alignment="right"),
            "Attempts": st.column_config.NumberColumn(width=70),
            "Error": st.column_config.TextColumn("Last error", width="large"),
        },
        height=tables.height(len(rows), at_most=270),
        alt="Events that failed",
    )


def events_frame(rows: Sequence[OutgoingEvent], now: datetime) -> pd.DataFrame:
    """One row for each event."""
    return pd.DataFrame(
        {
            "Event": [row.type.value for row in rows],
            "Booking": [row.data.get("record_id") for row in rows],
            "Age": [words.span(now - row.at) for row in rows],
            "Attempts": [row.attempts for row in rows],
            "Error": [row.error for row in rows],
        }
    )


def _contact(row: OutgoingEvent) -> str:
    return str(row.data.get("contact_id") or "")


def _dead(desk: Desk, dead: int) -> None:
    st.header("Failed after eight tries", anchor=False)
    st.caption(
        "Students see older values in these. Fix what the error names, in Supabase or in "
        "HubSpot, then retry: HubSpot's current values are copied."
    )
    groups = desk.core.copy_queries.errors(desk.actor)
    chosen = _choose(desk, groups) if len(groups) > 1 else None
    rows = desk.core.copy_queries.failed(
        desk.actor, error=chosen.error if chosen else None, limit=ROWS
    )
    may = Act.RUN_BATCHES in ALLOWED[desk.actor.role]
    if may:
        number = chosen.number if chosen else dead
        st.button(
            f"Retry {_these(number) if chosen else words.count(number, 'copy', 'copies')}",
            icon=":material/replay:",
            key="revive",
            on_click=_retry_copies,
            args=(desk, {"error": chosen.error} if chosen else {}),
        )
    _grid(desk, rows, "dead", retry=may)


def _these(number: int) -> str:
    return "this copy" if number == 1 else f"these {number:,} copies"


def _choose(desk: Desk, groups: Sequence[DeadLetters]) -> DeadLetters | None:
    """One error of several, if a row is picked: then only its copies are shown and tried."""
    key = f"errors_{tables.fingerprint([group.error for group in groups])}"
    event = st.dataframe(
        errors_frame(groups, desk.now()),
        key=key,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "Copies": st.column_config.NumberColumn(format="localized", width=80),
            "Records": st.column_config.TextColumn(width=200),
            "Oldest": st.column_config.TextColumn("Oldest pending", width=110, alignment="right"),
            "Error": st.column_config.TextColumn(width="large"),
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(len(groups), at_most=220),
        alt="Errors, the most frequent first",
    )
    st.caption("Select a row to see and retry only the copies with that error.")
    return next((groups[row] for row in event.selection.rows if row < len(groups)), None)


def errors_frame(groups: Sequence[DeadLetters], now: datetime) -> pd.DataFrame:
    """One row for each error."""
    return pd.DataFrame(
        {
            "Copies": [group.number for group in groups],
            "Records": [_kinds(group.kinds) for group in groups],
            "Oldest": [words.span(now - group.oldest) for group in groups],
            "Error": [group.error or UNNAMED for group in groups],
        }
    )


def _kinds(kinds: Mapping[Kind, int]) -> str:
    known = [(KINDS[kind].lower(), kinds[kind]) for kind in Kind if kinds.get(kind)]
    return ", ".join(words.count(number, noun) for noun, number in known)


def _retry(act: Callable[[], int], noun: str, plural: str = "") -> None:
    """A callback draws nothing: what came of it is kept for the drawing that follows."""
    try:
        number = act()
    except problems.REFUSALS as error:
        st.session_state["copies_told"] = problems.explain(error)
    else:
        verb = "is" if number == 1 else "are"
        st.session_state["copies_told"] = f"{words.count(number, noun, plural)} {verb} retried now."


def _retry_copies(desk: Desk, which: Mapping[str, Any]) -> None:
    _retry(lambda: desk.core.dead_letter_retry.retry(desk.acting(), **which), "copy", "copies")


def _told() -> None:
    told = st.session_state.pop("copies_told", None)
    if isinstance(told, problems.Problem):
        problems.show(told, "Nothing was changed.")
    elif told is not None:
        st.toast(told, icon=":material/replay:")


def _grid(desk: Desk, rows: Sequence[Due], name: str, *, retry: bool = False) -> None:
    if len(rows) == ROWS:
        st.caption(f"The {ROWS} that are pending longest.")
    fingerprint = tables.fingerprint([f"{row.kind} {row.record_id}" for row in rows])
    key = f"retry_{fingerprint}"
    frame = copies_frame(desk, rows)
    columns: dict[str, Any] = {}
    if retry:
        frame.insert(0, "Retry", ["Retry"] * len(rows))
        columns["Retry"] = row_buttons.column(
            "Retry",
            rows,
            lambda row: _retry_copies(desk, {"kind": row.kind, "record_id": row.record_id}),
            key=key,
            width=90,
        )
    records = [(row.kind, row.record_id) for row in rows]
    names.grid(
        desk,
        frame,
        names.looked_up(desk, records),
        key=f"copies_{name}_{fingerprint}",
        columns={
            **columns,
            "What": st.column_config.TextColumn(width=90),
            "Record": names.record_column("HubSpot record", list(frame["Record"]), width=140),
            "Pending for": st.column_config.TextColumn(width=100, alignment="right"),
            "Attempts": st.column_config.NumberColumn(width=70),
            "Next": st.column_config.TextColumn("Next attempt", width=100, alignment="right"),
            "Error": st.column_config.TextColumn("Last error", width="large"),
        },
        at=list(frame.columns).index("What") + 1,
        beside=False,
        height=tables.height(len(rows), at_most=320),
        alt=f"Copies that are {name}",
    )


def copies_frame(desk: Desk, rows: Sequence[Due]) -> pd.DataFrame:
    """One row for each record whose copy waits."""
    now = desk.now()
    return pd.DataFrame(
        {
            "What": [KINDS[row.kind] for row in rows],
            "Record": [names.record_cell(desk, row.kind, row.record_id) for row in rows],
            "Pending for": [words.span(_waits(row, now)) for row in rows],
            "Attempts": [row.attempts for row in rows],
            "Next": [_next(row, now) for row in rows],
            "Error": [row.error for row in rows],
        }
    )


def _waits(row: Due, now: datetime) -> timedelta:
    return now - (row.due_since or now)


def _next(row: Due, now: datetime) -> str:
    if row.dead:
        return "none"
    if row.next_try_at is None or row.next_try_at <= now:
        return "now"
    return f"in {words.span(row.next_try_at - now)}"
