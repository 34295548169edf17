"""Exams that can be booked, from today on: to book one, or to move bookings to one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

import streamlit as st

from core.credits.exam_times import clock, has_begun
from core.credits.records import Exam, ExamId
from core.credits.sessions import Session
from core.operations.booking_rules import judge_exam, seats_left
from pages.shared import words
from pages.shared.gate import Desk
from pages.shared.recent import recent


def sessions(desk: Desk) -> Sequence[Session]:
    """Sessions from today on, soonest first, as the mirror or HubSpot has them.

    Raises:
        GatewayError: neither answers.
    """
    ask = lambda: desk.core.booking_preview.sessions(desk.actor)  # noqa: E731
    return recent("exams to book", ask, now=desk.now())


def told(exam: Exam, zone: tzinfo, now: datetime) -> str:
    """An exam in a list: when, what, where, and how many seats are left.

    Short enough for a telephone, which cuts the end: a day of this year goes without the year.
    """
    day, left = exam.exam_date, seats_left(exam)
    this_year = day is not None and day.year == now.astimezone(zone).year
    when = f"{day:%-d %b}" if day and this_year else words.day(day)
    time = clock(exam.start_time, zone) if exam.start_time else ""
    seats = "no seat limit" if left is None else f"{left:,} left"
    what = (exam.mock_type or exam.name, exam.location)
    parts = (", ".join(filter(None, each)) for each in ((when, time), what, (seats,)))
    return " · ".join(parts)


def choose(desk: Desk, key: str, *, but: str = "") -> ExamId | None:
    """The exam that bookings are to move to, not ``but``; None: none is chosen yet.

    Raises:
        GatewayError: as ``sessions``.
    """
    at, zone = desk.now(), desk.core.zone
    exams = {
        each.exam.id: each.exam
        for each in sessions(desk)
        if each.exam.id != but
        and judge_exam(each.exam, at=at, zone=zone) is None
        and not has_begun(each.exam, at, zone)
    }
    id_ = st.selectbox(
        "Move to",
        list(exams),
        format_func=lambda id_: told(exams[id_], zone, at),
        index=None,
        placeholder=f"Choose among {words.count(len(exams), 'active exam')} with seats left",
        key=key,
    )
    return None if id_ is None else ExamId(id_)
