"""Bookings judged by their own fields: to be cancelled, or refunded once they are. Pure.

What cannot be read decides nothing: it blocks, with the value that was found.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.credits.catalogue import Catalogue, UnknownToken
from core.credits.exam_times import begins, ends, has_begun, is_over
from core.credits.records import Booking, BookingStatus, Exam
from core.operations.booking_rules import judge_exam, missing_answer
from core.operations.plans import TOKEN, Judgement, attended, blocked, skipped, spent_nothing
from core.operations.terms import Inclusion, Terms
from core.operations.verdicts import Verdict, Why


def judge_cancel(booking: Booking, catalogue: Catalogue, terms: Terms) -> Judgement:
    """Of a booking that is to be cancelled, and its credit given back."""
    match booking.status:
        case BookingStatus.UNKNOWN:
            return blocked(Why.STATUS_UNKNOWN, _status_found(booking))
        case BookingStatus.CANCELLED:
            return skipped(Why.ALREADY_CANCELLED)
        case BookingStatus.COMPLETED:
            return skipped(Why.COMPLETED)
    if fault := _active_fault(booking, terms):
        return fault
    if spent_nothing(booking):
        return Judgement(verdict=Verdict.WILL_CHANGE, why=Why.CANCEL_ONLY)
    return _credit_back(booking, catalogue, Why.CANCEL_AND_GIVE_BACK)


def judge_forfeit(booking: Booking, catalogue: Catalogue, terms: Terms) -> Judgement:
    """Of a booking that is to be cancelled, and its credit kept."""
    judgement = judge_cancel(booking, catalogue, terms)
    if judgement.credit is None:
        return judgement
    return replace(judgement, why=Why.FORFEIT, kept=True)


def judge_owed(booking: Booking, catalogue: Catalogue, terms: Terms) -> Judgement:
    """Of a cancelled booking whose credit is to be given back, unless it was kept on purpose."""
    judgement = judge_refund(booking, catalogue, terms)
    included = Inclusion.FORFEITED in terms.include
    if judgement.verdict is Verdict.WILL_CHANGE and booking.forfeited and not included:
        return blocked(Why.FORFEITED, booking.forfeited)
    return judgement


def judge_refund(booking: Booking, catalogue: Catalogue, terms: Terms) -> Judgement:
    """Of a booking that is cancelled, and whose credit is to be given back."""
    if booking.status is BookingStatus.UNKNOWN:
        return blocked(Why.STATUS_UNKNOWN, _status_found(booking))
    if booking.status is not BookingStatus.CANCELLED:
        return skipped(Why.NOT_CANCELLED)
    if booking.mark_unclear:
        return blocked(Why.REFUND_UNCLEAR, booking.mark_unclear)
    if booking.refunded:
        return skipped(Why.ALREADY_REFUNDED)
    if fault := _token_fault(booking):
        return fault
    if spent_nothing(booking):
        return skipped(Why.OVERRIDE if booking.token else Why.NO_TOKEN)
    return (
        _attendance_fault(booking, terms)
        or _association_fault(booking)
        or _credit_back(booking, catalogue, Why.GIVE_BACK)
    )


def judge_move(booking: Booking, catalogue: Catalogue, terms: Terms) -> Judgement:
    """Of a booking that is to go to the exam ``terms.to``, its credit kept."""
    if booking.status is BookingStatus.UNKNOWN:
        return blocked(Why.STATUS_UNKNOWN, _status_found(booking))
    if booking.status is not BookingStatus.ACTIVE:
        return skipped(Why.NOT_ACTIVE)
    if terms.to is not None and booking.exam_ids == (terms.to.id,):
        return skipped(Why.ALREADY_THERE)
    return (
        _active_fault(booking, terms)
        or _target_fault(booking, catalogue, terms)
        or Judgement(verdict=Verdict.WILL_CHANGE, why=Why.MOVE)
    )


def _target_fault(booking: Booking, catalogue: Catalogue, terms: Terms) -> Judgement | None:
    """Why it cannot be at that exam, whether or not a seat is left there."""
    closed = judge_exam(terms.to, at=terms.at, zone=terms.zone, seated=True)
    if closed is not None:
        return blocked(closed.why, closed.detail)
    assert terms.to is not None
    if has_begun(terms.to, terms.at, terms.zone):
        return blocked(Why.TARGET_BEGUN)
    return _credit_fault(booking, terms.to, catalogue) or _answer_fault(booking, terms.to)


def _credit_fault(booking: Booking, to: Exam, catalogue: Catalogue) -> Judgement | None:
    """The credit stays spent, so it must be one that pays for the other exam too."""
    if spent_nothing(booking):
        return None
    try:
        spent = catalogue.by_token(booking.token)
    except UnknownToken:
        return blocked(Why.UNKNOWN_TOKEN, f"token_used is {booking.token!r}")
    may = catalogue.payable_with(to.mock_type)
    if spent in may:
        return None
    takes = " or ".join(credit.label for credit in may) or "no credit"
    return blocked(Why.OTHER_CREDIT, f"spent {spent.label}; a {to.mock_type} exam takes {takes}")


def _answer_fault(booking: Booking, to: Exam) -> Judgement | None:
    """Another type of exam may ask what the booking does not answer."""
    if booking.mock_type == to.mock_type:
        return None
    missing = missing_answer(to.mock_type, booking.attending_location, booking.dominant_hand)
    return blocked(Why.ANSWER_MISSING, missing) if missing else None


def _active_fault(booking: Booking, terms: Terms) -> Judgement | None:
    """Why an active booking can be neither cancelled nor moved; None: nothing of its own is."""
    return (
        _active_mark_fault(booking)
        or _association_fault(booking)
        or _exam_fault(booking)
        or _attendance_fault(booking, terms)
        or _time_fault(booking, terms)
        or _token_fault(booking)
    )


def _active_mark_fault(booking: Booking) -> Judgement | None:
    """A booking that holds its seat cannot have had its credit back."""
    if booking.mark_unclear:
        return blocked(Why.REFUND_UNCLEAR, booking.mark_unclear)
    return blocked(Why.REFUNDED_YET_ACTIVE) if booking.refunded else None


def _exam_fault(booking: Booking) -> Judgement | None:
    if len(booking.exam_ids) == 1:
        return None
    return blocked(Why.SEVERAL_EXAMS if booking.exam_ids else Why.NO_EXAM)


def _token_fault(booking: Booking) -> Judgement | None:
    found = booking.unclear.get(TOKEN)
    return blocked(Why.TOKEN_UNREADABLE, found) if found else None


def _attendance_fault(booking: Booking, terms: Terms) -> Judgement | None:
    """A credit is not given back for an exam that the student sat, cancelled or not."""
    there = attended(booking)
    if there is False or Inclusion.ATTENDED in terms.include:
        return None
    found = f"attendance is {booking.attendance!r}"
    return blocked(Why.ATTENDED if there else Why.ATTENDANCE_UNCLEAR, found)


def _time_fault(booking: Booking, terms: Terms) -> Judgement | None:
    """A seat is given up before its exam begins, by the school's clock."""
    if Inclusion.PAST in terms.include:
        return None
    start, end = begins(booking, terms.zone), ends(booking, terms.zone)
    if start is None or end is None:
        return blocked(Why.DATE_UNCLEAR, booking.unclear.get("exam_date", "exam_date is empty"))
    if is_over(booking, terms.at, terms.zone):
        return blocked(Why.EXAM_PAST, f"it ended {_told(end, terms)}")
    if has_begun(booking, terms.at, terms.zone):
        return blocked(Why.EXAM_BEGUN, f"it began {_told(start, terms)}")
    return None


def _told(at: datetime, terms: Terms) -> str:
    return f"{at.astimezone(terms.zone):%-d %B %Y, %H:%M %Z}"


def _status_found(booking: Booking) -> str:
    return f"is_active is {booking.raw_status!r}"


def _association_fault(booking: Booking) -> Judgement | None:
    if len(booking.contact_ids) != 1:
        return blocked(Why.SEVERAL_CONTACTS if booking.contact_ids else Why.NO_CONTACT)
    if booking.contact_hint and booking.contact_hint != booking.contact_ids[0]:
        found = f"association {booking.contact_ids[0]}, hint {booking.contact_hint}"
        return blocked(Why.HINT_DISAGREES, found)
    return None


def _credit_back(booking: Booking, catalogue: Catalogue, why: Why) -> Judgement:
    try:
        credit = catalogue.by_token(booking.token)
    except UnknownToken:
        return blocked(Why.UNKNOWN_TOKEN, f"token_used is {booking.token!r}")
    return Judgement(verdict=Verdict.WILL_CHANGE, why=why, credit=credit.key)
