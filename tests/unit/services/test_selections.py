"""What a selection means: nothing that HubSpot holds is missing, or the plan says so."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from core.credits.errors import BadList
from core.credits.records import BookingStatus
from core.hubspot.ports.crm import BookingFilter
from core.operations.choosing import select
from core.operations.choosing.select import ByFilter, ByReference
from core.operations.choosing.selections import from_csv
from core.operations.verdicts import OperationKind
from tests.unit.services.desk import ADMIN, TestDesk

ACTIVE = ByFilter(
    narrow=BookingFilter(statuses=(BookingStatus.ACTIVE,), mock_type="Clinical Skills")
)


@pytest.fixture
def desk() -> TestDesk:
    """One booking that HubSpot's search knows, and one that was made just now."""
    made = TestDesk()
    made.crm.search_lag = timedelta(seconds=30)
    made.crm.add_contact("1", {"cs_credits": 1})
    made.crm.add_contact("2", {"cs_credits": 1})
    made.booked("51", "1", status="Active")
    made.time += timedelta(minutes=5)
    made.booked("52", "2", status="Active")
    made.booked("53", "2", status="Cancelled")
    return made


def test_filter_finds_what_was_booked_in_the_last_seconds(desk: TestDesk) -> None:
    assert ["51"] == desk.crm.search_bookings(ACTIVE.narrow, limit=9), "the search lags"

    plan = desk.core.operation_planner.preview(OperationKind.CANCEL, ACTIVE, ADMIN)

    assert ["51", "52"] == [row.booking_id for row in plan.rows]
    assert "" == plan.caveat


def test_filter_leaves_out_bookings_of_exams_that_do_not_fit(desk: TestDesk) -> None:
    desk.crm.add_exam("71", 10, mock_type="Mini-mock")
    desk.crm.add_booking("54", contact="1", exam="71", token="Mini-mock Token", status="Active")
    desk.time += timedelta(minutes=5)

    found = desk.core.booking_finder.bookings(ACTIVE)

    assert ("51", "52") == found.ids


@pytest.mark.parametrize(
    ("limit", "told"),
    [("EXAMS_MAX", "more than 0 exams fit"), ("COMPLETED_MAX", "have 3 bookings")],
)
def test_filter_that_costs_too_much_to_complete_says_what_may_be_missing(
    desk: TestDesk, limit: str, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(select, limit, 0)

    plan = desk.core.operation_planner.preview(OperationKind.CANCEL, ACTIVE, ADMIN)

    assert ["51"] == [row.booking_id for row in plan.rows]
    assert told in plan.caveat
    assert "made or changed within the last minute may be missing" in plan.caveat
    assert plan.caveat == desk.journal.plan(plan.id).caveat


def test_everything_owed_says_what_may_be_missing(desk: TestDesk) -> None:
    desk.time += timedelta(minutes=5)

    chosen = desk.core.owed_credits.everything(ADMIN)

    assert "cancelled within the last minute may be missing" in chosen.caveat


def test_names_that_no_booking_has_are_told_with_their_lines(desk: TestDesk) -> None:
    rows = "".join(f'"CS-{n}-May 4, 2026"\n' for n in range(12))
    chosen = ByReference.of(from_csv(f"booking_id\n51\n{rows}".encode()))

    with pytest.raises(BadList) as caught:
        desk.core.booking_finder.bookings(chosen)

    assert (
        "line 3: no booking in HubSpot has booking_id 'CS-0-May 4, 2026'"
        == (caught.value.faults[0])
    )
    assert "and 2 more unknown booking_ids: lines 13-14" == caught.value.faults[-1]


def test_list_says_in_its_words_how_many_rows_named_a_booking_again(desk: TestDesk) -> None:
    chosen = ByReference.of(from_csv(b"record_id\n51\n52\n51\n51\n"))

    found = desk.core.booking_finder.bookings(chosen)

    assert "a list of 2 bookings in 4 rows, 2 repeated" == found.words


def test_filter_by_date_asks_for_the_exams_of_those_days_alone(desk: TestDesk) -> None:
    desk.crm.add_exam("72", 10, mock_type="Clinical Skills", exam_date="2026-06-01")
    desk.crm.add_booking("55", contact="1", exam="72", token="Shared Token", status="Active")
    day = date(2026, 6, 1)
    narrow = BookingFilter(statuses=(BookingStatus.ACTIVE,), exam_date_from=day, exam_date_to=day)

    desk.time += timedelta(minutes=5)
    desk.crm.add_booking("56", contact="2", exam="72", token="Shared Token", status="Active")

    assert {"55", "56"} == set(desk.core.booking_finder.bookings(ByFilter(narrow=narrow)).ids)
