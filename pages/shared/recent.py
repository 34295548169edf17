"""Answers kept for a moment, so that a rerun of the page does not ask HubSpot again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import streamlit as st

from core.work.clocks import within

T = TypeVar("T")

#: Lists to choose from may be this old. Nothing that counts is read through here.
KEPT = timedelta(seconds=30)
#: Different questions remembered for one session.
KEPT_MAX = 16


def recent(question: str, ask: Callable[[], T], *, now: datetime) -> T:
    """The answer to this question, at most ``KEPT`` old. Kept for one session alone."""
    kept: dict[str, tuple[datetime, T]] = st.session_state.setdefault("_recent", {})
    if question in kept and within(kept[question][0], now, KEPT):
        return kept[question][1]
    answer = ask()
    while len(kept) >= KEPT_MAX:
        del kept[next(iter(kept))]
    kept[question] = (now, answer)
    return answer


def forget() -> None:
    """Ask anew from now on."""
    st.session_state.pop("_recent", None)
