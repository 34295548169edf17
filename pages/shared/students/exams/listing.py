"""All sessions of some days: seats, bookings, what is owed, and the state of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta, tzinfo

import pandas as pd
import streamlit as st

from core.credits.exam_times import day_in, hours
from core.credits.sessions import Opening, Session, SessionFilter, narrowed, places
from core.students.exam_sessions import Listed
from pages.shared import problems, row_buttons, tables, words
from pages.shared.exports import csv_button
from pages.shared.gate import Desk
from pages.shared.students.exams import address, wording

NOT_READ = "Nothing was read, and nothing was changed."
#: Days that are shown before a person chooses others.
BACK, AHEAD = timedelta(days=7), timedelta(days=120)


def show(desk: Desk) -> None:
    """The filters, which are in the address, and the sessions that fit."""
    boxes = st.columns([2, 2, 3, 3, 2])
    today = day_in(desk.core.zone, desk.now())
    since = _day(boxes[0], "From", "since", today - BACK)
    until = _day(boxes[1], "To", "until", today + AHEAD)
    with problems.told(NOT_READ):
        listed = desk.core.exam_sessions.sessions(since, until, desk.actor)
        narrow = _narrow(desk, boxes, listed)
        _told(listed)
        _sessions(desk, narrowed(listed.sessions, narrow))


def _day(box: st.delta_generator.DeltaGenerator, label: str, key: str, usual: date) -> date | None:
    chosen = box.date_input(label, value=usual, key=key, bind="query-params", format="YYYY-MM-DD")
    return chosen if isinstance(chosen, date) else None


def _narrow(
    desk: Desk, boxes: Sequence[st.delta_generator.DeltaGenerator], listed: Listed
) -> SessionFilter:
    types = [c.mock_type for c in desk.core.catalogue.credits if c.mock_type]
    mock_type = boxes[2].selectbox(
        "Type", types, index=None, placeholder="Any", key="type", bind="query-params"
    )
    place = boxes[3].selectbox(
        "Place", places(listed.sessions), index=None, placeholder="Any", key="place",
        bind="query-params",
    )  # fmt: skip
    opening = boxes[4].selectbox(
        "State", [each.name.capitalize() for each in Opening], index=None, placeholder="Any",
        key="state", bind="query-params",
    )  # fmt: skip
    return SessionFilter(
        mock_type=mock_type or "",
        place=place or "",
        opening=Opening[opening.upper()] if opening else None,
    )


def _told(listed: Listed) -> None:
    if listed.mirror_fault:
        st.warning(
            f"The list comes from HubSpot's search, and bookings are not counted. "
            f"({words.plain(listed.mirror_fault)})",
            title="Supabase is unreachable",
            icon=":material/cloud_off:",
        )
    if listed.more:
        st.caption("There are more sessions than one list holds: choose fewer days.")


def _sessions(desk: Desk, found: Sequence[Session]) -> None:
    if not found:
        st.info(
            "No session matches. Choose other days, or clear a filter.",
            title="Nothing to show",
            icon=":material/event:",
        )
        return
    owed = sum(each.counts.owed for each in found if each.counts)
    wrong = sum(bool(each.drift) for each in found)
    told = [words.count(len(found), "session")]
    told += [f"{words.count(owed, 'credit')} without a refund mark"] if owed else []
    told += [f"{words.count(wrong, 'seat count')} to look at"] if wrong else []
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            ", ".join(told) + ". Counted in Supabase; open a session to read it from HubSpot."
        )
        st.space("stretch")
        csv_button(
            desk,
            lambda now: now.core.exporter.exams(now.actor),
            f"exams-{desk.now():%Y-%m-%d-%H%M}",
            "All exams, not only those shown",
        )
    _grid(desk, found)


UNMARKED = (
    "Credits of cancelled bookings without a refund mark in Supabase. The session says which of "
    "them are owed."
)


def _grid(desk: Desk, found: Sequence[Session]) -> None:
    ids = [each.exam.id for each in found]
    key = f"open_exam_{tables.fingerprint(ids)}"
    now = desk.now()
    looks = dict.fromkeys(wording.opening(each.exam, now) for each in found)
    number = st.column_config.NumberColumn
    st.dataframe(
        sessions_frame(found, now, desk.core.zone),
        key=f"exams_{tables.fingerprint(ids)}",
        column_config={
            "Open": row_buttons.column("Open", ids, address.open_exam, key=key),
            "State": tables.badge_column("State", *zip(*looks, strict=True)),
            "Date": st.column_config.DateColumn(format="D MMM YYYY", width=100),
            "Time": st.column_config.TextColumn(width=110),
            "Type": st.column_config.TextColumn(width=150),
            "Place": st.column_config.TextColumn(width=120),
            "Seats": st.column_config.TextColumn("Seats taken", width=95, alignment="right"),
            "Active": number("Active bookings", width=110),
            "Cancelled": number("Cancelled", width=80),
            "Owed": number("No refund mark", width=120, help=UNMARKED),
            "Seat count": st.column_config.TextColumn(width=100),
            "Activates": st.column_config.TextColumn(width=140),
        },
        hide_index=True,
        row_height=tables.ROW_PX,
        height=tables.height(len(found), at_most=480),
        alt="Exam sessions, soonest first",
    )
    _first(found)


def _first(found: Sequence[Session]) -> None:
    """Without a mouse: choose a session by its words."""
    names = {each.exam.id: _name(each) for each in found}
    chosen = st.selectbox(
        "Open a session", list(names), index=None, format_func=names.__getitem__,
        placeholder="Type, day or place", key=f"go_{tables.fingerprint(list(names))}",
    )  # fmt: skip
    if chosen:
        address.open_exam(chosen)
        st.rerun()


def _name(session: Session) -> str:
    exam = session.exam
    return ", ".join(filter(None, (exam.mock_type, words.day(exam.exam_date), exam.location)))


def sessions_frame(found: Sequence[Session], now: datetime, zone: tzinfo) -> pd.DataFrame:
    """One row for each session."""
    return pd.DataFrame(
        {
            "Open": ["Open"] * len(found),
            "State": [[wording.opening(each.exam, now)[0]] for each in found],
            "Date": [each.exam.exam_date for each in found],
            "Time": [hours(each.exam, zone) for each in found],
            "Type": [each.exam.mock_type or each.exam.name for each in found],
            "Place": [each.exam.location for each in found],
            "Seats": [wording.seats(each) for each in found],
            "Active": _counts(found, "active"),
            "Cancelled": _counts(found, "cancelled"),
            "Owed": _counts(found, "owed"),
            "Seat count": [wording.miscount(each) for each in found],
            "Activates": [_activates(each, now) for each in found],
        }
    )


def _counts(found: Sequence[Session], name: str) -> pd.Series:
    values = [None if each.counts is None else getattr(each.counts, name) for each in found]
    return pd.Series(pd.array(values, dtype="Int64"))


def _activates(session: Session, now: datetime) -> str:
    exam = session.exam
    if exam.cancelled or exam.is_active != Opening.SCHEDULED:
        return ""
    at = exam.scheduled_activation_at
    if at is None:
        return "no time is set"
    return f"in {words.span(at - now)}" if at > now else f"since {words.span(now - at)}"
