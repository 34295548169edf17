"""The page of one contact, from the balances down to what the desk did."""

from __future__ import annotations

import streamlit as st

from core.credits.records import Contact, ContactId, Kind
from core.credits.roles import ALLOWED, Act
from core.students.contact_page import Gone, Presented
from pages.shared import pace, problems, words
from pages.shared.gate import Desk
from pages.shared.students import names
from pages.shared.students.contact import (
    acts,
    address,
    balances,
    booking,
    bookings,
    doing,
    history,
    reading,
    trail,
)

#: About what the chart of the balances and its table take.
HISTORY_PX = 420
NOT_READ = "Nothing was read, and nothing was changed."


def show(desk: Desk, id_: ContactId) -> None:
    """Everything that is known of the contact with this id."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "All students", icon=":material/arrow_back:", on_click=address.leave, type="tertiary"
        )
        st.space("stretch")
        st.button(
            "Refresh from HubSpot", icon=":material/refresh:", on_click=reading.forget, key="again"
        )
    if not id_.isdecimal():
        _unknown(id_)
        return
    with problems.told(NOT_READ):
        _page(desk, reading.presented(desk, id_))


def _page(desk: Desk, presented: Presented) -> None:
    if presented.contact is None:
        _without_truth(desk, presented)
        return
    _heading(desk, presented.contact, presented)
    address.remember(presented.asked, presented.contact.name)
    balances.show(desk, presented.contact, presented)
    acts.show(desk, presented)
    if Act.BOOK_ONE in ALLOWED[desk.actor.role] and not doing.show(desk, presented.contact):
        booking.show(desk, presented.contact, presented)
    bookings.show(desk, presented)
    if pace.figures_only(desk, HISTORY_PX):
        return
    history.show(desk, presented)
    trail.show(desk, presented)


def _heading(desk: Desk, contact: Contact, presented: Presented) -> None:
    with st.container(gap="xxsmall"):
        st.header(words.plain(contact.name), anchor=False)
        facts = [
            contact.email,
            f"student id {contact.student_id}" if contact.student_id else "no student id",
            f"HubSpot {contact.id}",
            contact.phone,
            f"NDECC on {words.day(contact.ndecc_exam_date)}" if contact.ndecc_exam_date else "",
        ]
        read = words.relative(presented.read_at, desk.now(), desk.zone)
        told = " · ".join(words.escaped(fact) for fact in facts if fact)
        st.html(f"{told} · read from HubSpot {read}")
        names.elsewhere(desk, Kind.CONTACT, contact.id)
    if presented.merged:
        st.info(
            f"HubSpot merged {presented.asked} into {contact.id}: this is the student that "
            "remained. The balances of the other one are kept in the history alone.",
            title="Two contacts became one",
            icon=":material/merge:",
        )


def _without_truth(desk: Desk, presented: Presented) -> None:
    match presented.gone:
        case Gone.ARCHIVED:
            st.warning(
                "It can be restored in HubSpot for 90 days. Until then nothing can be booked, "
                "cancelled or refunded.",
                title=f"Contact {presented.asked} is archived in HubSpot",
                icon=":material/archive:",
            )
        case Gone.UNKNOWN:
            _unknown(presented.asked)
        case None:
            st.warning(
                "This is the copy in Supabase, as students see it. ("
                f"{words.plain(presented.truth_fault)})",
                title="HubSpot is unreachable",
                icon=":material/cloud_off:",
            )
    if presented.row is not None:
        balances.of_mirror(desk, presented)
        bookings.of_mirror(presented)
    elif presented.standing.error:
        st.warning(
            words.plain(presented.standing.error),
            title="Supabase is unreachable, too",
            icon=":material/cloud_off:",
        )
    trail.show(desk, presented)


def _unknown(id_: str) -> None:
    st.info(
        "The address may be cut short, or the contact was deleted for good.",
        title=f"HubSpot has no contact {words.plain(id_)}",
        icon=":material/person_off:",
    )
