"""Everything that is owed, as a choice for a refund."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.domain.credits import Catalogue
from core.domain.owed import Owed, by_credit
from core.domain.plans import OperationKind
from core.domain.selections import BOOKINGS_MAX, BadList
from core.services.finding import ByIds, Selection
from core.services.owing import EVERYTHING, NOTHING
from pages.shared import problems, tables, words
from pages.shared.batch.figures import side_by_side
from pages.shared.batch.ways import NOT_READ, Choice
from pages.shared.gate import Desk
from pages.shared.recent import recent

ROWS = 500


def by_owed(desk: Desk, _: OperationKind) -> Choice:
    """Cancelled bookings whose credit did not come back: all of them, or those ticked."""
    found: list[Owed] = []
    shown: list[Owed] = []
    read = False
    with problems.told(NOT_READ), st.spinner("Looking for what is owed …", show_time=True):
        find = lambda: desk.core.owing.found(desk.actor)  # noqa: E731
        found = recent("owed", find, now=desk.now())
        date = lambda: desk.core.owing.dated(found[:ROWS])  # noqa: E731
        shown = recent("owed since", date, now=desk.now())
        read = True
    if not found:
        if read:
            st.success("Nobody waits for a credit.", icon=":material/check_circle:")
        return _nothing
    _figures(desk, found, shown)
    ticked = _grid(desk, shown)
    ids = tuple(one.booking.id for one in ticked or found)[:BOOKINGS_MAX]
    named = f"{words.count(len(ticked), 'booking')} of those owed" if ticked else EVERYTHING
    return lambda: ByIds(ids=ids, words=named)


def _nothing() -> Selection:
    raise BadList([NOTHING])


def _figures(desk: Desk, found: Sequence[Owed], shown: Sequence[Owed]) -> None:
    students = len({one.contact_id for one in found if one.contact_id})
    figures = [
        ("Owed", words.count(len(found), "credit")),
        ("Wait for one", words.count(students, "student")),
        ("Longest", words.span(desk.now() - shown[0].since)),
    ]
    lost = sum(one.contact_id is None for one in found)
    told = (
        f"{words.count(lost, 'booking')} without exactly one student: the preview blocks "
        f"{'it' if lost == 1 else 'them'} until the association in HubSpot is mended."
    )
    side_by_side(figures, _by_type(found, desk.core.catalogue), told if lost else "")


def _by_type(found: Sequence[Owed], catalogue: Catalogue) -> pd.DataFrame:
    counted = {key: n for key, n in by_credit(found, catalogue).items() if n}
    names = [words.credit(key, catalogue) for key in counted]
    return pd.DataFrame({"Credit type": names, "Owed": list(counted.values())})


def _grid(desk: Desk, shown: Sequence[Owed]) -> list[Owed]:
    ids = [one.booking.id for one in shown]
    first = f" The {ROWS} longest owed are listed." if len(shown) == ROWS else ""
    st.caption(f"*Preview* takes all of them. To give back only some, tick those.{first}")
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
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(len(shown), at_most=270),
        alt="Owed credits, longest first",
    )
    return [shown[row] for row in event.selection.rows if row < len(shown)]


def owed_frame(shown: Sequence[Owed], catalogue: Catalogue, desk: Desk) -> pd.DataFrame:
    """One row for each credit owed."""
    return pd.DataFrame(
        {
            "For": [words.span(desk.now() - one.since) for one in shown],
            "Booking": [one.booking.booking_id or one.booking.id for one in shown],
            "Credit": [words.credit(one.credit, catalogue) for one in shown],
            "Exam": [words.day(one.booking.exam_date) for one in shown],
            "Place": [one.booking.location or words.NOTHING for one in shown],
            "Student": [one.contact_id or "none, or several" for one in shown],
        }
    )
