"""Whether the chain fits, in words."""

from __future__ import annotations

import streamlit as st

from core.audit.chain import Verified
from pages.shared import words
from pages.shared.gate import Desk


def show(desk: Desk) -> None:
    """What was gone along since this process started; the rest a portion at each look."""
    auditing = desk.core.audit_log
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        told = st.empty()
        afresh = st.button(
            "Verify the whole log", icon=":material/fact_check:", type="tertiary", key="afresh",
            help="Verifies every entry from the first",
        )  # fmt: skip
    if afresh:
        with st.spinner("Verifying every entry …"):
            verified = auditing.standing(desk.actor, afresh=True)
    else:
        verified = auditing.standing(desk.actor)
    _badge(told, verified, desk)
    if verified.faults:
        _broken(verified)


def _badge(told: st.delta_generator.DeltaGenerator, verified: Verified, desk: Desk) -> None:
    if verified.faults:
        told.badge("Chain broken", icon=":material/gpp_bad:", color="red")
    elif verified.whole:
        told.badge(
            in_words(verified, desk),
            icon=":material/verified_user:",
            color="green",
            help=f"Last entry: {verified.head.n:,}, hash {verified.head.hash}. Store both "
            "elsewhere: they show later that no entry was removed from the end.",
        )
    else:
        told.badge(
            f"Verified {verified.head.n:,} of {words.count(verified.total, 'entry', 'entries')} "
            "so far",
            icon=":material/pending:",
            color="gray",
            help="Each visit verifies a part. The button verifies the rest now.",
        )


def in_words(verified: Verified, desk: Desk) -> str:
    """What a whole chain is said to be."""
    if not verified.total:
        return "Nothing to verify yet"
    of = words.count(verified.total, "entry", "entries")
    return f"{of}, intact at {verified.at.astimezone(desk.zone):%H:%M}"


def _broken(verified: Verified) -> None:
    faults = "\n".join(f"- {words.plain(words.sentence(fault))}" for fault in verified.faults[:5])
    more = len(verified.faults) - 5
    st.error(
        f"{faults}\n"
        + (f"\nAnd {more:,} more.\n" if more > 0 else "")
        + "\nSomebody changed what was recorded, past this program. Keep the database as it is, "
        "and compare it with a backup from before: `python -m core audit verify` names every "
        "entry that does not fit.",
        title="The audit was changed",
        icon=":material/gpp_bad:",
    )
