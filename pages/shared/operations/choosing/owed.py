"""Everything that is owed, as a choice for a refund."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from core.credits.catalogue import Catalogue
from core.credits.errors import BadList
from core.credits.records import Kind
from core.operations.choosing.select import ByIds, Selection
from core.operations.owed.find import EVERYTHING, LAGS, NOTHING
from core.operations.owed.rules import Owed, taken, verdict_against
from core.operations.owed.summary import OwedGroup, OwedSummary
from core.operations.verdicts import OperationKind
from core.students.names import Student
from pages.shared import problems, tables, words
from pages.shared.exports import csv_button
from pages.shared.gate import Desk
from pages.shared.operations.choosing import owed_words
from pages.shared.operations.choosing.ways import NOT_READ, Choice
from pages.shared.operations.figures import side_by_side
from pages.shared.recent import recent
from pages.shared.students import names

ROWS = 500
#: What stands in a student's place.
NO_ONE = "none, or several"


def by_owed(desk: Desk, _: OperationKind) -> Choice:
    """Cancelled bookings whose credit did not come back: all of them, or those ticked."""
    found: OwedSummary | None = None
    with problems.told(NOT_READ):
        owed_words.baseline(desk)
        with st.spinner("Looking for what is owed …", show_time=True):
            find = lambda: desk.core.owed_credits.summary(desk.actor, first=ROWS)  # noqa: E731
            found = recent("owed", find, now=desk.now())
    if found is None:
        return _nothing
    shown = [*found.waiting.first, *found.taken.first][:ROWS]
    if not shown:
        st.success("No refunds owed.", icon=":material/check_circle:")
        _others(desk, found)
        return _nothing
    _figures(desk, found)
    ticked = _grid(desk, shown)
    if ticked:
        owed_words.decide(desk, ticked, key="ticked")
    _others(desk, found)
    ids = tuple(one.booking.id for one in ticked) or found.everything
    caveat = "" if ticked else LAGS
    named = f"{words.count(len(ticked), 'booking')} of those owed" if ticked else EVERYTHING
    return (lambda: ByIds(ids=ids, words=named, caveat=caveat)) if ids else _nothing


def _nothing() -> Selection:
    raise BadList([NOTHING])


def _figures(desk: Desk, found: OwedSummary) -> None:
    wait = found.waiting
    longest = next((one.since for one in wait.first), None)
    figures = [
        ("Owed", words.count(wait.number, "credit")),
        ("Waiting", words.count(wait.students, "student")),
        ("Longest wait", words.span(desk.now() - longest) if longest else words.NOTHING),
    ]
    told = [_lost(wait.nobodys), _taken_back(found.taken.number)]
    side_by_side(figures, _by_type(wait, desk.core.catalogue), " ".join(filter(None, told)))


def _lost(lost: int) -> str:
    if not lost:
        return ""
    return (
        f"{words.count(lost, 'booking')} without exactly one student: the preview blocks "
        f"{'it' if lost == 1 else 'them'} until the association in HubSpot is mended."
    )


def _taken_back(back: int) -> str:
    """Said beside the figures, for they leave it out."""
    if not back:
        return ""
    credit = words.count(back, "more credit was", "more credits were")
    return f"{credit} taken back by an undo: owed too, and given back only when ticked."


def _others(desk: Desk, found: OwedSummary) -> None:
    """What is not offered for a refund, and why: to decide, to correct, and settled. All as CSV."""
    _doubtful(desk, found.doubtful)
    _unclear(desk, found.unclear)
    _settled(desk, found.settled)
    if found.every.number:
        csv_button(
            desk,
            lambda now: now.core.exporter.owed(now.actor, found.whole),
            f"owed-{desk.now():%Y-%m-%d-%H%M}",
            "All cancelled bookings without a refund mark, owed or not, with the reason",
        )


def _doubtful(desk: Desk, found: OwedGroup) -> None:
    """Somebody else may have given these back: an admin says which are owed."""
    if not found.number:
        return
    label = words.count(found.number, "booking needs a decision", "bookings need a decision")
    with st.expander(f"{label}: the credit may already be given back", icon=":material/rule:"):
        _first_rows(found)
        ticked = _reasons(
            desk,
            found.first,
            "What happened",
            "Bookings that need a decision",
            key="doubtful_grid",
        )
        if ticked:
            owed_words.decide(desk, ticked, key="doubtful", owed_too=True)
        elif owed_words.may_decide(desk):
            st.caption("Tick bookings to mark them as owed or as not owed.")


def _settled(desk: Desk, found: OwedGroup) -> None:
    """Nothing is owed for these, with who says so."""
    if not found.number:
        return
    label = words.count(found.number, "cancelled booking is", "cancelled bookings are")
    with st.expander(f"{label} not owed", icon=":material/task_alt:"):
        _first_rows(found)
        ticked = _reasons(
            desk,
            found.first,
            "Why nothing is owed",
            "Bookings that are not owed",
            key="settled_grid",
        )
        kept = [one for one in ticked if one.forfeited]
        decided = [one.booking.id for one in ticked if one.decision is not None]
        others = [one for one in ticked if one.decision is None and not one.forfeited]
        if kept:
            st.caption(
                f"{words.count(len(kept), 'credit was', 'credits were')} kept on purpose. To give "
                "one back, choose the booking by its id and include it in the preview."
            )
        if decided:
            owed_words.withdraw(desk, decided, key="settled")
        if others:
            owed_words.decide(desk, others, key="settled_owed", owed_too=True)
        if not ticked and owed_words.may_decide(desk):
            st.caption("Tick bookings to withdraw a decision, or to mark them as owed.")


def _first_rows(found: OwedGroup) -> None:
    if found.number > ROWS:
        st.caption(f"The first {ROWS} are listed.")


def _reasons(desk: Desk, found: Sequence[Owed], label: str, alt: str, *, key: str) -> list[Owed]:
    """A row for each with what is said of it; those ticked."""
    ids = [one.booking.id for one in found]
    event = names.grid(
        desk,
        reasons_frame(desk, found),
        _students(desk, found),
        key=f"{key}_{tables.fingerprint(ids)}",
        on_select="rerun",
        selection_mode="multi-row",
        columns={
            "Booking": st.column_config.TextColumn(width=320),
            "Credit": st.column_config.TextColumn(width=150),
            "Why": st.column_config.TextColumn(label, width="large"),
        },
        height=tables.height(len(found), at_most=270),
        alt=alt,
    )
    return [found[row] for row in event.selection.rows if row < len(found)]


def reasons_frame(desk: Desk, found: Sequence[Owed]) -> pd.DataFrame:
    """One row for each, with what speaks against a refund."""
    against = [verdict_against(one) for one in found]
    why = [each.told if each else "" for each in against]
    return pd.DataFrame(
        {
            "Booking": [one.booking.booking_id or one.booking.id for one in found],
            "Credit": [words.credit(one.credit, desk.core.catalogue) for one in found],
            names.STUDENT: [NO_ONE] * len(found),
            "Why": [words.sentence(desk.core.account_directory.named(told)) for told in why],
        }
    )


def _unclear(desk: Desk, found: OwedGroup) -> None:
    """Whether these are owed cannot be read: named with their values, and never refunded."""
    if not found.number:
        return
    label = words.count(found.number, "booking is unclear", "bookings are unclear")
    with st.expander(f"{label}: to be corrected in HubSpot", icon=":material/help:"):
        _first_rows(found)
        shown = found.first
        names.grid(
            desk,
            unclear_frame(shown, desk.core.catalogue),
            _students(desk, shown),
            key="unclear_grid",
            columns={
                "Booking": st.column_config.TextColumn(width=320),
                "Credit": st.column_config.TextColumn(width=150),
                "Unclear": st.column_config.TextColumn("What cannot be read", width="large"),
            },
            height=tables.height(len(shown), at_most=270),
            alt="Bookings of which it is unclear whether a credit is owed",
        )


def unclear_frame(found: Sequence[Owed], catalogue: Catalogue) -> pd.DataFrame:
    """One row for each, with the values found in HubSpot."""
    return pd.DataFrame(
        {
            "Booking": [one.booking.booking_id or one.booking.id for one in found],
            "Credit": [words.credit(one.credit, catalogue) for one in found],
            names.STUDENT: [NO_ONE] * len(found),
            "Unclear": [words.sentence(one.unclear) for one in found],
        }
    )


def _students(desk: Desk, found: Sequence[Owed]) -> list[Student]:
    """Whose each is; nobody's: none is tied to it, or several are."""
    return names.looked_up(desk, [(Kind.CONTACT, one.contact_id or "") for one in found])


