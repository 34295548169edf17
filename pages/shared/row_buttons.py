"""Columns of buttons: a click on a row's button does something to what stands in that row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, TypeVar

import streamlit as st

T = TypeVar("T")
#: The column that every table of students has, whatever else its rows lead to.
STUDENT = "Student"
#: Titles of columns whose buttons lead elsewhere and change nothing: by keyboard, Enter anywhere in
#: a row presses the first of these that it has. Another button is pressed in its own cell alone,
#: and so is each where rows can be ticked: a key pressed by mistake would lose what is ticked.
LEADS = ("Open", "Operation", STUDENT, "Entries")


def column(
    label: str,
    rows: Sequence[T],
    act: Callable[[T], None],
    *,
    key: str,
    width: int = 60,
    pinned: bool = True,
    alignment: Literal["left", "center"] = "center",
    told: str | None = None,
) -> Any:
    """A column of buttons; ``act`` is called with what stands in the row clicked.

    ``told``: what a click does, for who points at the head of the column.

    ``act`` runs as a callback, which may set the address and the state but not switch pages.
    """
    return st.column_config.ButtonColumn(
        label,
        on_click=_clicked,
        args=(rows, act, key),
        key=key,
        type="tertiary",
        width=width,
        pinned=pinned,
        alignment=alignment,
        help=told,
    )


def _clicked(rows: Sequence[T], act: Callable[[T], None], key: str) -> None:
    """A row is a position, so it becomes what it stands for at once."""
    click = st.session_state[key]
    if click is not None and click.row < len(rows):
        act(rows[click.row])
