"""A value that cannot be read decides nothing: it blocks, and is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core.credits.account import Portal
from core.credits.catalogue import SCHOOL, CreditType, DayRule
from core.credits.records import MARKER, TOTAL_BOOKINGS, Booking, BookingStatus, Exam, Kind, WriteId
from core.credits.sessions import Session, count
from core.credits.writes import (
    Belief,
    Movement,
    MovementKind,
    Write,
    WriteRefused,
    judge_outcome,
    plan_balances,
)
from core.hubspot.wire.records import read_booking, read_counted
from core.mirror.rows import booking_row, contact_row, exam_row
from core.operations.booking_rules import judge_credit, judge_day, judge_exam
from core.operations.kinds.base import ChosenKind
from core.operations.kinds.cancel import CANCEL
from core.operations.kinds.refund import REFUND
from core.operations.owed.rules import owed, unclear, waiting
from core.operations.plans import judge_contact
from core.operations.terms import Inclusion
from core.operations.verdicts import Verdict, Why
from tests.unit.given import AT, CS, TERMS, booking, contact

SJ = CreditType("sj_credits")
TORONTO = ZoneInfo("America/Toronto")
PORTAL = Portal()


def told(kind: Kind, **properties: str | None) -> dict[str, Any]:
    """A record as HubSpot's batch read tells it: null where nothing is written."""
    held = dict.fromkeys(PORTAL.names(kind)) | properties
    return {"id": "500", "properties": held, "updatedAt": AT.isoformat()}


def read(**properties: str | None) -> Booking:
    ordinary = {
        "is_active": "Cancelled",
        "token_used": "Clinical Skills Token",
        "exam_date": "2026-06-01",
    }
    return read_booking(PORTAL, told(Kind.BOOKING, **{**ordinary, **properties}), ["100"], ["70"])


def exam(**properties: str | None) -> Exam:
    ordinary = {"is_active": "true", "exam_date": "2026-06-01", "total_bookings": "3"}
    made = read_counted(PORTAL, Kind.EXAM, told(Kind.EXAM, **{**ordinary, **properties}))
    assert isinstance(made, Exam)
    return made


# --- the refund mark


@pytest.mark.parametrize("word", ["true", "TRUE", " true "])
def test_true_in_any_case_is_marked(word: str) -> None:
    assert Why.ALREADY_REFUNDED is REFUND.judge(read(token_refunded=word), SCHOOL, TERMS).why


@pytest.mark.parametrize("word", [None, "", "  ", "false", "False"])
def test_nothing_and_false_are_not_marked(word: str | None) -> None:
    assert Why.GIVE_BACK is REFUND.judge(read(token_refunded=word), SCHOOL, TERMS).why


@pytest.mark.parametrize(
    "marks",
    [
        {"token_refunded": "Yes"},
        {"token_refunded": "1"},
        {"token_refunded": "no"},
        {"token_refunded": "0"},
        {"token_refunded": "truee"},
        {"token_refunded": "refunded 3 Nov, see e-mail"},
        {"token_refunded_at": "1762128000000"},
        {"token_refunded_at": "some day"},
        {"token_refund_admin": "ann@example.test"},
        {"token_refunded": "false", "token_refund_admin": "ann@example.test"},
    ],
)
@pytest.mark.parametrize("kind", [REFUND, CANCEL])
def test_any_other_mark_is_unclear_and_blocks_with_its_values(
    kind: ChosenKind, marks: dict[str, str]
) -> None:
    status = "Cancelled" if kind is REFUND else "Active"

    judgement = kind.judge(read(is_active=status, **marks), SCHOOL, TERMS)

    assert (Verdict.BLOCKED, Why.REFUND_UNCLEAR) == (judgement.verdict, judgement.why)
    assert all(f"{name} is {value!r}" in judgement.detail for name, value in marks.items())


