"""The student's bookings: when, where, paid with what, and whether it came back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo
from typing import Any

import pandas as pd
import streamlit as st

from core.credits.exam_times import hours
from core.credits.records import Booking, BookingId, BookingStatus, Kind
from core.credits.roles import ALLOWED, Act
from core.operations.owed.rules import Owed
from core.students.contact_page import Presented
from pages.shared import open_exams, problems, tables, words
from pages.shared.gate import Desk
from pages.shared.students import names as students
from pages.shared.students.contact import doing

STATUS = {
    BookingStatus.ACTIVE: ("✓ Active", "green"),
    BookingStatus.CANCELLED: ("✕ Cancelled", "gray"),
    BookingStatus.COMPLETED: ("• Completed", "blue"),
    BookingStatus.UNKNOWN: ("? Unknown", "orange"),
}
assert STATUS.keys() == set(BookingStatus), "every status has its word"

OWED, BACK, TAKEN, UNCLEAR = "Owed", "Given back", "Taken back", "Unclear"
TO_DECIDE = "Needs a decision"
NONE = words.NOTHING


def show(desk: Desk, presented: Presented) -> None:
    """All bookings of the student, the latest exam first; active ones can be ticked."""
    st.header("Bookings", anchor=False)
    if not presented.bookings:
        st.caption("No bookings yet.")
        return
    may_cancel = Act.BOOK_ONE in ALLOWED[desk.actor.role]
    owed = {one.booking.id: one for one in presented.owed}
    shown = presented.bookings
    names, colours = zip(*STATUS.values(), strict=True)
    ticking: dict[str, Any] = (
        {"on_select": "rerun", "selection_mode": "multi-row"} if may_cancel else {}
    )
    # with the status: what was just cancelled is not selected any more
    drawn = [f"{booking.id} {booking.status}" for booking in shown]
    key = f"bookings_{tables.fingerprint(drawn)}"
    records = [students.record_cell(desk, Kind.BOOKING, booking.id) for booking in shown]
    event = st.dataframe(
        bookings_frame(shown, owed, desk.core.zone).assign(Record=records),
        key=key,
        column_config={
            "Status": tables.badge_column("Status", names, colours),
            "Exam": st.column_config.DateColumn(format="D MMM YYYY", width=100),
            "Time": st.column_config.TextColumn(width=110),
            "Type": st.column_config.TextColumn(width=150),
            "Place": st.column_config.TextColumn(width=120),
            "Paid with": st.column_config.TextColumn(width=180),
            "Credit": st.column_config.TextColumn(width=180),
            "Booking id": st.column_config.TextColumn(width="medium"),
            "Record": students.record_column("HubSpot id", records),
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(len(shown), at_most=330),
        alt="Bookings of the student",
        **ticking,
    )
    if may_cancel:
        rows = [row for row in event.selection.rows if row < len(shown)]
        _change(desk, [shown[row] for row in rows])


def _change(desk: Desk, picked: Sequence[Booking]) -> None:
    """One or several of this student; the preview comes before anything is changed."""
    if not picked:
        st.caption("Select bookings to cancel or move them.")
        return
    ids, what = [booking.id for booking in picked], words.count(len(picked), "booking")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if st.button(f"Cancel {what} …", icon=":material/event_busy:", key="cancel_picked"):
            doing.cancel(desk, ids)
        with problems.told(doing.UNCHANGED):
            to = open_exams.choose(desk, "move_picked_to")
        if st.button(
            f"Move {what} …",
            icon=":material/move_down:",
            key="move_picked",
            disabled=to is None,
            help=None if to else "Choose the exam to move to",
        ):
            doing.move(desk, ids, to)


def bookings_frame(
    bookings: Sequence[Booking], owed: Mapping[BookingId, Owed], zone: tzinfo
) -> pd.DataFrame:
    """One row for each booking."""
    return pd.DataFrame(
        {
            "Status": [[STATUS[b.status][0]] for b in bookings],
            "Exam": [b.exam_date for b in bookings],
            "Time": [hours(b, zone) for b in bookings],
            "Type": [b.mock_type for b in bookings],
            "Place": [b.location for b in bookings],
            "Paid with": [b.token or "nothing" for b in bookings],
            "Credit": [credit_words(b, owed.get(b.id)) for b in bookings],
            "Booking id": [b.booking_id or b.id for b in bookings],
        }
    )


def credit_words(booking: Booking, owed: Owed | None) -> str:
    """What became of the credit that the booking spent."""
    if owed is not None and owed.not_owed is not None:
        return f"– {words.sentence(owed.not_owed)}"
    if booking.mark_unclear or (owed is not None and owed.unclear):
        return f"? {UNCLEAR}"
    if owed is not None and owed.doubt:
        return f"? {TO_DECIDE}"
    if booking.refunded:
        when = f" on {words.day(booking.refunded_at.date())}" if booking.refunded_at else ""
        return f"↩ {BACK}{when}"
    if owed is not None and owed.taken_back is not None:
        return f"↶ {TAKEN} on {words.day(owed.taken_back.at.date())}"
    if owed is not None:
        return f"! {OWED}"
    if booking.status is BookingStatus.CANCELLED:
        return "On its way back or none spent"
    return NONE


def of_mirror(presented: Presented) -> None:
    """The mirror's rows, when HubSpot does not answer."""
    if not presented.held:
        return
    st.header("Bookings in Supabase", anchor=False)
    st.dataframe(
        held_frame(presented.held),
        column_config={"Exam": st.column_config.TextColumn(width=100)},
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(len(presented.held), at_most=330),
        alt="Bookings of the student in Supabase",
    )


def held_frame(rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """One row for each booking that the mirror holds."""
    names = {
        "Status": "is_active",
        "Exam": "exam_date",
        "Type": "mock_type",
        "Place": "location",
        "Paid with": "token_used",
        "Booking id": "booking_id",
    }
    return pd.DataFrame(
        {label: [row.get(name) or "" for row in rows] for label, name in names.items()}
    )
