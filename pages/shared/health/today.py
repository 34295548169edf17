"""What runs, and what was done today: in one sentence, and the last few operations."""

from __future__ import annotations

import streamlit as st

from core.health.overview import Today
from core.health.store.attention_port import Moved
from core.operations.states import Operation, Progress
from pages.shared import kinds, places, words
from pages.shared.gate import Desk
from pages.shared.operations import address
from pages.shared.operations.heading import COLOURS


def show(desk: Desk, today: Today) -> None:
    """Newest first, what is under way before what has ended."""
    st.space("small")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.header("Today", anchor=False, width="content")
        st.space("stretch")
        st.page_link(
            places.as_page(places.OPERATIONS), label="All operations", icon=":material/list_alt:"
        )
    told = [moved_words(each) for each in today.moved]
    if told:
        st.markdown(f"{words.sentence('; '.join(told))}.")
    else:
        st.markdown(
            "No operations today. Bookings, cancellations and refunds appear here once they "
            "are confirmed."
        )
    if today.operations:
        with st.container(border=True, key="today", gap="small"):
            for operation, progress in today.operations:
                _line(desk, operation, progress)


def moved_words(moved: Moved) -> str:
    """What one kind came to: "2 bulk refunds gave back 41 credits"."""
    what = words.count(moved.operations, words.KIND[moved.kind].lower())
    parts = []
    if moved.given:
        parts.append(f"gave back {words.count(moved.given, 'credit')}")
    if moved.taken:
        parts.append(f"took {words.count(moved.taken, 'credit')}")
    return f"{what} {' and '.join(parts)}" if parts else f"{what}, no credit moved"


def _line(desk: Desk, operation: Operation, progress: Progress) -> None:
    """In one row where there is room; on a phone who and when go below what."""
    bad = progress.needing_eyes(operation.state)
    colour, icon = COLOURS[operation.state]
    word = words.OPERATION[operation.state]
    if bad:
        colour, icon, word = "orange", ":material/rule:", words.attention(bad)
    what, came = kinds.briefly(operation, progress)
    when = words.relative(operation.confirmed_at, desk.now(), desk.zone)
    who = words.escaped(operation.confirmed_by).replace("@", "@<wbr>")
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(word, icon=icon, color=colour)  # type: ignore[arg-type]
        st.page_link(
            places.as_page(places.OPERATIONS),
            label=words.plain(what),
            icon="",
            query_params={address.OPERATION: operation.id},
        )
        st.html(words.escaped(came), width="content")
        st.space("stretch")
        st.html(f"{when}, {who}", width="content")
