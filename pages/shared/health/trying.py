"""*Try this*: on the first page of each role of the demo, links to what there is to do now."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from core.credits.records import Kind
from core.health.first_jobs import FirstJob, Try
from pages.shared import gate, places, problems, words
from pages.shared.drift import address as drift_address
from pages.shared.drift.asking import may_repair
from pages.shared.gate import Desk
from pages.shared.health.links import Link
from pages.shared.students.contact import address as contact_address
from pages.shared.students.exams import address as exam_address

HIDDEN = "_try_this_hidden"


def show(desk: Desk, draw: Callable[[Desk], None]) -> None:
    """``draw`` with the panel above it, looked for last: the page itself need not wait for it."""
    place = st.container()
    draw(desk)
    if not desk.core.demo or desk.place is not gate.first_for(desk.actor):
        return
    if st.query_params or st.session_state.get(HIDDEN):
        return  # they are at something, or want none of it
    with place, problems.told("Nothing was changed."):
        if jobs := desk.core.first_jobs.found(desk.actor):
            _panel(desk, jobs)


def _panel(desk: Desk, jobs: Sequence[FirstJob]) -> None:
    with st.container(border=True, key="try_this", gap="small"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.header("Try this", anchor=False, width="content")
            st.caption("Chosen from the demo's data. Nothing changes before you confirm.")
            st.button("Hide", icon=":material/close:", type="tertiary", on_click=_hide)
        with st.grid(2, min_column_width=320, gap="small"):
            for job in jobs:
                _lead(desk, link_of(desk, job))


def _lead(desk: Desk, link: Link) -> None:
    """A link; on this very page a button, since a link to it would lead to its bare address."""
    label, params = words.plain(link.says), dict(link.params)
    if link.place is desk.place:
        st.button(
            label,
            icon=link.place.icon,
            type="tertiary",
            on_click=st.query_params.from_dict,
            args=(params,),
        )
    else:
        st.page_link(
            places.as_page(link.place), label=label, icon=link.place.icon, query_params=params
        )


def _hide() -> None:
    st.session_state[HIDDEN] = True


def link_of(desk: Desk, job: FirstJob) -> Link:
    """Where it is done, with its student or exam open."""
    contact = {contact_address.CONTACT: job.of}
    match job.kind:
        case Try.REFUND:
            credits_ = words.count(job.number, "credit")
            return Link(places.CONTACTS, f"Refund {credits_} owed to {job.name}", contact)
        case Try.STUDENT:
            return Link(places.CONTACTS, f"See the balance history of {job.name}", contact)
        case Try.BOOKING:
            return Link(places.CONTACTS, f"Cancel a booking of {job.name}", contact)
        case Try.EXAM:
            bookings = words.count(job.number, "booking")
            says = f"Cancel exam {job.name} ({bookings})"
            return Link(places.EXAMS, says, {exam_address.EXAM: job.of})
        case Try.DRIFT:
            record = f"{Kind.CONTACT.value}-{job.of}"
            if may_repair(desk):
                says = f"Repair the balance of {job.name} in Supabase"
                return Link(places.DRIFT, says, {drift_address.PREVIEW: record})
            says = f"See why the balance of {job.name} is wrong"
            return Link(places.DRIFT, says, {drift_address.RECORD: record})
