"""The desk's bookings, cancellations and balances, as the school's old apps see them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from core.credits.catalogue import SCHOOL
from core.credits.errors import Refused
from core.credits.records import (
    TOTAL_BOOKINGS,
    Booking,
    BookingId,
    BookingStatus,
    Contact,
    ContactId,
    Exam,
    ExamId,
    Kind,
)
from core.drift.causes import Cause
from core.drift.sweeps import SweepMode
from core.mirror.port import Copied, Deleted
from core.mirror.rows import (
    booking_row,
    cancelled_row,
    contact_row,
    exam_row,
    marked_row,
    written_row,
)
from core.operations.verdicts import OperationKind
from sandbox.school.generations import Generation
from tests.contract.school.world import School, due

AT = datetime(2026, 11, 23, 12, tzinfo=UTC)
_ids = count(91_000_000_001)


@pytest.fixture
def new_id() -> str:
    return str(next(_ids))


@pytest.fixture
def clean(school: School) -> Iterator[School]:
    """Whatever a test copied is gone after it: HubSpot has none of it."""
    yield school
    for table in ("hubspot_bookings", "hubspot_contact_credits", "hubspot_mock_exams"):
        school.execute("delete from {} where hubspot_id like '91%%'", table)


def student(id_: str, **changed: Any) -> Contact:
    given: dict[str, Any] = {
        "balances": {**dict.fromkeys(SCHOOL.keys, 0), "cs_credits": 2},
        "student_id": f"s{id_}",
        "email": f"{id_}@example.test",
        "firstname": "Ada",
        "lastname": "Lovelace",
        "ndecc_exam_date": AT.date(),
        "modified_at": AT,
    }
    return Contact(id=id_, **{**given, **changed})


def seat(id_: str, contact: str, exam: str, **changed: Any) -> Booking:
    given: dict[str, Any] = {
        "booking_id": f"Clinical Skills-{contact}-March 4, 2027",
        "status": BookingStatus.ACTIVE,
        "raw_status": "Active",
        "token": "Clinical Skills Token",
        "contact_ids": (ContactId(contact),),
        "exam_ids": (ExamId(exam),),
        "mock_type": "Clinical Skills",
        "exam_date": datetime(2027, 3, 4, tzinfo=UTC).date(),
        "start_time": "2027-03-04T14:00:00Z",
        "end_time": "2027-03-04T18:00:00Z",
        "location": "Mississauga",
        "attending_location": "Mississauga",
        "dominant_hand": "true",
        "idempotency_key": "op1",
        "modified_at": AT,
    }
    return Booking(id=BookingId(id_), **{**given, **changed})


def copied(school: School, kind: Kind, row: Any) -> Copied:
    (result,) = school.mirror.copy(kind, [row]).values()
    assert result.copied is not Copied.REFUSED, result.reason
    return result.copied


def credits_of(school: School, id_: str) -> dict[str, Any]:
    """As the student app asks."""
    params = {"student_id": f"eq.s{id_}", "email": f"eq.{id_}@example.test"}
    (row,) = school.ask("/hubspot_contact_credits", params=params).json()
    assert isinstance(row, dict)
    return row


def test_a_new_student_and_booking_are_found_by_old_readers_with_all_they_show(
    clean: School, new_id: str
) -> None:
    school, exam = clean, clean.held("hubspot_mock_exams")[0]["hubspot_id"]
    assert copied(school, Kind.CONTACT, contact_row(student(new_id), SCHOOL)) is Copied.WRITTEN
    row = booking_row(seat(new_id, new_id, exam))
    assert copied(school, Kind.BOOKING, row) is Copied.WRITTEN
    assert copied(school, Kind.BOOKING, row) is Copied.ALREADY_EQUAL

    held = credits_of(school, new_id)
    assert (held["cs_credits"], held["sj_credits"]) == (2, 0)
    assert held["ndecc_exam_date"] == "2026-11-23"
    assert held["id"]
    params = {school.tables.contact: f"eq.{new_id}", school.tables.exam: f"eq.{exam}"}
    (found,) = school.ask("/hubspot_bookings", params=params).json()
    assert found["student_id"] == f"s{new_id}"
    assert found[school.tables.name] == "Ada Lovelace"
    assert found["student_email"] == f"{new_id}@example.test"
    assert found["exam_date"] == "2027-03-04T00:00:00"
    assert found["mock_type"] == "Clinical Skills"
    assert found["created_at"]
    assert found["synced_at"]
    if school.generation is Generation.CURRENT:
        assert found["booking_status"] == found["is_active"] == "Active"
        assert found["dominant_hand"] == "true"
        assert found["token_refunded"] is None
        assert found["ndecc_exam_date"] == "2026-11-23"
        assert (found["start_time"], found["idempotency_key"]) == ("2027-03-04T14:00:00Z", "op1")
    else:
        assert found["dominant_hand"] is True


def test_a_booking_that_came_before_its_student_is_filled_in_after(
    clean: School, new_id: str
) -> None:
    school, exam = clean, clean.held("hubspot_mock_exams")[0]["hubspot_id"]
    early = seat(new_id, new_id, exam)
    if school.generation is Generation.CURRENT:
        early = seat(new_id, new_id, exam, contact_ids=())  # its table asks for the student first
    copied(school, Kind.BOOKING, booking_row(early))
    assert school.booking(new_id)["student_id"] is None

    copied(school, Kind.CONTACT, contact_row(student(new_id), SCHOOL))
    later = seat(new_id, new_id, exam, modified_at=AT + timedelta(minutes=1))
    if school.generation is Generation.CURRENT:
        copied(school, Kind.BOOKING, booking_row(later))

    assert school.booking(new_id)["student_id"] == f"s{new_id}"


def test_a_cancellation_and_its_mark_are_seen_in_the_words_that_old_readers_test(
    clean: School, new_id: str
) -> None:
    school, exam = clean, clean.held("hubspot_mock_exams")[0]["hubspot_id"]
    copied(school, Kind.CONTACT, contact_row(student(new_id), SCHOOL))
    copied(school, Kind.BOOKING, booking_row(seat(new_id, new_id, exam)))
    later = AT + timedelta(minutes=5)

    copied(school, Kind.BOOKING, cancelled_row(BookingId(new_id), later))
    copied(school, Kind.BOOKING, marked_row(BookingId(new_id), later, later, "dana@school.example"))

    held = school.booking(new_id)
    assert held["is_active"] == "Cancelled"
    assert held.get("booking_status", "Cancelled") == "Cancelled"
    assert held["token_refunded"] == "true"
    assert held["token_refunded_at"].startswith("2026-11-23T12:05:00")
    assert held["token_refund_admin"] == "dana@school.example"

    copied(school, Kind.BOOKING, marked_row(BookingId(new_id), later, None, ""))
    assert school.booking(new_id)["token_refunded"] is None


def test_a_balance_is_seen_at_once_and_no_other_column_changes(clean: School, new_id: str) -> None:
    copied(clean, Kind.CONTACT, contact_row(student(new_id), SCHOOL))
    before = credits_of(clean, new_id)
    after = student(new_id, balances={"cs_credits": 3}, modified_at=AT + timedelta(seconds=1))

    assert copied(clean, Kind.CONTACT, written_row(after)) is Copied.WRITTEN

    now = credits_of(clean, new_id)
    assert now["cs_credits"] == 3
    own = {"cs_credits", "updated_at", "synced_at", "source_modified_at", "credit_desk_synced_at"}
    assert {name for name in now if now[name] != before[name]} <= own


def test_a_balance_that_cannot_be_read_is_empty_in_a_new_row_and_stays_in_one_that_is_there(
    clean: School, new_id: str
) -> None:
    cs, later = SCHOOL.keys[1], AT + timedelta(seconds=1)
    odd: dict[str, Any] = {"balances": {SCHOOL.keys[0]: 4}, "unreadable": {cs: "holds 'abc'"}}

    copied(clean, Kind.CONTACT, contact_row(student(new_id, **odd), SCHOOL))
    assert (4, None) == tuple(credits_of(clean, new_id)[key] for key in SCHOOL.keys[:2])

    fine = student(new_id, balances=dict.fromkeys(SCHOOL.keys, 5), modified_at=later)
    copied(clean, Kind.CONTACT, contact_row(fine, SCHOOL))
    copied(clean, Kind.CONTACT, contact_row(student(new_id, **odd, modified_at=later), SCHOOL))
    assert (4, 5) == tuple(credits_of(clean, new_id)[key] for key in SCHOOL.keys[:2])


def test_a_contact_without_a_student_id_has_no_row_and_none_is_missed(
    clean: School, new_id: str
) -> None:
    stranger = contact_row(student(new_id, student_id=""), SCHOOL)

    assert copied(clean, Kind.CONTACT, stranger) is Copied.NOT_KEPT
    assert clean.mirror.rows(Kind.CONTACT, [new_id]) == {}
    assert clean.mirror.required(Kind.CONTACT) == {"student_id", "email"}


def test_a_student_who_lost_the_e_mail_keeps_the_row_and_its_balance_is_written(
    clean: School, new_id: str
) -> None:
    copied(clean, Kind.CONTACT, contact_row(student(new_id), SCHOOL))
    balances = dict[str, int].fromkeys(SCHOOL.keys, 0) | {"cs_credits": 5}
    bare = student(new_id, email="", balances=balances, modified_at=AT + timedelta(seconds=1))

    assert copied(clean, Kind.CONTACT, contact_row(bare, SCHOOL)) is Copied.WRITTEN

    params = {"hubspot_id": f"eq.{new_id}"}
    (held,) = clean.ask("/hubspot_contact_credits", params=params).json()
    assert (held["email"], held["cs_credits"]) == ("", 5)


def test_two_records_of_one_student_are_told_and_the_other_rows_are_written(
    clean: School, new_id: str
) -> None:
    copied(clean, Kind.CONTACT, contact_row(student(new_id), SCHOOL))
    twin = contact_row(
        student(str(next(_ids)), student_id=f"s{new_id}", email=f"{new_id}@example.test"), SCHOOL
    )

    with pytest.raises(Refused, match="duplicate key value"):
        clean.mirror.copy(Kind.CONTACT, [twin])


def test_a_day_at_any_time_of_it_is_the_same_and_stays_as_it_is(clean: School, new_id: str) -> None:
    school, exam = clean, clean.held("hubspot_mock_exams")[0]["hubspot_id"]
    copied(school, Kind.CONTACT, contact_row(student(new_id), SCHOOL))
    copied(school, Kind.BOOKING, booking_row(seat(new_id, new_id, exam)))
    at_nine = "update {} set exam_date = '2027-03-04 09:00' where hubspot_id = %s"
    school.execute(at_nine, "hubspot_bookings", new_id)
    later = seat(new_id, new_id, exam, attendance="No", modified_at=AT + timedelta(minutes=1))

    assert copied(school, Kind.BOOKING, booking_row(later)) is Copied.WRITTEN
    held = school.booking(new_id)
    assert (held["attendance"], held["exam_date"]) == ("No", "2027-03-04T09:00:00")
    moved = datetime(2027, 3, 5, tzinfo=UTC).date()
    later = seat(new_id, new_id, exam, exam_date=moved, modified_at=AT + timedelta(minutes=2))
    copied(school, Kind.BOOKING, booking_row(later))
    assert school.booking(new_id)["exam_date"] == "2027-03-05T00:00:00"


def test_an_exam_is_copied_with_its_seats(clean: School, new_id: str) -> None:
    exam = Exam(
        id=new_id,
        balances={TOTAL_BOOKINGS: 7},
        name="Clinical Skills",
        mock_type="Clinical Skills",
        exam_date=AT.date(),
        start_time="9:00 AM",
        capacity=12,
        is_active="scheduled",
        scheduled_activation_at=AT,
        modified_at=AT,
    )

    assert copied(clean, Kind.EXAM, exam_row(exam)) is Copied.WRITTEN
    (held,) = clean.ask("/hubspot_mock_exams", params={"hubspot_id": f"eq.{new_id}"}).json()
    assert (held["total_bookings"], held["capacity"], held["is_active"]) == (7, 12, "scheduled")
    assert clean.mirror.rows(Kind.EXAM, [new_id])[new_id]["exam_date"] == "2026-11-23"


def test_the_old_cron_goes_on_writing_and_a_sweep_names_what_it_overwrote(school: School) -> None:
    """An upsert with its own times, of a balance that it read before ours was written."""
    one = school.held("hubspot_contact_credits")[7]
    school.core.mirror_copier.put([due(one["hubspot_id"])])
    school.copy_all()
    stale = {
        **{n: one[n] for n in ("hubspot_id", "student_id", "email", "firstname", "lastname")},
        "cs_credits": one["cs_credits"] + 4,
        "synced_at": datetime.now(UTC).replace(tzinfo=None).isoformat(),
        "updated_at": datetime.now(UTC).replace(tzinfo=None).isoformat(),
    }

    answer = school.ask(
        "/hubspot_contact_credits",
        method="POST",
        params={"on_conflict": "hubspot_id"},
        headers={"Prefer": "resolution=merge-duplicates"},
        json=[stale],
    )
    assert answer.status_code in {200, 201}, answer.text
    _, drifts = school.swept(SweepMode.KNOWN)
    (drift,) = [drift for drift in drifts if drift.kind is Kind.CONTACT]

    assert drift.cause is Cause.CHANGED_IN_MIRROR
    assert drift.columns == ("cs_credits",)
    school.core.mirror_copier.put([due(one["hubspot_id"])])
    school.copy_all()
    assert (
        school.mirror.rows(Kind.CONTACT, [one["hubspot_id"]])[one["hubspot_id"]]["cs_credits"]
        == one["cs_credits"]
    )


def test_a_row_that_another_table_refers_to_is_kept_and_said(clean: School) -> None:
    if clean.generation is Generation.OLDEST:
        pytest.skip("the oldest tables refer to no other")
    held = clean.held("hubspot_bookings")[0][clean.tables.contact]
    row = clean.mirror.rows(Kind.CONTACT, [held])[held]

    (result,) = clean.mirror.delete(Kind.CONTACT, [row]).values()

    assert result.deleted is Deleted.REFUSED
    assert "foreign key" in result.reason


def test_a_cancellation_by_the_desk_is_complete_for_old_readers(school: School) -> None:
    """HubSpot, journal, outbox and tables, from the preview to what a student sees."""
    ids = [
        row["hubspot_id"]
        for row in school.held("hubspot_bookings")
        if row["is_active"] == "Active" and row["exam_date"] > datetime.now(UTC).isoformat()
    ][:5]
    before = {row["hubspot_id"]: row for row in school.held("hubspot_contact_credits")}

    operation = school.done(OperationKind.CANCEL, ids)

    items = [item for item in school.journal.items(operation.id) if item.credit]
    assert items
    for item in items:
        held = school.booking(item.booking_id)
        assert (held["is_active"], held["token_refunded"]) == ("Cancelled", "true")
        assert held.get("booking_status", "Cancelled") == "Cancelled"
    for row in school.held("hubspot_contact_credits"):
        mine = [item for item in items if item.contact_id == row["hubspot_id"]]
        for credit in SCHOOL.keys:
            more = sum(item.credit == credit for item in mine)
            assert row[credit] == before[row["hubspot_id"]][credit] + more
