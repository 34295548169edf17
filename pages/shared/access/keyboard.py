"""The desk without a mouse: what each page says to its script, and the sheet of keys.

Streamlit opens no row of a grid by keyboard, focuses no field, and has no key for a page;
``static/keys.js`` does, which ``shell`` serves. It leads and focuses, and changes nothing
(decision 0046).
"""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from pathlib import PurePath

import streamlit as st

from pages.shared import row_buttons
from pages.shared.places import Place

#: Streamlit writes what is chosen, open or under the mouse in the primary colour: 3.7 : 1 on a dark
#: page. In the colour of text it is read; border, tint, weight and line mark it.
STYLE = """<style>
button[data-variant="segmented_control"][data-selected],
button:is([kind="secondary"], [kind="tertiary"]):not(:active, [disabled]):is(
  :hover, :focus-visible, [aria-expanded="true"]
) {
  color: inherit !important;
}
button[data-variant="segmented_control"][data-selected] { font-weight: 600; }
button[kind="tertiary"]:hover { text-decoration: underline; }
</style>"""
#: Set by the script when single keys are turned off ("off"), for this browser.
COOKIE = "credit_desk_keys"
ANYWHERE = (
    ("?", "show this list"),
    ("/", "search for a student"),
    ("t", "go to the next table"),
)
IN_TABLES = (
    ("Tab", "go to the next field, button or table"),
    ("↑ ↓ ← →", "go from cell to cell"),
    ("Enter", "open the row, or press the button in the cell"),
    ("Space", "tick the row, where rows can be ticked"),
    ("Esc", "close the open dialog or menu"),
)
IN_SEARCH = (
    ("Enter", "open the student, if only one is found"),
    ("↓", "go to the results"),
)


def show(mine: Sequence[Place]) -> None:
    """The sheet behind its button, and what the script asks. ``mine``: where one may go."""
    # the icon is its words: on a phone a page's title, this and an address stand in one row
    with st.popover(":material/keyboard:", type="tertiary", key="keys"):
        _sheet([(f"g {place.key}", place.title) for place in mine if place.key])
    st.html(STYLE + _told(mine))


def _told(mine: Sequence[Place]) -> str:
    leads = "|".join(row_buttons.LEADS)
    told = json.dumps({place.key: PurePath(place.path).stem for place in mine if place.key})
    return (
        f'<div data-desk-places="{html.escape(told)}" data-desk-leads="{html.escape(leads)}"></div>'
    )


def _sheet(places: Sequence[tuple[str, str]]) -> None:
    on = st.toggle(
        "Single-key shortcuts",
        value=st.context.cookies.get(COOKIE) != "off",
        key="single_keys",
        persist_state="session",
        help="Shortcuts without Ctrl or Alt, such as / or g o. Turn them off if you use speech "
        "input. This browser remembers your choice.",
    )
    left, right = st.columns(2)
    left.markdown(_table("Anywhere" if on else "Anywhere (off)", [*ANYWHERE, *places]))
    tables = _table("In tables", IN_TABLES), _table("In the search", IN_SEARCH)
    right.markdown("\n\n".join(tables))


def _table(title: str, keys: Sequence[tuple[str, str]]) -> str:
    rows = "\n".join(f"| {_caps(key)} | {does} |" for key, does in keys)
    return f"| Key | {title} |\n|---|---|\n{rows}"


def _caps(keys: str) -> str:
    """Each key as code: ``g`` and then ``o``."""
    return " ".join(f"`{key}`" for key in keys.split())