def _by_type(found: OwedGroup, catalogue: Catalogue) -> pd.DataFrame:
    counted = {key: n for key in catalogue.keys if (n := found.by_credit.get(key))}
    names = [words.credit(key, catalogue) for key in counted]
    return pd.DataFrame({"Credit type": names, "Owed": list(counted.values())})


def _grid(desk: Desk, shown: Sequence[Owed]) -> list[Owed]:
    ids = [one.booking.id for one in shown]
    first = f" The {ROWS} longest owed are listed." if len(shown) == ROWS else ""
    some = " but what was taken back" if taken(shown) else ""
    st.caption(f"*Preview* takes all of them{some}. To give back only some, tick those.{first}")
    event = names.grid(
        desk,
        owed_frame(shown, desk.core.catalogue, desk),
        _students(desk, shown),
        key=f"owed_grid_{tables.fingerprint(ids)}",
        on_select="rerun",
        selection_mode="multi-row",
        columns={
            "For": st.column_config.TextColumn("Owed for", width=100, alignment="right"),
            "Booking": st.column_config.TextColumn(width=320),
            "Credit": st.column_config.TextColumn(width=150),
            "Exam": st.column_config.TextColumn("Exam date", width=110, alignment="right"),
            "Place": st.column_config.TextColumn(width=130),
            "Cancelled": st.column_config.TextColumn("Cancelled by", width="large"),
            "Decided": st.column_config.TextColumn("Decision", width="large"),
            "Undone": st.column_config.TextColumn("Taken back", width="large"),
        },
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
            names.STUDENT: [NO_ONE] * len(shown),
            "Cancelled": [words.sentence(one.cancelled_by or words.NOTHING) for one in shown],
        }
    )
    if any(one.decision for one in shown):
        frame["Decided"] = [words.sentence(str(one.decision or words.NOTHING)) for one in shown]
    if taken(shown):
        frame["Undone"] = [words.sentence(str(one.taken_back or words.NOTHING)) for one in shown]
    return frame
