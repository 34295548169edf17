"""What becomes of the credits of bookings that are cancelled: a choice of admins."""

from __future__ import annotations

import streamlit as st

GIVE, KEEP = "Give back", "Keep (forfeit)"
MEANINGS = (
    "Each credit goes back to its student.",
    "On purpose: nothing is owed for these bookings from then on.",
)


def choose(*, keeps: bool, key: str) -> bool:
    """Whether the credits are kept. ``keeps``: what is chosen before anybody chose."""
    chosen = st.radio(
        "Credits of the cancelled bookings",
        [GIVE, KEEP],
        index=int(keeps),
        captions=MEANINGS,
        horizontal=True,
        key=key,
    )
    return chosen == KEEP
