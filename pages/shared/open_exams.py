"""Exams that can be booked, from today on: to book one, or to move bookings to one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo

import streamlit as st

from core.credits.exam_times import clock, has_begun
from core.credits.records import Exam, ExamId
from core.credits.sessions import Session
from core.operations.booking_rules import judge_exam, seats_left
from core.operations.choosing.select import exam_words
from pages.shared import words
from pages.shared.gate import Desk
from pages.shared.recent import recent


def sessions(desk: Desk) -> Sequence[Session]:
    """Sessions from today on, soonest first, as the mirror or HubSpot has them.

    Raises:
        GatewayError: neither answers.
    """
    ask = lambda: desk.core.booking.sessions(desk.actor)  # noqa: E731
    return recent("exams to book", ask, now=desk.now())


def told(exam: Exam, zone: tzinfo) -> str:
    """An exam in a list: what, when, where, and how many seats are left."""
    left = seats_left(exam)
    seats = "seats without limit" if left is None else f"{words.count(left, 'seat')} left"
    time = f", {clock(exam.start_time, zone)}" if exam.start_time else ""
    return f"{exam_words(exam)}{time} · {seats}"


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
        format_func=lambda id_: told(exams[id_], zone),
        index=None,
        placeholder=f"Choose among {words.count(len(exams), 'active exam')} with seats left",
        key=key,
    )
    return None if id_ is None else ExamId(id_)