@pytest.mark.parametrize("name", ["token_refunded", "token_refunded_at", "token_refund_admin"])
def test_a_mark_whose_property_is_archived_is_unclear(name: str) -> None:
    answer = told(Kind.BOOKING, is_active="Cancelled", token_used="Clinical Skills Token")
    del answer["properties"][name]
    found = read_booking(PORTAL, answer, ["100"], ["70"])

    judgement = REFUND.judge(found, SCHOOL, TERMS)

    assert (Verdict.BLOCKED, Why.REFUND_UNCLEAR) == (judgement.verdict, judgement.why)
    assert f"{name} is not a property of this account" in judgement.detail


def test_an_archived_token_is_not_a_booking_that_spent_nothing() -> None:
    answer = told(Kind.BOOKING, is_active="Active", exam_date="2026-06-01")
    del answer["properties"]["token_used"]
    found = read_booking(PORTAL, answer, ["100"], ["70"])

    assert Why.TOKEN_UNREADABLE is CANCEL.judge(found, SCHOOL, TERMS).why


def test_an_unclear_mark_is_listed_and_neither_counted_as_owed_nor_copied() -> None:
    found = owed([read(token_refunded="Yes"), read()], set(), {}, SCHOOL)

    assert (1, 1) == (len(waiting(found)), len(unclear(found)))
    assert "refund mark is unclear: token_refunded is 'Yes'" == unclear(found)[0].unclear
    assert "token_refunded" not in booking_row(read(token_refunded="Yes"))
    assert booking_row(read())["token_refunded"] is False


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"token_used": "Gift Token"}, "its token is not one of the credit types"),
        ({"attendance": "Yes"}, "attended: attendance is 'Yes'"),
        ({"attendance": "maybe"}, "attendance is unclear: attendance is 'maybe'"),
    ],
)
def test_what_may_be_owed_is_listed_with_its_doubt(fields: dict[str, str], said: str) -> None:
    found = owed([read(**fields)], set(), {}, SCHOOL)

    assert [] == waiting(found)
    assert said in unclear(found)[0].unclear


# --- attendance and time


@pytest.mark.parametrize("word", ["Yes", "yes", " YES "])
def test_who_attended_gets_no_credit_back_whatever_the_status(word: str) -> None:
    for kind, status in ((CANCEL, BookingStatus.ACTIVE), (REFUND, BookingStatus.CANCELLED)):
        judgement = kind.judge(booking(status=status, attendance=word), SCHOOL, TERMS)

        assert (Verdict.BLOCKED, Why.ATTENDED) == (judgement.verdict, judgement.why)


@pytest.mark.parametrize("word", ["1", "attended", "true", "?"])
def test_an_attendance_that_cannot_be_read_blocks_with_its_value(word: str) -> None:
    found = booking(status=BookingStatus.ACTIVE, attendance=word)
    judgement = CANCEL.judge(found, SCHOOL, TERMS)

    assert (Why.ATTENDANCE_UNCLEAR, f"attendance is {word!r}") == (judgement.why, judgement.detail)


@pytest.mark.parametrize("word", ["", " ", "No", "no"])
def test_who_was_absent_or_of_whom_nothing_is_written_can_be_cancelled(word: str) -> None:
    found = booking(status=BookingStatus.ACTIVE, attendance=word)

    assert Verdict.WILL_CHANGE is CANCEL.judge(found, SCHOOL, TERMS).verdict


def test_attended_bookings_are_included_only_on_purpose() -> None:
    found = booking(status=BookingStatus.ACTIVE, attendance="Yes")
    purpose = replace(TERMS, include=frozenset({Inclusion.ATTENDED}))

    assert Verdict.WILL_CHANGE is CANCEL.judge(found, SCHOOL, purpose).verdict
    assert Verdict.WILL_CHANGE is REFUND.judge(booking(attendance="Yes"), SCHOOL, purpose).verdict


