"""Who sits in a session, and who did before they cancelled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from core.credits.records import Booking, BookingStatus, ContactId
from core.students.exam_sessions import Detailed
from core.students.names import NOBODY, Student
from pages.shared import tables
from pages.shared.gate import Desk
from pages.shared.students import names
from pages.shared.students.contact.bookings import STATUS

ORDER = list(BookingStatus)


def show(desk: Desk, detailed: Detailed) -> None:
    """The bookings of the session, active ones first; a row opens its student."""
    st.header("Bookings", anchor=False)
    found = sorted(detailed.bookings, key=lambda b: (ORDER.index(b.status), b.booking_id, b.id))
    if not found:
        st.caption("No bookings yet.")
        return
    states, colours = zip(*STATUS.values(), strict=True)
    page = tables.page_of(f"attendees_{detailed.session.exam.id}", len(found))
    shown = [found[n] for n in page]
    names.grid(
        desk,
        attendees_frame(shown),
        [_whose(booking, detailed.names) for booking in shown],
        key=f"attendees_{tables.fingerprint([booking.id for booking in shown])}",
        columns={
            "Status": tables.badge_column("Status", states, colours),
            "Booking": st.column_config.TextColumn(width=300),
            "Paid with": st.column_config.TextColumn(width=190),
            "Credit": st.column_config.TextColumn(width=110),
            "Hand": st.column_config.TextColumn("Dominant hand", width=110),
            "Attends at": st.column_config.TextColumn(width=130),
            "Attended": st.column_config.TextColumn(width="medium"),
        },
        height=tables.height(len(shown), at_most=420),
        alt="Bookings of the session, active ones first",
    )


def attendees_frame(bookings: Sequence[Booking]) -> pd.DataFrame:
    """One row for each booking."""
    return pd.DataFrame(
        {
            "Status": [[STATUS[booking.status][0]] for booking in bookings],
            names.STUDENT: [_nobody(booking) for booking in bookings],
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


def _whose(booking: Booking, known: Mapping[ContactId, str]) -> Student:
    id_ = booking.contact_id
    return NOBODY if id_ is None else Student(id_, known.get(id_, ""))


def _nobody(booking: Booking) -> str:
    """What stands in a student's place."""
    return "several students" if booking.contact_ids else "no student"
