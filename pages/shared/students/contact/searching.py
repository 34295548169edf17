"""The search: results while typing, from the mirror; HubSpot only when told to."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.credits.roles import ALLOWED
from core.exports.listings import ACTS, Listing
from core.mirror.found_by import FoundBy
from core.students.search_rules import TEXT_MIN, Hit, Hits, Where, cleaned, may_be_phone
from pages.shared import problems, row_buttons, tables, words
from pages.shared.exports import csv_button
from pages.shared.gate import Desk
from pages.shared.recent import recent
from pages.shared.students.contact import address

NOT_READ = "Nothing was read, and nothing was changed."
#: The text for which HubSpot was asked: another text is the mirror's again.
IN_HUBSPOT = "_contacts_in_hubspot"


def show(desk: Desk) -> None:
    """A box to type in, and whom it finds."""
    box = st.container(key="student_search")  # by which ``static/keys.js`` finds it
    typed = box.text_input(
        "Find a student",
        type="search",
        live="300ms",
        key=address.TEXT,
        bind="query-params",
        placeholder="Name, part of an e-mail, student id, HubSpot id or booking id",
        help="Finds names with typing errors. Phone numbers are in HubSpot alone: search there "
        "for them.",
        autocomplete="off",
    )
    text = cleaned(typed or "")
    if not text:
        _lately()
        _export(desk)
    elif len(text) < TEXT_MIN:
        st.caption(f"Type at least {TEXT_MIN} letters.")
    else:
        _found(desk, text, typed or "")


def _export(desk: Desk) -> None:
    if ACTS[Listing.STUDENTS] in ALLOWED[desk.actor.role]:
        csv_button(
            desk,
            lambda now: now.core.exporter.students(now.actor),
            f"students-{desk.now():%Y-%m-%d-%H%M}",
            "With their balances, as Supabase holds them",
            label="All students as CSV",
        )


def _lately() -> None:
    kept = address.lately()
    if not kept:
        st.caption("Students you open appear here.")
        return
    st.header("Recently opened", anchor=False)
    with st.container(horizontal=True, gap="small"):
        for id_, name in kept.items():
            st.button(
                words.plain(name), key=f"lately_{id_}", on_click=address.open_contact, args=(id_,)
            )


def _found(desk: Desk, text: str, typed: str) -> None:
    with problems.told(NOT_READ):
        hits = _ask(desk, text)
        _told(text, hits)
        with st.container(horizontal=True, gap="small"):
            if hits.hits:
                _first(hits, typed)
            if hits.where is Where.MIRROR:
                _offer_hubspot(text, hits)
        if hits.hits:
            _grid(desk, hits)


def _ask(desk: Desk, text: str) -> Hits:
    """The mirror each time, for it costs milliseconds; HubSpot's answer is kept for a moment."""
    core, actor = desk.core, desk.actor
    if st.session_state.get(IN_HUBSPOT) == text:
        ask = lambda: core.student_search.find_in_hubspot(text, actor)  # noqa: E731
        return recent(f"hubspot contacts {text}", ask, now=desk.now())
    kept: Hits | None = recent_fallback(text)
    if kept is not None:
        return kept
    hits = core.student_search.find(text, actor)
    if hits.mirror_fault:
        st.session_state["_contacts_fallback"] = (text, hits)
    return hits


def recent_fallback(text: str) -> Hits | None:
    """What HubSpot was asked for in the mirror's place, as long as the text stays."""
    kept_text, hits = st.session_state.get("_contacts_fallback", ("", None))
    return hits if kept_text == text else None


