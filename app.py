"""Credit Desk: page config and navigation. Signing in is the gate's, which every page passes."""

from __future__ import annotations

import base64
from pathlib import Path

import streamlit as st

from pages.shared import gate, places

#: In the page itself: what Streamlit serves for pages to download is for who is signed in.
ICON = (Path(__file__).parent / "static" / "icon.svg").read_bytes()


def home() -> None:
    """The bare address leads to the page to begin at, which keeps an address of its own."""
    st.switch_page(gate.home().path)


st.set_page_config(
    page_title="Credit Desk",
    page_icon=f"data:image/svg+xml;base64,{base64.b64encode(ICON).decode()}",
    layout="wide",
    initial_sidebar_state="collapsed",
)

visible = gate.visible()
# On every path, signed out too: until a session has called it, Streamlit serves pages by itself.
st.navigation(
    [
        st.Page(home, default=True, visibility="hidden"),
        *(places.as_page(place, visible=place in visible) for place in places.PLACES),
    ],
    position="top" if gate.signed_in() else "hidden",
).run()
