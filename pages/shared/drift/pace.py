"""The figures first: charts and tables wait until a browser has painted how it stands.

The code that draws them is 6 MB, which keeps a browser busy for a second or more. It begins as
soon as the first chart comes, and what came with the chart waits for it.
"""

from __future__ import annotations

import streamlit as st

#: In the session: the browser has what the charts need, or is about to get it.
PAINTED = "_drift_painted"
#: By the browser's clock, which runs when it is done with what it has: one look is enough.
LOOK = "0.5s"
#: About what the charts and the table will take.
HEIGHTS_PX = (380, 420)


def figures_only() -> bool:
    """True on the first run of a session, which ends here; the next follows by itself."""
    if PAINTED in st.session_state:
        return False
    _then_the_rest()
    return True


@st.fragment(run_every=LOOK)
def _then_the_rest() -> None:
    if PAINTED in st.session_state:
        st.rerun()
    st.session_state[PAINTED] = True
    for height in HEIGHTS_PX:
        st.skeleton(height)