def _told(text: str, hits: Hits) -> None:
    """What was found and where, in words."""
    if hits.mirror_fault:
        st.warning(
            f"HubSpot was searched instead: it finds whole words only. "
            f"({words.plain(hits.mirror_fault)})",
            title="Supabase is unreachable",
            icon=":material/cloud_off:",
        )
    if not hits.hits:
        _nobody(text, hits)
    elif hits.hits[0].by is FoundBy.LIKE:
        st.info(
            f"No exact match for “{words.plain(text)}”. Similar names:",
            icon=":material/spellcheck:",
        )
    elif hits.more:
        st.caption(f"The first {len(hits.hits)}. Type more letters to narrow it down.")
    else:
        st.caption(f"{words.count(len(hits.hits), 'student')} in {hits.where}.")


def _nobody(text: str, hits: Hits) -> None:
    if hits.where is Where.HUBSPOT:
        told = "HubSpot has no such name, e-mail, phone number or student id."
        if not hits.mirror_fault:
            told += " A student entered a moment ago is found a few seconds later."
    elif may_be_phone(text):
        told = "This looks like a phone number. Phone numbers are in HubSpot alone."
    else:
        told = "Try fewer letters, or search HubSpot: Supabase may lack a new student."
    st.info(told, title=f"No student found for “{words.plain(text)}”", icon=":material/person_off:")


def _first(hits: Hits, typed: str) -> None:
    """So that Tab and Enter are enough to open the best match; Enter alone, if there is no other.

    For that the button has what was typed in its key, where ``static/keys.js`` looks for it: an
    answer to what was typed before opens nobody.
    """
    best = hits.hits[0]
    only = len(hits.hits) == 1 and best.by is not FoundBy.LIKE
    st.button(
        f"Open {words.plain(best.name)}",
        type="primary" if len(hits.hits) == 1 else "secondary",
        icon=":material/person:",
        key=f"only_{typed.encode().hex()}" if only else "open_first",
        on_click=address.open_contact,
        args=(best.contact_id,),
    )


def _grid(desk: Desk, hits: Hits) -> None:
    ids = [str(hit.contact_id) for hit in hits.hits]
    key = f"open_{tables.fingerprint(ids)}"
    number = st.column_config.NumberColumn
    st.dataframe(
        hits_frame(hits.hits, desk),
        key=f"contacts_{tables.fingerprint(ids)}",
        column_config={
            "Open": row_buttons.column("Open", ids, address.open_contact, key=key),
            "Student": st.column_config.TextColumn(width=165),
            "E-mail": st.column_config.TextColumn(width=235),
            "Student id": st.column_config.TextColumn(width=90, alignment="right"),
            **{c.label: number(width=_wide(c.label)) for c in desk.core.catalogue.credits},
            "Found by": st.column_config.TextColumn(width="medium"),
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(len(ids), at_most=520),
        alt="Students found",
    )
    if hits.where is Where.MIRROR:
        st.caption("Balances in credits, as students see them. Open a student for HubSpot's.")


def _wide(label: str) -> int:
    """Pixels in which a column's name is read whole."""
    return max(70, 7 * len(label) + 20)


def hits_frame(hits: tuple[Hit, ...], desk: Desk) -> pd.DataFrame:
    """One row for each student found."""
    return pd.DataFrame(
        {
            "Open": ["Open"] * len(hits),
            "Student": [hit.name for hit in hits],
            "E-mail": [hit.email for hit in hits],
            "Student id": [hit.student_id for hit in hits],
            **{
                c.label: pd.array([hit.balances.get(c.key) for hit in hits], dtype="Int64")
                for c in desk.core.catalogue.credits
            },
            "Found by": [f"booking {hit.booking}" if hit.booking else hit.by for hit in hits],
        }
    )


def _offer_hubspot(text: str, hits: Hits) -> None:
    phone = may_be_phone(text)
    st.button(
        "Search HubSpot for this number" if phone else "Search HubSpot",
        icon=":material/travel_explore:",
        type="secondary" if hits.hits and not phone else "primary",
        help="Two calls to HubSpot: also finds phone numbers, and students whom Supabase lacks.",
        key="search_hubspot",
        on_click=_in_hubspot,
        args=(text,),
    )


def _in_hubspot(text: str) -> None:
    st.session_state[IN_HUBSPOT] = text
