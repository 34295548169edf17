"""What needs attention: one line each, with a word, since when, and where it is mended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from core.credits.roles import Actor
from core.health.facts import Facts, Need
from core.health.matters import Matter, Urgency
from core.health.overview import Overview
from pages.shared import places, words
from pages.shared.gate import Desk
from pages.shared.health.links import link_of

#: An icon and a colour for what is asked of people; the word says what it is about.
LOOKS = {
    Urgency.NOW: (":material/error:", "red"),
    Urgency.PERSON: (":material/front_hand:", "orange"),
    Urgency.WATCH: (":material/visibility:", "blue"),
}
#: One of them, and several.
COUNTED = {
    Urgency.NOW: ("urgent", "urgent"),
    Urgency.PERSON: ("needs action", "need action"),
    Urgency.WATCH: ("to watch", "to watch"),
}
WORDS: dict[Matter, str] = {
    Matter.AUDIT_CHANGED: "Audit",
    Matter.UNUSUAL: "Unusual",
    Matter.DISK_FULL: "Disk",
    Matter.NO_WORKER: "No worker",
    Matter.TRUTH_AWAY: "HubSpot",
    Matter.MIRROR_AWAY: "Supabase",
    Matter.UNDECIDED: "Undecided",
    Matter.WRITTEN_OVER: "Overwritten",
    Matter.UNCHECKED: "Unverified",
    Matter.FAILED: "Not done",
    Matter.AWAITING: "To approve",
    Matter.ADMIN_AWAITED: "To approve",
    Matter.DEAD_LETTERS: "Failed copies",
    Matter.DEAD_EVENTS: "Failed events",
    Matter.DRIFT: "Drift",
    Matter.OWED: "Owed",
    Matter.SWEEP_STUCK: "Check",
    Matter.LATE: "Late",
    Matter.UNSWEPT: "Not checked",
    Matter.WAITING: "Waiting",
    Matter.BEHIND: "Pending copies",
    Matter.QUOTA: "Quota",
    Matter.NEW_ADMIN: "New admin",
}
#: Badge, what, since when, link.
WIDTHS = (2, 8.4, 2.1, 2.5)

assert LOOKS.keys() == COUNTED.keys() == set(Urgency), "every urgency has its look and words"
assert WORDS.keys() == set(Matter), "every matter has its word"


def show(desk: Desk, actor: Actor, found: Overview) -> None:
    """The list, the most urgent first; calmly that there is none."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.header("Needs attention", anchor=False, width="content")
        st.caption(_counted(found.needs), width="content")
    if not found.needs:
        with st.container(border=True, key="calm"):
            st.markdown(
                f":green[:material/check_circle:] **Nothing needs attention.** {_calm(found)}"
            )
        return
    with st.container(border=True, key="needs", gap="small"):
        for need in found.needs:
            _line(desk, actor, found.facts, need)


def _counted(needs: Sequence[Need]) -> str:
    numbers = Counter(need.urgency for need in needs)
    told = (words.count(numbers[each], *both) for each, both in COUNTED.items() if numbers[each])
    return ", ".join(told)


def _line(desk: Desk, actor: Actor, facts: Facts, need: Need) -> None:
    icon, colour = LOOKS[need.urgency]
    link = link_of(need, actor)
    badge, what, when, onward = st.columns(WIDTHS, vertical_alignment="center")
    badge.badge(WORDS[need.matter], icon=icon, color=colour)  # type: ignore[arg-type]
    what.html(f"{words.escaped(need.told)}.")  # Markdown would make links of addresses
    if since := _when(desk, facts, need):
        when.html(since)
    onward.page_link(
        places.as_page(link.place),
        label=link.says,
        icon=":material/arrow_forward:",
        icon_position="right",
        query_params=dict(link.params),
        width="stretch",
    )


def _when(desk: Desk, facts: Facts, need: Need) -> str:
    """HTML, empty where it is not known. What is owed has no beginning, but a time of its count."""
    if need.matter is Matter.OWED and facts.owed_at is not None:
        return f"counted {words.relative(facts.owed_at, facts.now, desk.zone)}"
    return words.relative(need.since, facts.now, desk.zone) if need.since else ""


def _calm(found: Overview) -> str:
    """What was looked at, so that silence is not taken for well-being."""
    facts = found.facts
    told = [words.count(facts.workers, "worker is running", "workers are running")]
    answering = [
        name for name, side in (("HubSpot", facts.truth), ("Supabase", facts.mirror)) if side
    ]
    if answering:
        told.append(f"{' and '.join(answering)} {'answers' if len(answering) == 1 else 'answer'}")
    if facts.owed_at is not None:
        told.append("nothing is owed")
    return f"{words.sentence(', '.join(told))}; no operation needs attention."
