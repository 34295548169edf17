"""What a school's tables call our columns, and how their values become ours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core.credits.catalogue import SCHOOL
from core.credits.records import Booking, BookingId, BookingStatus, ContactId, ExamId, Kind
from core.drift.differences import Stated, suspects
from core.mirror.names import MirrorNames
from core.mirror.rows import booking_row, columns

NAMES = MirrorNames(
    renamed={
        Kind.BOOKING: {
            "contact_hubspot_id": ("associated_contact_id",),
            "exam_hubspot_id": ("associated_mock_exam",),
            "is_active": ("is_active", "booking_status"),
        }
    }
)
#: A booking as the school's apps write it: no location, a timestamp for the day, "true" as a text.
HELD: dict[str, object] = {
    "id": "0a8f",
    "hubspot_id": "501",
    "booking_id": "Clinical Skills-1001-March 4, 2027",
    "associated_contact_id": "101",
    "associated_mock_exam": "901",
    "student_id": "1001",
    "is_active": "Cancelled",
    "booking_status": "Active",
    "token_used": "Clinical Skills Token",
    "token_refunded": "true",
    "token_refunded_at": "2027-01-02T03:04:05+00:00",
    "token_refund_admin": "dana@school.example",
    "attendance": None,
    "attending_location": "Toronto",
    "dominant_hand": True,
    "idempotency_key": None,
    "mock_type": "Clinical Skills",
    "exam_date": "2027-03-04T00:00:00",
    "start_time": "9:00 AM",
    "end_time": "5:00 PM",
    "created_at": "2027-01-01T00:00:00",
    "updated_at": "2027-01-01T00:00:00",
    "synced_at": "2027-01-01T00:00:00",
    "source_modified_at": None,
    "credit_desk_synced_at": None,
    "credit_desk_changed_at": None,
}


def stated(**changed: object) -> Stated:
    at = datetime(2027, 1, 2, 3, 4, 5, tzinfo=UTC)
    booking = Booking(
        id=BookingId("501"),
        booking_id="Clinical Skills-1001-March 4, 2027",
        status=BookingStatus.CANCELLED,
        token="Clinical Skills Token",
        refunded=True,
        refunded_at=at,
        refund_admin="dana@school.example",
        contact_ids=(ContactId("101"),),
        exam_ids=(ExamId("901"),),
        mock_type="Clinical Skills",
        exam_date=at.date().replace(month=3, day=4),
        start_time="9:00 AM",
        end_time="5:00 PM",
        location="Toronto",
        attending_location="Toronto",
        dominant_hand="true",
        modified_at=at,
    )
    return Stated(row={**booking_row(booking), **changed})


def differing(held: dict[str, object], truth: Stated) -> list[str]:
    rows = {"501": NAMES.read(Kind.BOOKING, held)}
    return suspects(["501"], {"501": truth}, rows, columns(SCHOOL)[Kind.BOOKING])


def test_a_schools_row_of_other_names_and_types_does_not_drift() -> None:
    assert differing(HELD, stated()) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("exam_date", "2027-03-05T00:00:00"),
        ("token_refunded", "false"),
        ("token_refunded", "perhaps"),
        ("associated_contact_id", "102"),
        ("dominant_hand", False),
        ("is_active", "Active"),
        ("token_refunded_at", "2027-01-02T03:04:06+00:00"),
    ],
)
def test_another_value_drifts_in_whatever_type(column: str, value: object) -> None:
    assert differing({**HELD, column: value}, stated()) == ["501"]


def test_a_hand_is_the_same_as_a_word_and_as_a_yes() -> None:
    assert differing(HELD, stated(dominant_hand="Right")) == []
    assert differing({**HELD, "dominant_hand": "Right"}, stated()) == []
    assert differing(HELD, stated(dominant_hand="Left")) == ["501"]


def test_a_column_that_the_table_must_have_is_missed() -> None:
    without = {name: value for name, value in HELD.items() if name != "token_used"}

    assert differing(without, stated()) == ["501"]


@pytest.mark.parametrize(
    ("held", "day"),
    [
        ("2027-03-04", "2027-03-04"),
        ("2027-03-04T05:00:00+00:00", "2027-03-04"),
        ("2027-03-04 00:00:00", "2027-03-04"),
        ("2027-03-041", "2027-03-041"),
        ("March 4, 2027", "March 4, 2027"),
        (None, None),
    ],
)
def test_of_a_timestamp_or_a_text_the_day_counts(held: object, day: object) -> None:
    assert NAMES.read(Kind.EXAM, {"exam_date": held})["exam_date"] == day


def test_numbers_and_texts_are_read_as_what_they_are_with_us() -> None:
    contact = NAMES.read(Kind.CONTACT, {"student_id": 1001, "cs_credits": "3", "sj_credits": 2})

    assert (contact["student_id"], contact["cs_credits"], contact["sj_credits"]) == ("1001", 3, 2)


def test_only_the_desks_own_times_tell_when_it_copied() -> None:
    theirs: dict[str, object] = {
        "updated_at": "2027-01-01T00:00:00",
        "synced_at": "2027-01-01T00:00:00",
    }
    copied: dict[str, object] = {**theirs, "credit_desk_synced_at": "2027-02-01T00:00:00+00:00"}
    changed: dict[str, object] = {**copied, "credit_desk_changed_at": "2027-03-01T00:00:00+00:00"}

    def times(held: dict[str, object]) -> tuple[object, object]:
        row = NAMES.read(Kind.CONTACT, held)
        return row["synced_at"], row["updated_at"]

    assert times(theirs) == (None, "2027-01-01T00:00:00")
    assert times(copied) == ("2027-02-01T00:00:00+00:00", "2027-02-01T00:00:00+00:00")
    assert times(changed) == ("2027-02-01T00:00:00+00:00", "2027-03-01T00:00:00+00:00")


@pytest.mark.parametrize(
    ("renamed", "why"),
    [
        ({"contact": ("x",)}, "no column of ours: contact"),
        ({"hubspot_id": ("x",)}, "no column of ours: hubspot_id"),
        ({"is_active": ()}, "names no column"),
        ({"is_active": ("",)}, "cannot be a column's name"),
        ({"is_active": ("x" * 64,)}, "cannot be a column's name"),
        ({"is_active": ("synced_at",)}, "has a meaning of its own"),
        ({"is_active": ("attendance",)}, "holds two of our columns"),
        ({"is_active": ("a", "a")}, "holds two of our columns"),
    ],
)
def test_names_that_would_mix_columns_up_are_refused(
    renamed: dict[str, tuple[str, ...]], why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        MirrorNames(renamed={Kind.BOOKING: renamed})


def test_two_columns_may_change_their_names() -> None:
    swapped = {"start_time": ("end_time",), "end_time": ("start_time",)}

    names = MirrorNames(renamed={Kind.EXAM: swapped})

    row = names.read(Kind.EXAM, {"start_time": "5 PM", "end_time": "9 AM"})
    assert (row["start_time"], row["end_time"]) == ("9 AM", "5 PM")
