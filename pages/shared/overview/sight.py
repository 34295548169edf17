"""Is what students see true now: one sentence, and what proves it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.domain.attention import drift_words
from core.domain.overview import Facts, Sight
from core.domain.sweeps import Sweep
from core.services.overseeing import Overview
from pages.shared import words
from pages.shared.drift.causes import counted
from pages.shared.drift.standing import MODES
from pages.shared.gate import Desk


@dataclass(frozen=True, slots=True)
class Look:
    """How an answer is told apart, beside its words."""

    words: str
    icon: str
    colour: str


LOOKS = {
    Sight.TRUE: Look("What students see is true", "verified", "green"),
    Sight.BEHIND: Look("Students see older balances for a while", "cloud_off", "orange"),
    Sight.WRONG: Look("Not all that students see is true", "difference", "red"),
    Sight.UNKNOWN: Look("Whether students see the truth is not known", "help", "orange"),
}

UNSWEPT = (
    "No sweep has run yet. A sweep compares every record in HubSpot, the truth, with its row in "
    "Supabase, which students see."
)

assert LOOKS.keys() == set(Sight), "every answer has its look"


def show(desk: Desk, found: Overview) -> None:
    """The answer, large; below it the proof."""
    look = LOOKS[found.sight]
    with st.container(gap="xxsmall", key="sight"):
        st.header(f":{look.colour}[:material/{look.icon}:] {look.words}", anchor=False)
        st.markdown(" ".join(proof(desk, found)))


def proof(desk: Desk, found: Overview) -> list[str]:
    """Sentences of Markdown: what was compared, and what came after."""
    facts = found.facts
    return [*_swept(desk, facts), *_since(facts), *_mirror(facts)]


def _swept(desk: Desk, facts: Facts) -> list[str]:
    sweep = facts.swept
    if sweep is None:
        return [UNSWEPT]
    when = words.ago(sweep.saved_at, facts.now)
    at = words.exact(sweep.saved_at, desk.zone)
    told = f"{MODES[sweep.mode]} {when} ({at}): {_compared(sweep)} compared on both sides"
    if facts.drifting or facts.repaired:
        return [f"{told}; {words.lowered(words.plain(drift_words(facts)))}."]
    return [f"{told}; 0 differ, 0 unexplained."]


def _compared(sweep: Sweep) -> str:
    return counted(dict(sweep.compared)) or "nothing was there to be"


def _since(facts: Facts) -> list[str]:
    if facts.dead:
        return [f"{words.count(facts.dead, 'copy was', 'copies were')} given up."]
    if facts.behind and facts.due_since is not None:
        waited = words.span(facts.now - facts.due_since)
        due = words.count(facts.due, "copy has", "copies have")
        return [f"{due} waited for up to {waited}, and will follow without anybody's help."]
    return ["Every change since is in Supabase."] if facts.swept and not facts.due else []


def _mirror(facts: Facts) -> list[str]:
    if facts.mirror is not None and not facts.mirror.well:
        return ["Supabase does not answer just now."]
    return []
