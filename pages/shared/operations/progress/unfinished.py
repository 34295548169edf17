"""Bookings that were blocked or failed: preview the blocked again, or dismiss with a reason."""

from __future__ import annotations

import streamlit as st

from core.credits.roles import ALLOWED, Act
from core.credits.typed_reasons import REASON_MAX
from core.operations.blocked_items import PREVIEWED
from core.operations.states import DISMISSIBLE, ENDED, Item, Operation, OperationState, Progress
from pages.shared import gate, places, problems, words
from pages.shared.gate import Desk
from pages.shared.operations import address

#: A list to choose from that is longer helps nobody.
CHOICES_MAX = 200


def offer(desk: Desk, operation: Operation, progress: Progress) -> None:
    """Buttons for admins, where something of an ended operation waits for a person."""
    ended = operation.state in ENDED - {OperationState.CALLED_OFF}
    if not ended or Act.RUN_BATCHES not in ALLOWED[desk.actor.role]:
        return
    blocked = progress.blocked_at_preview
    if blocked and operation.kind in PREVIEWED:
        label = f"Preview {blocked:,} blocked again"
        told = "Correct what blocks them in HubSpot first. Nothing changes until you confirm."
        if st.button(label, icon=":material/visibility:", key="look_again", help=told):
            _look_again(desk, operation)
    if any(progress.states.get(state) for state in DISMISSIBLE):
        with st.popover("Dismiss …", icon=":material/notifications_off:", key="dismissing"):
            _form(desk, operation)


def _look_again(desk: Desk, operation: Operation) -> None:
    with problems.told("Nothing was changed."):
        with st.spinner("Reading the bookings and their students from HubSpot …", show_time=True):
            plan = desk.core.blocked_items.look_again(operation.id, desk.acting())
        st.switch_page(places.OF_KIND[plan.kind].path, query_params={address.PLAN: plan.id})


@gate.fragment()
def _form(desk: Desk, operation: Operation) -> None:
    """A fragment, so that typing does not draw the page again."""
    items = desk.core.blocked_items.open(operation.id, desk.actor)
    st.markdown(
        "Dismissed bookings no longer need attention. **Their credits and seats stay as they "
        "are in HubSpot.** Your reason is kept in the audit."
    )
    chosen = items
    if 1 < len(items) <= CHOICES_MAX:
        named = {item.booking_id: item for item in items}
        ids = st.multiselect(
            "Bookings",
            list(named),
            default=list(named),
            format_func=lambda id_: _name(named[id_]),
            key=f"dismiss_{operation.id}",
        )
        chosen = [named[id_] for id_ in ids]
    reason = st.text_input(
        "Reason", max_chars=REASON_MAX, live=True, key=f"dismiss_reason_{operation.id}"
    )
    label = f"Dismiss {words.count(len(chosen), 'booking')}"
    ready = bool(chosen and (reason or "").strip())
    if st.button(label, key="dismiss", type="primary", disabled=not ready):
        with problems.told("Nothing was dismissed."):
            desk.core.blocked_items.dismiss(
                operation.id,
                desk.acting(),
                reason=reason or "",
                bookings=[item.booking_id for item in chosen],
            )
            st.rerun(scope="app")


def _name(item: Item) -> str:
    who = words.straight(item.contact_name)
    return ", ".join(filter(None, [who, words.straight(item.booking_name or item.booking_id)]))
