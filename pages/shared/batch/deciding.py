"""Writes of which HubSpot does not tell what became: a person looks and says."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.domain.operations import ItemState, Operation, Progress
from core.domain.records import Contact, ContactId, Kind
from core.domain.roles import ALLOWED, Act
from core.gateways.ports import WriteRecord, WriteState
from pages.shared import problems, words
from pages.shared.batch import address
from pages.shared.gate import Desk

#: More than this at once means that something larger is wrong; the rest follows when these are.
SHOWN_MAX = 10


def show(desk: Desk, operation: Operation, progress: Progress) -> None:
    """One box for each such write, with the balances that bear on it."""
    if not progress.states.get(ItemState.UNDECIDED):
        return
    found = [w for w in desk.core.journal.writes(operation.id) if w.state is WriteState.UNDECIDED]
    contacts: dict[ContactId, Contact | None] = {}
    with problems.told("Nothing was changed."):
        wanted = [w.write.target_id for w in found[:SHOWN_MAX] if w.write.kind is Kind.CONTACT]
        contacts = desk.core.finding.contacts_now(desk.actor, list(map(ContactId, wanted)))
    for record in found[:SHOWN_MAX]:
        _one(desk, operation, record, contacts.get(ContactId(record.write.target_id)))
    if len(found) > SHOWN_MAX:
        st.caption(f"{len(found) - SHOWN_MAX:,} more follow when these are decided.")


def _one(desk: Desk, operation: Operation, record: WriteRecord, contact: Contact | None) -> None:
    write = record.write
    who = contact.name if contact else f"{write.kind} {write.target_id}, gone from HubSpot"
    with st.container(border=True, key=f"decide_{write.id}"):
        st.markdown(
            f"**Did this arrive? {words.plain(who)}**: {words.plain(_told(desk, record, contact))}"
        )
        if Act.RUN_BATCHES not in ALLOWED[desk.actor.role]:
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            why = st.text_input(
                "How do you know?", key=f"why_{write.id}", live=True, width=420,
                placeholder="Say, the contact's property history in HubSpot",
            )  # fmt: skip
            for landed, label in ((True, "It arrived"), (False, "It never arrived")):
                st.button(
                    label,
                    key=f"{'landed' if landed else 'lost'}_{write.id}",
                    disabled=not (why or "").strip(),
                    on_click=partial(_decide, desk, operation, record, landed=landed, why=why),
                )
        st.caption(
            "Arrived: its bookings are marked refunded. Never arrived: they fail, and a retry "
            "gives the credit back by a new write."
        )
        problem = st.session_state.pop(f"undecided_{write.id}", None)
        if problem is not None:
            problems.show(problem, "Nothing was decided.")


def _told(desk: Desk, record: WriteRecord, contact: Contact | None) -> str:
    """What was sent, and what HubSpot says now."""
    parts = []
    for key, before in record.write.before.items():
        sent = words.change(before, record.write.after[key])
        now = contact.balances.get(key) if contact else None
        says = "cannot be read" if now is None else f"is {now:,} now"
        parts.append(f"{words.credit(key, desk.core.catalogue)} {sent} was sent; it {says}.")
    return " ".join(parts)


def _decide(
    desk: Desk, operation: Operation, record: WriteRecord, *, landed: bool, why: str
) -> None:
    """A callback draws nothing: a problem is kept for the drawing that follows."""
    try:
        desk.core.deciding.decide(
            operation.id, record.write.id, desk.acting(), landed=landed, why=why.strip()
        )
    except problems.REFUSALS as error:
        st.session_state[f"undecided_{record.write.id}"] = problems.explain(error)
    else:
        st.query_params.from_dict({address.OPERATION: operation.id})