def at_exam(at: datetime, **fields: Any) -> Why:
    """The verdict on a booking of 4 May 2026, 09:00 to 12:00, in Toronto, at this moment."""
    day = {"exam_date": date(2026, 5, 4), "start_time": "09:00", "end_time": "12:00"}
    found = booking(status=BookingStatus.ACTIVE, **{**day, **fields})
    return CANCEL.judge(found, SCHOOL, replace(TERMS, at=at, zone=TORONTO)).why


@pytest.mark.parametrize(
    ("clock", "why"),
    [
        ("08:59", Why.CANCEL_AND_GIVE_BACK),
        ("09:00", Why.EXAM_BEGUN),
        ("11:59", Why.EXAM_BEGUN),
        ("12:00", Why.EXAM_PAST),
    ],
)
def test_an_exam_begins_and_ends_by_the_schools_clock(clock: str, why: Why) -> None:
    hour, minute = map(int, clock.split(":"))

    assert why is at_exam(datetime(2026, 5, 4, hour, minute, tzinfo=TORONTO))


def test_an_evening_exam_is_not_over_because_it_is_tomorrow_in_utc() -> None:
    evening = {"start_time": "6:00 PM", "end_time": "9:30 p.m."}
    at = datetime(2026, 5, 5, 0, 30, tzinfo=UTC)  # 20:30 on 4 May in Toronto

    assert Why.EXAM_BEGUN is at_exam(at, **evening)
    assert Why.EXAM_PAST is at_exam(at + timedelta(hours=1), **evening)


@pytest.mark.parametrize(
    "times",
    [
        {"start_time": "2026-05-04T13:00:00Z", "end_time": "2026-05-04T16:00:00Z"},
        {"start_time": "1777899600000", "end_time": "1777910400000"},
        {"start_time": "9:00 am", "end_time": "12:00 PM"},
        {"start_time": "09:00:00", "end_time": "12:00:00"},
    ],
)
def test_times_are_read_as_text_or_as_moments(times: dict[str, str]) -> None:
    assert Why.CANCEL_AND_GIVE_BACK is at_exam(datetime(2026, 5, 4, 12, 59, tzinfo=UTC), **times)
    assert Why.EXAM_BEGUN is at_exam(datetime(2026, 5, 4, 13, 0, tzinfo=UTC), **times)
    assert Why.EXAM_PAST is at_exam(datetime(2026, 5, 4, 16, 0, tzinfo=UTC), **times)


@pytest.mark.parametrize("raw", ["", "noon", "25:00", "9", "1970-01-01T09:00:00Z", "12:99"])
def test_an_exam_whose_times_cannot_be_read_begins_and_ends_with_its_day(raw: str) -> None:
    times = {"start_time": raw, "end_time": raw}
    midnight = datetime(2026, 5, 4, tzinfo=TORONTO)

    assert Why.CANCEL_AND_GIVE_BACK is at_exam(midnight - timedelta(seconds=1), **times)
    assert Why.EXAM_BEGUN is at_exam(midnight, **times)
    assert Why.EXAM_BEGUN is at_exam(midnight + timedelta(hours=23, minutes=59), **times)
    assert Why.EXAM_PAST is at_exam(midnight + timedelta(days=1), **times)


def test_an_exam_that_ends_after_midnight_ends_the_next_day() -> None:
    late = {"start_time": "22:00", "end_time": "01:00"}

    assert Why.EXAM_BEGUN is at_exam(datetime(2026, 5, 5, 0, 59, tzinfo=TORONTO), **late)
    assert Why.EXAM_PAST is at_exam(datetime(2026, 5, 5, 1, 0, tzinfo=TORONTO), **late)


@pytest.mark.parametrize("raw", [None, "", "next Monday", "2026", "04/05/2026", "1e30"])
def test_a_booking_without_a_readable_date_is_not_cancelled_by_itself(raw: str | None) -> None:
    judgement = CANCEL.judge(read(is_active="Active", exam_date=raw), SCHOOL, TERMS)

    assert (Verdict.BLOCKED, Why.DATE_UNCLEAR) == (judgement.verdict, judgement.why)
    assert (raw or "empty") in judgement.detail


