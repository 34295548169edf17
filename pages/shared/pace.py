"""The figures first: charts wait until a browser has painted what is read first.

The code that draws them is 6 MB, which keeps a browser busy for a second or more. It begins as
soon as the first chart comes, and what came with the chart waits for it.
"""

from __future__ import annotations

import streamlit as st

from pages.shared import gate
from pages.shared.gate import Desk

#: In the session: the browser has what the charts need, or is about to get it.
PAINTED = "_painted"
#: By the browser's clock, which runs when it is done with what it has: one look is enough.
LOOK = "0.5s"


def figures_only(desk: Desk, *heights_px: int) -> bool:
    """True on the first run of a session, which ends here; the next follows by itself.

    ``heights_px``: about what each of the things that wait will take.
    """
    if PAINTED in st.session_state:
        return False
    _then_the_rest(desk, heights_px)
    return True


@gate.fragment(run_every=LOOK)
def _then_the_rest(_: Desk, heights_px: tuple[int, ...]) -> None:
    if PAINTED in st.session_state:
        st.rerun()
    st.session_state[PAINTED] = True
    for height in heights_px:
        st.skeleton(height)
