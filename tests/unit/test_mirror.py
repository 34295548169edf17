"""What the mirror is told, and what it is not."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from core.credits.catalogue import SCHOOL, CreditType
from core.credits.records import (
    TOTAL_BOOKINGS,
    Booking,
    BookingId,
    BookingStatus,
    Contact,
    ContactId,
    Counted,
    Exam,
    ExamId,
    Kind,
)
from core.mirror.rows import TABLES, booking_row, contact_row, exam_row, written_row

MODIFIED = datetime(2026, 11, 23, 9, 30, 0, 123000, tzinfo=UTC)
STAMP = "2026-11-23T09:30:00.123000+00:00"
SJ, CS, SHARED = (CreditType(key) for key in ("sj_credits", "cs_credits", "shared_mock_credits"))

ANN = Contact(
    id="101",
    balances={key: n for n, key in enumerate(SCHOOL.keys)},
    modified_at=MODIFIED,
    student_id="5550101",
    email="ann@example.test",
    firstname="Ann",
    ndecc_exam_date=date(2027, 1, 31),
)
BOOKING = Booking(
    id=BookingId("201"),
    booking_id="Clinical Skills-5550101-January 9, 2027",
    status=BookingStatus.CANCELLED,
    raw_status="Cancelled",
    token="Clinical Skills Token",
    contact_ids=(ContactId("101"),),
    exam_ids=(ExamId("301"),),
    modified_at=MODIFIED,
)
EXAM = Exam(
    id="301",
    balances={TOTAL_BOOKINGS: 7},
    modified_at=MODIFIED,
    mock_type="Clinical Skills",
    exam_date=date(2027, 1, 9),
    capacity=12,
    is_active="true",
)


def test_every_kind_has_a_table_of_its_own() -> None:
    assert len(Kind) == len(set(TABLES.values()))


def test_a_contact_row_states_all_five_balances() -> None:
    row = contact_row(ANN, SCHOOL)

    assert (
        row.items()
        >= {
            "hubspot_id": "101",
            "source_modified_at": STAMP,
            "sj_credits": 0,
            "cs_credits": 1,
            "sjmini_credits": 2,
            "mock_discussion_token": 3,
            "shared_mock_credits": 4,
            "ndecc_exam_date": "2027-01-31",
        }.items()
    )


def test_an_unreadable_credit_is_left_out_and_so_stays_as_it_is_in_the_mirror() -> None:
    readable = {key: n for key, n in ANN.balances.items() if key != CS}
    ann = replace(ANN, balances=readable, unreadable={CS: "'2.5' is not a whole number"})

    assert CS not in contact_row(ann, SCHOOL)
    assert [CS] == contact_row(ann, SCHOOL)["unreadable"]
    assert contact_row(ann, SCHOOL)[SHARED] == 4


def test_a_counter_of_another_school_is_not_a_column() -> None:
    ann = replace(ANN, balances={**ANN.balances, CreditType("yoga_credits"): 9})

    assert "yoga_credits" not in contact_row(ann, SCHOOL)


def test_nothing_in_hubspot_is_null_in_the_mirror() -> None:
    row = contact_row(replace(ANN, lastname="", ndecc_exam_date=None), SCHOOL)

    assert row["lastname"] is None
    assert row["ndecc_exam_date"] is None


def test_a_settled_write_states_the_counters_it_set_and_no_other() -> None:
    """The others were read before it: somebody may have changed them since."""
    at = MODIFIED + timedelta(seconds=1)
    after = Counted(id="101", kind=Kind.CONTACT, balances={CS: 2}, modified_at=at)

    assert written_row(after) == {
        "hubspot_id": "101",
        "source_modified_at": "2026-11-23T09:30:01.123000+00:00",
        "cs_credits": 2,
        "partial": True,
    }


def test_source_times_are_told_in_utc_whatever_zone_they_came_in() -> None:
    elsewhere = MODIFIED.astimezone(timezone(timedelta(hours=-5)))

    assert contact_row(replace(ANN, modified_at=elsewhere), SCHOOL)["source_modified_at"] == STAMP


def test_a_booking_row_names_its_contact_and_its_exam() -> None:
    row = booking_row(BOOKING)

    assert (
        row.items()
        >= {
            "hubspot_id": "201",
            "contact_hubspot_id": "101",
            "exam_hubspot_id": "301",
            "is_active": "Cancelled",
            "token_refunded": False,
        }.items()
    )


def test_a_booking_of_two_contacts_names_neither() -> None:
    row = booking_row(replace(BOOKING, contact_ids=(ContactId("101"), ContactId("102"))))

    assert "contact_hubspot_id" not in row


def test_a_strange_status_is_told_as_it_stands_in_hubspot() -> None:
    row = booking_row(replace(BOOKING, status=BookingStatus.UNKNOWN, raw_status="Paused"))

    assert row["is_active"] == "Paused"


def test_an_exam_row_states_its_seats() -> None:
    row = exam_row(EXAM)

    assert row.items() >= {"hubspot_id": "301", "total_bookings": 7, "capacity": 12}.items()


def test_an_unreadable_seat_count_is_left_out() -> None:
    unread = exam_row(replace(EXAM, balances={}))
    assert "total_bookings" not in unread
    assert ["total_bookings"] == unread["unreadable"]


@pytest.mark.parametrize("row", [contact_row(ANN, SCHOOL), booking_row(BOOKING), exam_row(EXAM)])
def test_a_row_survives_json(row: dict[str, object]) -> None:
    assert row == json.loads(json.dumps(row))