def test_past_exams_are_included_only_on_purpose() -> None:
    purpose = replace(TERMS, include=frozenset({Inclusion.PAST}))
    for day in (date(2026, 5, 3), None):
        found = booking(status=BookingStatus.ACTIVE, exam_date=day)

        assert Verdict.BLOCKED is CANCEL.judge(found, SCHOOL, TERMS).verdict
        assert Verdict.WILL_CHANGE is CANCEL.judge(found, SCHOOL, purpose).verdict


def test_a_refund_is_not_barred_by_an_exam_that_is_over() -> None:
    found = booking(exam_date=date(2026, 5, 3))

    assert Verdict.WILL_CHANGE is REFUND.judge(found, SCHOOL, TERMS).verdict


# --- balances


def test_only_the_balance_that_is_concerned_blocks_and_the_other_is_named() -> None:
    held = contact(balances={CS: 1}, unreadable={SJ: "holds 'abc', which is not a number"})
    judgement = judge_contact(REFUND.judge(booking(), SCHOOL, TERMS), held)

    assert Verdict.WILL_CHANGE is judgement.verdict
    assert "sj_credits holds 'abc', which is not a number" in judgement.detail
    assert ({CS: 1}, {CS: 2}) == plan_balances(held, [moved(CS)])
    with pytest.raises(WriteRefused, match="sj_credits holds 'abc'"):
        plan_balances(held, [moved(CS), moved(SJ)])
    assert {"cs_credits"} == {key for key in contact_row(held, SCHOOL) if key in SCHOOL.keys}


def test_a_booking_is_paid_by_what_can_be_read() -> None:
    held = contact(balances={CS: 1}, unreadable={SJ: "holds 'abc', which is not a number"})

    assert CS == judge_credit(held, "Clinical Skills", SCHOOL, override=False).credit
    seat = judge_credit(held, "Situational Judgment", SCHOOL, override=False)
    assert Why.BALANCE_UNREADABLE is seat.why


def moved(credit: CreditType, kind: MovementKind = MovementKind.REFUND) -> Movement:
    return Movement(booking_id="500", kind=kind, credit=credit, delta=1)


# --- exams


@pytest.mark.parametrize("raw", ["abc", "-1", "2.5", "1e30", "NaN", "ten"])
def test_a_capacity_that_cannot_be_read_is_not_room_for_everybody(raw: str) -> None:
    found = exam(capacity=raw)
    fault = judge_exam(found, at=AT, zone=UTC)

    assert fault is not None
    assert Why.SEATS_UNREADABLE is fault.why
    assert raw in fault.detail
    with pytest.raises(WriteRefused, match="capacity holds"):
        plan_balances(found, [moved(TOTAL_BOOKINGS, MovementKind.SEAT_TAKEN)])
    assert "capacity" not in exam_row(found)


def test_an_exam_without_a_capacity_takes_as_many_as_come() -> None:
    found = exam(capacity=None)

    assert judge_exam(found, at=AT, zone=UTC) is None
    assert exam_row(found)["capacity"] is None


def test_a_seat_can_be_freed_whatever_the_capacity_says() -> None:
    freed = Movement(
        booking_id="500", kind=MovementKind.SEAT_FREED, credit=TOTAL_BOOKINGS, delta=-1
    )

    assert ({TOTAL_BOOKINGS: 3}, {TOTAL_BOOKINGS: 2}) == plan_balances(exam(capacity="x"), [freed])


def test_an_exam_can_be_booked_until_it_ends_by_the_schools_clock() -> None:
    found = exam(exam_date="2026-05-04", start_time="6 pm", end_time="9 pm")
    ends = datetime(2026, 5, 5, 1, 0, tzinfo=UTC)

    assert judge_exam(found, at=ends - timedelta(minutes=1), zone=TORONTO) is None
    fault = judge_exam(found, at=ends, zone=TORONTO)
    assert fault is not None
    assert Why.EXAM_PAST is fault.why


