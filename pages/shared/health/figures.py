"""How the desk runs: a card for each part, with what is behind it on hover."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import streamlit as st

from core.audit.chain import Verified
from core.health.facts import Facts, Side
from core.health.overview import Lag, Overview
from core.hubspot.ports.inspection import Quota
from pages.shared import words
from pages.shared.drift.standing import next_in
from pages.shared.gate import Desk


@dataclass(frozen=True, slots=True)
class Card:
    """One figure, what stands below it, and what is behind both on hover."""

    label: str
    value: str
    below: str = ""
    more: str = ""


def show(desk: Desk, found: Overview) -> None:
    """In one row where there is room."""
    st.header("System status", anchor=False)
    with st.grid(6, min_column_width=176, gap="small"):
        for card in cards(desk, found):
            st.metric(
                card.label,
                card.value,
                card.below or words.NOTHING,
                delta_color="off",
                delta_arrow="off",
                help=card.more or None,
                border=True,
                height="stretch",
            )


def cards(desk: Desk, found: Overview) -> Iterator[Card]:
    """Without colour: what is wrong stands above, in the list."""
    facts = found.facts
    yield Card("HubSpot", _side(facts.truth), _used(found.quota), _limit(found))
    yield Card("Supabase", _side(facts.mirror), _within(found.lag), _half(found.lag))
    yield _due(facts)
    yield _workers(facts)
    yield _swept(desk, facts)
    yield _audit(found.verified)


def _side(side: Side | None) -> str:
    if side is None:
        return "Checking …"
    return "Connected" if side.well else "Unreachable"


def _used(quota: Quota | None) -> str:
    if quota is None or not quota.limit:
        return "Limit not known yet"
    return f"{quota.used / quota.limit:.0%} of its limit used"


def _limit(found: Overview) -> str:
    quota, told = found.quota, []
    if quota is not None and quota.limit:
        told.append(f"{quota.used:,} of {quota.limit:,} calls in the last {quota.window_s:g} s")
    if found.facts.quota_day is not None:
        told.append(f"{found.facts.quota_day:.0%} of the day's calls")
    return ", ".join(told)


def _within(lag: Lag | None) -> str:
    return f"Copied within {words.short(lag.p99_s)}" if lag else "No copy in the last hour"


def _half(lag: Lag | None) -> str:
    if lag is None:
        return ""
    return f"99 of 100 copies of the last hour; half of them within {words.short(lag.p50_s)}"


def _due(facts: Facts) -> Card:
    since = facts.due_since
    below = f"Oldest {words.span(facts.now - since)}" if since else "Queue empty"
    return Card("Pending copies", words.count(facts.due, "copy", "copies"), below)


def _workers(facts: Facts) -> Card:
    at = facts.worker_at
    below = f"Seen {words.ago(at, facts.now)}" if at else "No worker has run"
    return Card(
        "Workers", f"{facts.workers:,} running", below, "They carry out confirmed operations"
    )


def _swept(desk: Desk, facts: Facts) -> Card:
    left = next_in(desk)
    below = f"Next in {words.span(left)}" if left is not None else "None is scheduled"
    if facts.swept is None:
        return Card("Last check", "None yet", below)
    at = words.exact(facts.swept.saved_at, desk.zone)
    return Card("Last check", words.ago(facts.swept.saved_at, facts.now), below, at)


def _audit(verified: Verified) -> Card:
    of = words.count(verified.total, "entry", "entries")
    if verified.faults:
        return Card("Audit", "Altered", f"{of}, chain broken")
    if verified.whole:
        return Card("Audit", "Verified", f"{of}, intact")
    return Card("Audit", f"{verified.head.n / verified.total:.0%}", f"Verified so far, of {of}")
