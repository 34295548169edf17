"""Who sits in a session, and who did before they cancelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.credits.records import Booking, BookingStatus, ContactId
from core.students.exam_sessions import Detailed
from pages.shared import places, row_buttons, tables
from pages.shared.gate import Desk
from pages.shared.students.contact import address as contact_address
from pages.shared.students.contact.bookings import STATUS

ORDER = list(BookingStatus)


def show(desk: Desk, detailed: Detailed) -> None:
    """The bookings of the session, active ones first; a row opens its student."""
    del desk
    st.header("Bookings", anchor=False)
    found = sorted(detailed.bookings, key=lambda b: (ORDER.index(b.status), b.booking_id, b.id))
    if not found:
        st.caption("No bookings yet.")
        return
    names, colours = zip(*STATUS.values(), strict=True)
    page = tables.page_of(f"attendees_{detailed.session.exam.id}", len(found))
    shown = [found[n] for n in page]
    ids = [str(booking.contact_id or "") for booking in shown]
    key = f"open_{tables.fingerprint(ids)}"
    st.dataframe(
        attendees_frame(shown, detailed.names),
        column_config={
            "Open": row_buttons.column("Open", ids, _open, key=key),
            "Status": tables.badge_column("Status", names, colours),
            "Student": st.column_config.TextColumn(width=170),
            "Booking": st.column_config.TextColumn(width=300),
            "Paid with": st.column_config.TextColumn(width=190),
            "Credit": st.column_config.TextColumn(width=110),
            "Hand": st.column_config.TextColumn("Dominant hand", width=110),
            "Attends at": st.column_config.TextColumn(width=130),
            "Attended": st.column_config.TextColumn(width="medium"),
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(len(shown), at_most=420),
        alt="Bookings of the session, active ones first",
    )
    if to := st.session_state.pop("_attendee_to", None):
        st.switch_page(places.CONTACTS.path, query_params={contact_address.CONTACT: to})


def _open(id_: str) -> None:
    """A callback may not switch pages; the run after it does."""
    st.session_state["_attendee_to"] = id_


def attendees_frame(bookings: Sequence[Booking], names: Mapping[ContactId, str]) -> pd.DataFrame:
    """One row for each booking."""
    return pd.DataFrame(
        {
            "Open": ["Open" if booking.contact_id else "" for booking in bookings],
            "Status": [[STATUS[booking.status][0]] for booking in bookings],
            "Student": [_who(booking, names) for booking in bookings],
            "Booking": [booking.booking_id or booking.id for booking in bookings],
            "Paid with": [booking.token or "nothing" for booking in bookings],
            "Credit": [_credit(booking) for booking in bookings],
            "Hand": [booking.dominant_hand for booking in bookings],
            "Attends at": [booking.attending_location for booking in bookings],
            "Attended": [booking.attendance for booking in bookings],
        }
    )


def _credit(booking: Booking) -> str:
    if booking.mark_unclear:
        return "? Unclear"
    return "↩ Given back" if booking.refunded else ""


def _who(booking: Booking, names: Mapping[ContactId, str]) -> str:
    if booking.contact_id is None:
        return "several students" if booking.contact_ids else "no student"
    return names.get(booking.contact_id, f"HubSpot {booking.contact_id}")
