"""Is what students see true now: one sentence, and what proves it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.drift.sweeps import Sweep, SweepMode
from core.health.facts import Facts, Sight
from core.health.needs import drift_words
from core.health.overview import Overview
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
    Sight.TRUE: Look("Supabase matches HubSpot", "verified", "green"),
    Sight.BEHIND: Look("Supabase is behind HubSpot: copies are pending", "cloud_off", "orange"),
    Sight.WRONG: Look("Supabase differs from HubSpot", "difference", "red"),
    Sight.UNKNOWN: Look("Not checked yet", "help", "orange"),
}

UNSWEPT = (
    "No check has run yet. A check compares every record in HubSpot with its row in Supabase, "
    "which students see."
)

assert LOOKS.keys() == set(Sight), "every answer has its look"


def show(desk: Desk, found: Overview) -> None:
    """The answer, large; below it the proof."""
    look = LOOKS[found.sight]
    with st.container(gap="xxsmall", key="sight"):
        title = f":{look.colour}[:material/{look.icon}:] {_answer(found)}"
        st.header(title, anchor=False)
        st.markdown(" ".join(proof(desk, found)))


def _answer(found: Overview) -> str:
    """With the number of records that are known to be wrong."""
    facts = found.facts
    if found.sight is Sight.WRONG and facts.drifting:
        told = words.count(facts.drifting, "record is", "records are")
        return f"{told} wrong in Supabase"
    if found.sight is Sight.UNKNOWN and facts.swept is not None:
        away = facts.mirror is not None and not facts.mirror.well
        return "Supabase is unreachable" if away else "Not fully checked in the last day"
    return LOOKS[found.sight].words


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
    found = "0 differ, 0 unexplained"
    if facts.drifting or facts.repaired:
        found = words.lowered(words.plain(drift_words(facts)))
    return [f"{told}; {found}.", *_missing(desk, facts)]


def _missing(desk: Desk, facts: Facts) -> list[str]:
    """A quick check finds no rows that have come to be missing: when a full one ran is told."""
    if facts.swept is None or facts.swept.mode is SweepMode.FULL:
        return []
    at = facts.missing_looked_for
    if at is None:
        return ["No full check has looked for records that Supabase lacks."]
    when = words.exact(at, desk.zone)
    return [f"The last full check, which also finds missing rows, ended {when}."]


def _compared(sweep: Sweep) -> str:
    return counted(dict(sweep.compared)) or "nothing was there to be"


def _since(facts: Facts) -> list[str]:
    if facts.dead:
        return [f"{words.count(facts.dead, 'copy', 'copies')} failed."]
    if facts.behind and facts.due_since is not None:
        waited = words.span(facts.now - facts.due_since)
        due = words.count(facts.due, "copy is", "copies are")
        return [f"{due} pending, the oldest for {waited}. They are made automatically."]
    return ["Every change since then is in Supabase."] if facts.swept and not facts.due else []


def _mirror(facts: Facts) -> list[str]:
    if facts.mirror is not None and not facts.mirror.well:
        return ["What students see now is not known."]
    return []
