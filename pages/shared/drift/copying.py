"""Before the first check: an empty Supabase is filled first, and what that came to is told."""

from __future__ import annotations

import streamlit as st

from core.credits.errors import GatewayError
from core.drift.causes import Cause
from core.drift.store.trends_port import Narrow
from core.drift.sweeps import Sweep
from pages.shared import problems, words
from pages.shared.drift import asking, standing
from pages.shared.drift.causes import KINDS, counted
from pages.shared.gate import Desk

#: Records named one by one whose values could not be read.
NAMED = 3


def wanted(desk: Desk, now: standing.Standing) -> bool:
    """Whether Supabase is empty. It is asked only where all that is known speaks for it."""
    if now.open:
        return False
    if now.newest is not None:
        counts = desk.core.drift_queries.counts(now.newest.id, desk.actor)
        compared = sum(now.newest.compared.values())
        # not all: some are named for another cause, and some rows are not to be there
        if not compared or counts.get(Cause.MISSING_ROW, 0) < compared / 2:
            return False
    try:
        return desk.core.sweep_runner.nothing_copied(desk.actor)
    except GatewayError as error:
        problems.show(problems.explain(error), "It is not known whether Supabase has rows.")
        return False


def first_run(desk: Desk, now: standing.Standing) -> None:
    """What to begin with; nothing while it is under way."""
    if now.open:
        return
    if now.copy is not None and not now.copy.complete:
        _given_up(now.copy)
        _acts(desk, now)
        return
    if now.copy is not None:
        _copied(desk, now.copy)
    elif wanted(desk, now):
        st.info(
            "Students see nothing yet. *Copy everything* gives each contact, booking and exam of "
            "HubSpot its row; 100,000 records take about a minute. It changes nothing in HubSpot, "
            "and continues when you close this page.",
            title="Supabase is empty",
            icon=":material/content_copy:",
        )
        _acts(desk, now)
        return
    ahead = standing.next_words(desk)
    st.info(
        "A check compares every record in HubSpot with its row in Supabase, which students see, "
        "and names the cause of each difference. It changes nothing. Start with a full check: it "
        f"also finds rows that Supabase lacks.{f' {ahead}.' if ahead else ''}",
        title="Not checked yet",
        icon=":material/travel_explore:",
    )
    asking.sweep_button(desk, now)


def _acts(desk: Desk, now: standing.Standing) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        asking.copy_button(desk)
        asking.sweep_button(desk, now)


def _given_up(sweep: Sweep) -> None:
    """It waited for too long: what it did is there, and only a new one does the rest."""
    made = counted(dict(sweep.copied)) or "No row"
    st.warning(
        f"{words.sentence(words.plain(sweep.error or 'a store went away'))}. {made} copied before "
        "it was given up; students do not see the rest. *Copy everything* copies the rows that "
        "Supabase lacks and leaves the others as they are.",
        title="The copy did not finish",
        icon=":material/content_copy:",
    )


def _copied(desk: Desk, sweep: Sweep) -> None:
    """The rows that were made, and each record that needs somebody's eyes."""
    took = words.span(sweep.saved_at - sweep.started_at)
    told = [f"{counted(dict(sweep.copied)) or 'No row'} copied in {took}."]
    if sweep.left_alone:
        those = words.count(sweep.left_alone, "record is", "records are")
        told.append(f"{those} queued to be copied: see Operations, Copies to Supabase.")
    unread = desk.core.drift_queries.counts(sweep.id, desk.actor).get(Cause.UNREADABLE_VALUE, 0)
    if unread:
        told.append(
            f"{words.count(unread, 'record was', 'records were')} copied without a value that "
            f"cannot be read: {_named(desk, sweep, unread)}. Correct "
            f"{'it' if unread == 1 else 'them'} in HubSpot; a check lists all of them."
        )
    if others := sweep.drifting - unread:
        those = words.count(others, "row differs", "rows differ")
        told.append(f"{those} from HubSpot: already in Supabase, and left as they were.")
    show = st.warning if unread or others else st.success
    show(" ".join(told), title="Copied", icon=":material/content_copy:")


def _named(desk: Desk, sweep: Sweep, number: int) -> str:
    narrow = Narrow(causes=frozenset({Cause.UNREADABLE_VALUE}))
    found = desk.core.drift_queries.page(sweep.id, narrow, desk.actor, limit=NAMED).rows
    named = [f"{KINDS[d.kind].lower()} {d.record_id} ({words.plain(d.evidence)})" for d in found]
    more = number - len(named)
    return "; ".join([*named, f"and {more:,} more"] if more > 0 else named)
