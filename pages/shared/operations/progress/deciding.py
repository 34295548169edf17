"""Writes of which HubSpot does not tell what became: a person looks and says."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.credits.records import Contact, Exam, Kind
from core.credits.roles import ALLOWED, Act
from core.credits.writes import Write
from core.operations.choosing.select import exam_words
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.resolve import DOUBTS_MAX, Doubt
from core.operations.states import Item, Operation
from core.operations.steps.items import takes_seat
from pages.shared import problems, words
from pages.shared.gate import Desk
from pages.shared.operations import address

#: What follows from the answer.
OF_CREDITS = (
    "Applied: its bookings are marked refunded. Not applied: they fail, and a retry refunds "
    "the credit with a new write."
)
OF_SEATS = "Applied: nothing more happens. Not applied: the seat count is written again."
OF_A_REFUND = (
    "Already refunded: no credit is given, by this operation or another. Refund 1 credit: it is "
    "given now."
)
OF_A_BOOKING = "Applied: the booking continues. Not applied: what was taken for it is given back."


def show(desk: Desk, operation: Operation) -> None:
    """One box for each such write, with the counters that bear on it."""
    found = desk.core.resolution.undecided(operation.id, desk.actor)
    doubts: list[Doubt] = []
    with problems.told("Nothing was changed."):
        doubts = desk.core.resolution.doubts(found, desk.actor)
    for doubt in doubts:
        _one(desk, operation, doubt)
    if len(found) > len(doubts):
        st.caption(f"{len(found) - len(doubts):,} more appear when these are decided.")
    unclear = desk.core.resolution.unclear(operation.id, desk.actor)
    for item in unclear[:DOUBTS_MAX]:
        _unclear(desk, operation, item)
    if len(unclear) > DOUBTS_MAX:
        st.caption(f"{len(unclear) - DOUBTS_MAX:,} more appear when these are decided.")


def _unclear(desk: Desk, operation: Operation, item: Item) -> None:
    """One box for a booking that somebody else may have refunded."""
    who = words.plain(f"{item.contact_name or item.contact_id}, {item.booking_name}")
    with st.container(border=True, key=f"rule_{item.booking_id}"):
        st.markdown(f"**Already refunded? {who}**: {words.plain(item.why)}.")
        if Act.RUN_BATCHES not in ALLOWED[desk.actor.role]:
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            why = st.text_input(
                "How do you know?", key=f"why_{item.booking_id}", live=True, width=420,
                placeholder="For example: the balance's history in HubSpot",
            )  # fmt: skip
            for refunded, label in ((True, "Already refunded"), (False, "Refund 1 credit")):
                st.button(
                    label,
                    key=f"{'refunded' if refunded else 'owed'}_{item.booking_id}",
                    disabled=not (why or "").strip(),
                    on_click=partial(_rule, desk, operation, item, refunded=refunded, why=why),
                )
        st.caption(OF_A_REFUND)
        problems.show_kept(f"unclear_{item.booking_id}", "Nothing was decided.")


def _rule(desk: Desk, operation: Operation, item: Item, *, refunded: bool, why: str) -> None:
    with problems.kept(f"unclear_{item.booking_id}"):
        desk.core.resolution.rule(
            operation.id, item.booking_id, desk.acting(), refunded=refunded, why=why.strip()
        )
        st.query_params.from_dict({address.OPERATION: operation.id})


def _one(desk: Desk, operation: Operation, doubt: Doubt) -> None:
    record, write = doubt.record, doubt.record.write
    who, told = words.plain(_who(doubt)), words.plain(_told(desk, doubt))
    with st.container(border=True, key=f"decide_{write.id}"):
        st.markdown(f"**Was this applied? {who}**: {told}")
        if Act.RUN_BATCHES not in ALLOWED[desk.actor.role]:
            return
        with st.container(horizontal=True, vertical_alignment="bottom"):
            why = st.text_input(
                "How do you know?", key=f"why_{write.id}", live=True, width=420,
                placeholder="For example: the contact's property history in HubSpot",
            )  # fmt: skip
            for landed, label in ((True, "Applied"), (False, "Not applied")):
                st.button(
                    label,
                    key=f"{'landed' if landed else 'lost'}_{write.id}",
                    disabled=not (why or "").strip(),
                    on_click=partial(_decide, desk, operation, record, landed=landed, why=why),
                )
        st.caption(_follows(write))
        problems.show_kept(f"undecided_{write.id}", "Nothing was decided.")


def _who(doubt: Doubt) -> str:
    match doubt.target:
        case Contact(name=name):
            return name
        case Exam() as exam:
            return exam_words(exam)
    return f"{doubt.record.write.kind} {doubt.record.write.target_id}, gone from HubSpot"


def _follows(write: Write) -> str:
    if takes_seat(write):
        return OF_A_BOOKING
    return OF_SEATS if write.kind is Kind.EXAM else OF_CREDITS


def _told(desk: Desk, doubt: Doubt) -> str:
    """What was sent, and what HubSpot says now."""
    parts = []
    write = doubt.record.write
    for key, before in write.before.items():
        sent = words.change(before, write.after[key])
        now = doubt.target.balances.get(key) if doubt.target else None
        says = "cannot be read" if now is None else f"is {now:,} now"
        parts.append(f"{words.credit(key, desk.core.catalogue)} {sent} was sent; it {says}.")
    return " ".join(parts)


def _decide(
    desk: Desk, operation: Operation, record: WriteRecord, *, landed: bool, why: str
) -> None:
    with problems.kept(f"undecided_{record.write.id}"):
        desk.core.resolution.decide(
            operation.id, record.write.id, desk.acting(), landed=landed, why=why.strip()
        )
        st.query_params.from_dict({address.OPERATION: operation.id})
