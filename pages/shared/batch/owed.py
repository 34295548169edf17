"""Everything that is owed, as a choice for a refund."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.domain.credits import Catalogue
from core.domain.owed import Owed, by_credit, taken, unclear, waiting
from core.domain.plans import OperationKind
from core.domain.selections import BOOKINGS_MAX, BadList
from core.services.finding import ByIds, Selection
from core.services.owing import EVERYTHING, LAGS, NOTHING
from pages.shared import problems, tables, words
from pages.shared.batch.figures import side_by_side
from pages.shared.batch.ways import NOT_READ, Choice
from pages.shared.gate import Desk
from pages.shared.recent import recent

ROWS = 500


def by_owed(desk: Desk, _: OperationKind) -> Choice:
    """Cancelled bookings whose credit did not come back: all of them, or those ticked."""
    found: list[Owed] = []
    doubtful: list[Owed] = []
    shown: list[Owed] = []
    read = False
    with problems.told(NOT_READ), st.spinner("Looking for what is owed …", show_time=True):
        find = lambda: desk.core.owing.found(desk.actor)  # noqa: E731
        all_ = recent("owed", find, now=desk.now())
        found, doubtful = _waiting_first(all_), unclear(all_)
        date = lambda: desk.core.owing.dated(found[:ROWS])  # noqa: E731
        shown = _waiting_first(recent("owed since", date, now=desk.now()))
        read = True
    if not found:
        if read:
            st.success("Nobody waits for a credit.", icon=":material/check_circle:")
        _unclear(desk, doubtful)
        return _nothing
    _figures(desk, found, shown)
    ticked = _grid(desk, shown)
    _unclear(desk, doubtful)
    ids = tuple(one.booking.id for one in ticked or waiting(found))[:BOOKINGS_MAX]
    caveat = "" if ticked else LAGS
    named = f"{words.count(len(ticked), 'booking')} of those owed" if ticked else EVERYTHING
    return (lambda: ByIds(ids=ids, words=named, caveat=caveat)) if ids else _nothing


def _waiting_first(found: Sequence[Owed]) -> list[Owed]:
    return [*waiting(found), *taken(found)]


def _nothing() -> Selection:
    raise BadList([NOTHING])


def _figures(desk: Desk, found: Sequence[Owed], shown: Sequence[Owed]) -> None:
    wait = waiting(found)
    students = len({one.contact_id for one in wait if one.contact_id})
    longest = next((one.since for one in waiting(shown)), None)
    figures = [
        ("Owed", words.count(len(wait), "credit")),
        ("Wait for one", words.count(students, "student")),
        ("Longest", words.span(desk.now() - longest) if longest else words.NOTHING),
    ]
    told = [_lost(wait), _taken_back(found)]
    side_by_side(figures, _by_type(wait, desk.core.catalogue), " ".join(filter(None, told)))


def _lost(wait: Sequence[Owed]) -> str:
    lost = sum(one.contact_id is None for one in wait)
    if not lost:
        return ""
    return (
        f"{words.count(lost, 'booking')} without exactly one student: the preview blocks "
        f"{'it' if lost == 1 else 'them'} until the association in HubSpot is mended."
    )


def _taken_back(found: Sequence[Owed]) -> str:
    """Said beside the figures, for they leave it out."""
    back = len(taken(found))
    if not back:
        return ""
    credit = words.count(back, "more credit was", "more credits were")
    return f"{credit} taken back by an undo: owed too, and given back only when ticked."


def _unclear(desk: Desk, found: Sequence[Owed]) -> None:
    """Whether these are owed cannot be read: named with their values, and never refunded."""
    if not found:
        return
    label = words.count(len(found), "booking is unclear", "bookings are unclear")
    with st.expander(f"{label}: to be corrected in HubSpot", icon=":material/help:"):
        st.dataframe(
            unclear_frame(found[:ROWS], desk.core.catalogue),
            column_config={
                "Booking": st.column_config.TextColumn(width=320),
                "Credit": st.column_config.TextColumn(width=150),
                "Student": st.column_config.TextColumn("Student's HubSpot record", width=180),
                "Unclear": st.column_config.TextColumn("What cannot be read", width="large"),
            },
            hide_index=True,
            row_height=tables.ROW_PX,
            height=tables.height(min(len(found), ROWS), at_most=270),
            alt="Bookings of which it is unclear whether a credit is owed",
        )


def unclear_frame(found: Sequence[Owed], catalogue: Catalogue) -> pd.DataFrame:
    """One row for each, with the values found in HubSpot."""
    return pd.DataFrame(
        {
            "Booking": [one.booking.booking_id or one.booking.id for one in found],
            "Credit": [words.credit(one.credit, catalogue) for one in found],
            "Student": [one.contact_id or "none, or several" for one in found],
            "Unclear": [words.sentence(one.unclear) for one in found],
        }
    )


def _by_type(found: Sequence[Owed], catalogue: Catalogue) -> pd.DataFrame:
    counted = {key: n for key, n in by_credit(found, catalogue).items() if n}
    names = [words.credit(key, catalogue) for key in counted]
    return pd.DataFrame({"Credit type": names, "Owed": list(counted.values())})


def _grid(desk: Desk, shown: Sequence[Owed]) -> list[Owed]:
    ids = [one.booking.id for one in shown]
    first = f" The {ROWS} longest owed are listed." if len(shown) == ROWS else ""
    some = " but what was taken back" if taken(shown) else ""
    st.caption(f"*Preview* takes all of them{some}. To give back only some, tick those.{first}")
    event = st.dataframe(
        owed_frame(shown, desk.core.catalogue, desk),
        key=f"owed_grid_{tables.fingerprint(ids)}",
        on_select="rerun",
        selection_mode="multi-row",
        column_config={
            "For": st.column_config.TextColumn("Owed for", width=100, alignment="right"),
            "Booking": st.column_config.TextColumn(width=320),
            "Credit": st.column_config.TextColumn(width=150),
            "Exam": st.column_config.TextColumn("Exam date", width=110, alignment="right"),
            "Place": st.column_config.TextColumn(width=130),
            "Student": st.column_config.TextColumn("Student's HubSpot record", width="medium"),
            "Undone": st.column_config.TextColumn("Taken back", width="large"),
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(len(shown), at_most=270),
        alt="Owed credits, longest first",
    )
    return [shown[row] for row in event.selection.rows if row < len(shown)]


def owed_frame(shown: Sequence[Owed], catalogue: Catalogue, desk: Desk) -> pd.DataFrame:
    """One row for each credit owed."""
    frame = pd.DataFrame(
        {
            "For": [words.span(desk.now() - one.since) for one in shown],
            "Booking": [one.booking.booking_id or one.booking.id for one in shown],
            "Credit": [words.credit(one.credit, catalogue) for one in shown],
            "Exam": [words.day(one.booking.exam_date) for one in shown],
            "Place": [one.booking.location or words.NOTHING for one in shown],
            "Student": [one.contact_id or "none, or several" for one in shown],
        }
    )
    if taken(shown):
        frame["Undone"] = [words.sentence(str(one.taken_back or words.NOTHING)) for one in shown]
    return frame
