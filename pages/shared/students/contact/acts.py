"""What is owed to this student, and the way to the page on which it is given back."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.credits.records import BookingId
from core.credits.roles import ALLOWED, Act
from core.operations.choosing.select import ByReference
from core.operations.kinds.refund import REFUND
from core.operations.owed.rules import by_credit, doubtful, settled, taken, unclear, waiting
from core.operations.terms import ORDINARY, Inclusion
from core.operations.verdicts import OperationKind
from core.students.contact_page import Presented
from pages.shared import places, problems, words
from pages.shared.gate import Desk
from pages.shared.operations import address
from pages.shared.operations.choosing import owed_words
from pages.shared.students.contact import reading


def show(desk: Desk, presented: Presented) -> None:
    """What is owed, with the way to give it back; what was taken back, with who and why."""
    _taken_back(desk, presented)
    _unclear(presented)
    _to_decide(desk, presented)
    _not_owed(desk, presented)
    owed = waiting(presented.owed)
    if not owed:
        return
    found = by_credit(owed, desk.core.catalogue)
    told = ", ".join(
        f"{n} {words.credit(key, desk.core.catalogue)}" for key, n in found.items() if n
    )
    credits_ = words.count(len(owed), "credit")
    admin = Act.RUN_BATCHES in ALLOWED[desk.actor.role]
    with st.container(border=True, horizontal=True, vertical_alignment="center", key="owed"):
        st.markdown(
            f":material/redo: **Owed: {credits_}** ({told}), spent on cancelled bookings and "
            "not given back." + ("" if admin else " An admin can give them back."),
            width="stretch",
        )
        ids = [one.booking.id for one in owed]
        if admin and st.button(f"Refund {credits_} …", type="primary", key="refund_owed"):
            preview(desk, REFUND.key, ids)
    if admin:
        with st.expander("Mark as not owed", icon=":material/block:"):
            named = {one.booking.booking_id or one.booking.id: one for one in owed}
            picked = st.multiselect("Bookings", list(named), default=list(named), key="forfeit")
            if picked:
                owed_words.decide(desk, [named[name] for name in picked], key="student")


def _to_decide(desk: Desk, presented: Presented) -> None:
    """Somebody else may have given these back: an admin says which are owed."""
    for one in doubtful(presented.owed):
        name = one.booking.booking_id or one.booking.id
        st.warning(
            f"{words.plain(name)}: {words.plain(one.doubt)}. Until an admin decides, the credit is "
            "neither owed nor refunded.",
            title="Refunded already? An admin decides",
            icon=":material/rule:",
        )
        owed_words.decide(desk, [one], key=f"doubt_{one.booking.id}", owed_too=True)


def _not_owed(desk: Desk, presented: Presented) -> None:
    """Cancelled without a refund mark, and nothing is owed: who says so and why."""
    found = settled(presented.owed)
    if not found:
        return
    label = words.count(len(found), "cancelled booking is", "cancelled bookings are")
    with st.expander(f"{label} not owed", icon=":material/task_alt:"):
        for one in found:
            name = one.booking.booking_id or one.booking.id
            st.markdown(f"{words.plain(name)}: {words.plain(one.against)}.")
        decided = [one.booking.id for one in found if one.decision is not None]
        if decided:
            owed_words.withdraw(desk, decided, key="student_settled")
        elif others := [one for one in found if one.decision is None and not one.forfeited]:
            owed_words.decide(desk, others, key="student_owed", owed_too=True)
        kept = [one.booking.id for one in found if one.forfeited]
        admin = Act.RUN_BATCHES in ALLOWED[desk.actor.role]
        label = f"Give {words.count(len(kept), 'kept credit')} back …"
        if kept and admin and st.button(label, icon=":material/redo:", key="give_kept_back"):
            preview(desk, REFUND.key, kept, frozenset({Inclusion.FORFEITED}))


def _taken_back(desk: Desk, presented: Presented) -> None:
    """Owed by the rules, and on purpose: nothing offers to give it back at once."""
    for one in taken(presented.owed):
        credit = words.credit(one.credit, desk.core.catalogue)
        name = one.booking.booking_id or one.booking.id
        st.info(
            f"{credit} for {words.plain(name)}: {words.plain(str(one.taken_back))}. It can be "
            "given back by a bulk refund that names the booking.",
            icon=":material/undo:",
        )


def _unclear(presented: Presented) -> None:
    """Whether anything is owed cannot be read: named, and neither counted nor offered."""
    for one in unclear(presented.owed):
        name = one.booking.booking_id or one.booking.id
        st.warning(
            f"{words.plain(name)}: {words.plain(one.unclear)}. Correct the booking in HubSpot; "
            "until then it is neither owed nor refunded.",
            title="Not clear whether a credit is owed",
            icon=":material/help:",
        )


def preview(
    desk: Desk,
    kind: OperationKind,
    ids: Sequence[BookingId],
    include: frozenset[Inclusion] = ORDINARY,
) -> None:
    """Make the plan, and go to the page on which it is confirmed."""
    with problems.told("Nothing was changed."):
        with st.spinner("Reading the bookings from HubSpot …"):
            choice = ByReference(references=tuple(ids))
            plan = desk.core.operation_planner.preview(kind, choice, desk.acting(), include=include)
        reading.forget()
        st.switch_page(places.OF_KIND[kind].path, query_params={address.PLAN: plan.id})
