"""Whether the desk can do its work just now: calm banners, only when something is wrong."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from core.health.matters import HANDLING, Matter
from core.mirror.store.outbox_port import OutboxState
from pages.shared import words
from pages.shared.gate import Desk


def banners(desk: Desk) -> None:
    """What a person should know before confirming anything. Two cheap queries."""
    now = desk.now()
    if not desk.core.readiness.working(desk.actor):
        st.warning(
            "**No worker is running.** What is confirmed waits until one starts. The app starts "
            "one itself; if this stays, look at its log or run `python -m core worker`.",
            icon=":material/engineering:",
        )
    mirror_banner(desk, desk.core.copy_queries.state(desk.actor), now)


def mirror_banner(desk: Desk, outbox: OutboxState, now: datetime) -> None:
    """Say how far the mirror is behind, and that nothing waits for it."""
    if outbox.oldest is None or now - outbox.oldest < HANDLING[Matter.BEHIND].shown_after:
        return
    failed = desk.core.copy_queries.oldest_error(desk.actor)
    error = f" ({words.plain(failed)})" if failed else ""
    st.warning(
        f"**Students see older balances.** {words.count(outbox.due, 'copy', 'copies')} to "
        f"Supabase pending for {words.span(now - outbox.oldest)}{error}. They follow by "
        "themselves; operations continue.",
        icon=":material/cloud_off:",
    )
