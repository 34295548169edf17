"""The balances, HubSpot's and the mirror's, under a badge that says how the two stand."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from core.credits.catalogue import Catalogue, CreditType
from core.credits.records import Contact, ContactId
from core.credits.roles import ALLOWED, Act
from core.operations.choosing.adjustment_lists import Asked, AskedList
from core.students.contact_page import Presented
from core.students.copy_status import Copy, Standing
from core.students.search import name_of
from pages.shared import gate, places, problems, words
from pages.shared.gate import Desk
from pages.shared.operations import address
from pages.shared.operations.choosing import adjusting
from pages.shared.students.contact import reading

#: While a copy is on its way, the badge looks again so often. No call to HubSpot.
LOOK_S = 1.0

#: Colour and icon of each badge; the words are made below.
LOOKS = {
    Copy.EQUAL: ("green", ":material/check_circle:"),
    Copy.BEHIND: ("orange", ":material/schedule:"),
    Copy.FAILED: ("red", ":material/error:"),
    Copy.DIFFERS: ("red", ":material/difference:"),
    Copy.MISSING: ("red", ":material/block:"),
    Copy.UNREADABLE: ("orange", ":material/help:"),
    Copy.UNKNOWN: ("gray", ":material/cloud_off:"),
    Copy.NO_TRUTH: ("gray", ":material/help:"),
}

assert LOOKS.keys() == set(Copy), "every standing has its look"


def show(desk: Desk, contact: Contact, presented: Presented) -> None:
    """The badge with the balances; it follows a copy that is on its way."""
    draw = _follow if presented.standing.copy is Copy.BEHIND else _draw
    draw(desk, contact, presented)
    if presented.standing.copy in {Copy.FAILED, Copy.DIFFERS, Copy.MISSING}:
        _mend(desk, contact)


@gate.fragment(run_every=LOOK_S)
def _follow(desk: Desk, contact: Contact, presented: Presented) -> None:
    """Until the copy is there; then the whole page anew."""
    standing = desk.core.contact_page.stands(contact, desk.actor)
    if standing.copy is not Copy.BEHIND:
        reading.forget()
        st.rerun(scope="app")
    _badge_and_cards(desk, contact, presented, standing)


@gate.fragment()
def _draw(desk: Desk, contact: Contact, presented: Presented) -> None:
    """A fragment, so that what is asked in a card does not draw the page again."""
    _badge_and_cards(desk, contact, presented, presented.standing)


def _badge_and_cards(
    desk: Desk, contact: Contact, presented: Presented, standing: Standing
) -> None:
    _badge(desk, standing)
    _cards(desk, contact, dict(presented.row) if presented.row else None, standing)


def badge_words(standing: Standing, now: datetime) -> str:
    """How the copy stands, in a few words."""
    behind = words.span(now - standing.since) if standing.since else ""
    match standing.copy:
        case Copy.EQUAL:
            seconds = max(0.0, (now - standing.at).total_seconds())
            ago = f"{seconds:.1f} s ago" if seconds < 10 else words.ago(standing.at, now)
            return f"Supabase matches, confirmed {ago}"
        case Copy.BEHIND:
            place = f", number {standing.place} in the queue" if standing.place else ""
            return f"Supabase {behind or 'a moment'} behind, copy queued{place}"
        case Copy.FAILED:
            return f"Copy failed, Supabase {behind or 'some time'} behind"
        case Copy.DIFFERS:
            return "Supabase differs, and no copy is queued"
        case Copy.MISSING:
            return "Not in Supabase, and no copy is queued"
        case Copy.UNREADABLE:
            return "A balance in HubSpot is not a number"
        case Copy.UNKNOWN:
            return "Supabase is unreachable, so its balances are unknown"
    return "HubSpot is unreachable, so nothing is confirmed"


def _badge(desk: Desk, standing: Standing) -> None:
    colour, icon = LOOKS[standing.copy]
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        told = badge_words(standing, desk.now())
        st.badge(told, icon=icon, color=colour)  # type: ignore[arg-type]
        if standing.error:
            st.caption(words.plain(standing.error), width="content")


def _cards(desk: Desk, contact: Contact, row: dict[str, object] | None, standing: Standing) -> None:
    catalogue = desk.core.catalogue
    adjusts = Act.RUN_BATCHES in ALLOWED[desk.actor.role]
    with st.grid(len(catalogue.keys), min_column_width=150, gap="small"):
        for key in catalogue.keys:
            known = row is not None and standing.copy is not Copy.UNKNOWN
            held = row.get(key) if row is not None and known else None
            with st.container(gap="xxsmall"):
                _card(catalogue, contact, key, held)
                if adjusts:
                    _adjust(desk, contact, key)


def _adjust(desk: Desk, contact: Contact, key: CreditType) -> None:
    """Asks by how much, and goes to the page on which it is confirmed."""
    label = words.credit(key, desk.core.catalogue)
    with st.popover("Adjust", icon=":material/balance:", type="tertiary", key=f"adjust_{key}"):
        st.markdown(f"**{label}** of {words.plain(contact.name)}")
        asked = adjusting.change(f"adjust_{key}")
        if not st.button("Preview", type="primary", key=f"adjust_{key}_preview"):
            return
        with problems.told("Nothing was changed."):
            one = Asked(contact_id=ContactId(contact.id), credit=key, change=asked)
            plan = adjusting.preview(desk, AskedList(rows=(one,)))
            reading.forget()
            st.switch_page(places.OF_KIND[plan.kind].path, query_params={address.PLAN: plan.id})


def _card(catalogue: Catalogue, contact: Contact, key: CreditType, held: object) -> None:
    truth = contact.balances.get(key)
    mirror = words.NOTHING if held is None else f"{held}"
    wrong = truth is not None and held is not None and held != truth
    st.metric(
        words.credit(key, catalogue),
        "unreadable" if truth is None else f"{truth:,}",
        delta=f"Supabase {mirror}" + (" ≠" if wrong else ""),
        delta_color="red" if wrong else "off",
        delta_arrow="off",
        help=contact.unreadable.get(key),
        border=True,
        height="stretch",
    )


def _mend(desk: Desk, contact: Contact) -> None:
    if Act.RUN_BATCHES not in ALLOWED[desk.actor.role]:
        st.caption(
            "HubSpot is right; students see the balance in Supabase. An admin can copy it again."
        )
        return
    if st.button("Copy from HubSpot now", icon=":material/replay:", key="copy_again"):
        with problems.told("Nothing was changed."):
            desk.core.contact_page.copy_again(ContactId(contact.id), desk.acting())
            reading.forget()
            st.rerun()


def of_mirror(desk: Desk, presented: Presented) -> None:
    """What students see, when HubSpot has nothing to say."""
    row = presented.row or {}
    st.header(words.plain(name_of(row) if row else presented.asked), anchor=False)
    catalogue = desk.core.catalogue
    with st.grid(len(catalogue.keys), min_column_width=150, gap="small"):
        for key in catalogue.keys:
            held = row.get(key)
            st.metric(
                words.credit(key, catalogue),
                words.NOTHING if held is None else f"{held}",
                delta="in Supabase",
                delta_color="off",
                delta_arrow="off",
                border=True,
                height="stretch",
            )