def test_an_exam_date_that_cannot_be_read_is_told_with_its_value() -> None:
    fault = judge_exam(exam(exam_date="soon"), at=AT, zone=UTC)

    assert fault is not None
    assert (Why.EXAM_DATELESS, True) == (fault.why, "'soon'" in fault.detail)


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"status": BookingStatus.ACTIVE}, Why.BOOKED_THAT_DAY),
        ({"status": BookingStatus.UNKNOWN, "raw_status": "active"}, Why.DAY_UNCLEAR),
        (
            {
                "status": BookingStatus.ACTIVE,
                "exam_date": None,
                "unclear": {"exam_date": "holds 'x', which is not a date"},
            },
            Why.DAY_UNCLEAR,
        ),
        ({"status": BookingStatus.CANCELLED}, None),
        ({"status": BookingStatus.ACTIVE, "exam_date": date(2026, 6, 2)}, None),
    ],
)
def test_a_second_booking_that_day_is_found_even_where_it_cannot_be_read(
    fields: dict[str, Any], why: Why | None
) -> None:
    fault = judge_day([booking(**fields)], date(2026, 6, 1), "", DayRule.ANY)

    assert why is (fault and fault.why)


@pytest.mark.parametrize(
    ("rule", "mock_type", "why"),
    [
        (DayRule.ANY, "Clinical Skills", Why.BOOKED_THAT_DAY),
        (DayRule.ANY, "Mini-mock", Why.BOOKED_THAT_DAY),
        (DayRule.SAME, "Clinical Skills", Why.BOOKED_THAT_DAY),
        (DayRule.SAME, "Mini-mock", None),
        (DayRule.OFF, "Clinical Skills", None),
    ],
)
def test_one_exam_a_day_is_the_schools_rule(rule: DayRule, mock_type: str, why: Why | None) -> None:
    held = booking(status=BookingStatus.ACTIVE, mock_type="Clinical Skills")

    fault = judge_day([held], date(2026, 6, 1), mock_type, rule)

    assert why is (fault and fault.why)


def test_a_booking_of_a_type_that_nobody_wrote_may_be_one_of_the_same() -> None:
    held = booking(status=BookingStatus.ACTIVE, mock_type="")

    fault = judge_day([held], date(2026, 6, 1), "Mini-mock", DayRule.SAME)

    assert fault is not None


def test_seats_are_not_counted_while_a_booking_has_an_unreadable_status() -> None:
    seated = booking(status=BookingStatus.ACTIVE)
    odd = booking("501", status=BookingStatus.UNKNOWN, raw_status="active")

    assert 2 == Session(exam=exam(), counts=count([seated], owed=0)).drift
    assert 0 == Session(exam=exam(), counts=count([seated, odd], owed=0)).drift
    assert 1 == count([seated, odd], owed=0).unclear


# --- the marker


def test_a_write_is_not_sent_again_because_its_marker_cannot_be_read() -> None:
    """It landed, and then the marker's property was archived: "" is not the marker of before."""
    write = Write(
        id=WriteId("w1"),
        operation_id="op",
        kind=Kind.CONTACT,
        target_id="500",
        movements=(moved(CS),),
        before={CS: 1},
        after={CS: 2},
        marker_before="",
        sent_at=AT,
    )
    answer = told(Kind.CONTACT, cs_credits="2")
    del answer["properties"][MARKER]
    target = read_counted(PORTAL, Kind.CONTACT, answer)
    later = AT + timedelta(minutes=5)

    assert Belief.LOOK_IN_HISTORY is judge_outcome(write, target, now=later)
    assert Belief.ASK_A_PERSON is judge_outcome(write, target, now=later, history={})
    with pytest.raises(WriteRefused, match=MARKER):
        plan_balances(target, [moved(CS)])
