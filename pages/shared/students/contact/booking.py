"""Book: an exam chosen among those open to this student, and what it will cost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core.credits.records import HANDS, Contact, ContactId, Exam, ExamId
from core.credits.roles import ALLOWED, Act
from core.credits.sessions import places
from core.operations.booking_rules import (
    ASKS,
    Ask,
    Seat,
    Wish,
    judge_credit,
    judge_day,
    judge_exam,
    missing_answer,
)
from core.students.contact_page import Presented
from pages.shared import open_exams, problems, words
from pages.shared.gate import Desk
from pages.shared.students.contact import doing

NOT_BOOKED = "Nothing was booked."


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """An exam that this student can sit, as far as the mirror knows, and what it spends."""

    exam: Exam
    seat: Seat


def show(desk: Desk, contact: Contact, presented: Presented) -> None:
    """The form; nothing is read from HubSpot before it is sent."""
    with (
        st.expander("Book an exam", icon=":material/event_available:", key="book"),
        problems.told(NOT_BOOKED),
    ):
        if not contact.student_id.strip():
            st.info(
                "This student has no student id in HubSpot. Enter it there first: bookings "
                "are named by it."
            )
            return
        free = _override(desk)
        sessions = open_exams.sessions(desk)
        exams = [session.exam for session in sessions]
        offers = _offers(desk, contact, presented, exams, free=free)
        if not offers:
            _none(desk, contact, exams)
            return
        _form(desk, contact, offers, places(sessions), free=free)


def _override(desk: Desk) -> bool:
    if Act.OVERRIDE not in ALLOWED[desk.actor.role]:
        return False
    return st.toggle(
        "Without a credit (Admin Override)",
        key="book_free",
        help="Takes a seat and spends nothing, so a cancellation gives nothing back.",
    )


def _offers(
    desk: Desk, contact: Contact, presented: Presented, exams: Sequence[Exam], *, free: bool
) -> list[Offer]:
    at, zone = desk.now(), desk.core.zone
    found = []
    for exam in exams:
        rule = desk.core.catalogue.day_rule
        taken = judge_day(presented.bookings, exam.exam_date, exam.mock_type, rule)
        if judge_exam(exam, at=at, zone=zone) or taken:
            continue
        seat = judge_credit(contact, exam.mock_type, desk.core.catalogue, override=free)
        if free or seat.credit is not None:
            found.append(Offer(exam=exam, seat=seat))
    return found


def _none(desk: Desk, contact: Contact, exams: Sequence[Exam]) -> None:
    """Why there is nothing to choose."""
    held = [c.label for c in desk.core.catalogue.credits if contact.balances.get(c.key, 0) > 0]
    at, zone = desk.now(), desk.core.zone
    if not any(judge_exam(exam, at=at, zone=zone) is None for exam in exams):
        told = "No active exam has seats left. The Exams page shows when others activate."
    elif not held:
        told = "The student has no credit left. An admin can book without one."
    else:
        told = (
            f"No active exam can be paid with what the student holds ({', '.join(held)}), "
            "or the student has a booking on each of those days."
        )
    st.info(told, icon=":material/event_busy:")


def _form(
    desk: Desk, contact: Contact, offers: Sequence[Offer], known: list[str], *, free: bool
) -> None:
    by_id = {str(offer.exam.id): offer for offer in offers}
    id_ = st.selectbox(
        "Exam",
        list(by_id),
        format_func=lambda id_: open_exams.told(by_id[id_].exam, desk.core.zone, desk.now()),
        index=None,
        placeholder=f"Choose among {words.count(len(offers), 'exam')} with seats left",
        key="book_exam",
    )
    if id_ is None:
        return
    offer = by_id[id_]
    hand, location = _answers(offer.exam, known)
    st.markdown(_cost(desk, contact, offer))
    missing = missing_answer(offer.exam.mock_type, location, hand)
    if st.button(
        "Check with HubSpot …",
        type="primary",
        key="book_check",
        disabled=missing is not None,
        help=f"Missing: {missing}" if missing else None,
    ):
        wish = Wish(
            contact_id=ContactId(contact.id),
            exam_id=ExamId(id_),
            attending_location=location,
            dominant_hand=hand,
            override=free,
        )
        with st.spinner("Reading the student and the exam from HubSpot …"):
            plan = desk.core.booking_preview.preview(wish, desk.acting())
        doing.go_to(plan.id)


def _answers(exam: Exam, known: list[str]) -> tuple[str, str]:
    """Dominant hand and attending location, where this type of exam asks for them."""
    match ASKS.get(exam.mock_type):
        case Ask.DOMINANT_HAND:
            hand = st.radio("Dominant hand", HANDS, index=None, horizontal=True, key="book_hand")
            return hand or "", ""
        case Ask.ATTENDING_LOCATION:
            at = st.selectbox(
                "Attends at",
                list(dict.fromkeys([*filter(None, [exam.location]), *known])),
                accept_new_options=True,
                key="book_location",
            )
            return "", at or ""
    return "", ""


def _cost(desk: Desk, contact: Contact, offer: Offer) -> str:
    """Before and after, of the balance that was read when the page was."""
    credit = offer.seat.credit
    if credit is None:
        return "Spends **no credit**."
    held = contact.balances[credit]
    label = words.credit(credit, desk.core.catalogue)
    return f"Spends **1 {label}** credit: **{words.change(held, held - 1)}**."
