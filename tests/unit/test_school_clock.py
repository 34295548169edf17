"""Exam times on the school's clock, whether HubSpot holds them as moments or as texts."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from core.credits.exam_times import clock, hours, is_same_time
from core.credits.records import Exam, Kind
from core.drift.differences import Evidence, Stated, suspects
from core.drift.explain import explain

TORONTO = ZoneInfo("America/Toronto")
DAY = date(2027, 3, 4)


def test_a_moment_is_shown_on_the_schools_clock_and_a_text_as_it_is() -> None:
    assert clock("2027-03-04T14:00:00Z", TORONTO) == "09:00"
    assert clock("2027-07-04T13:00:00Z", TORONTO) == "09:00", "in summer, too"
    assert clock("1804172400000", TORONTO) == "10:00"
    assert clock("9:00 AM", TORONTO) == "9:00 AM"
    assert clock("", TORONTO) == ""


def test_hours_leave_out_what_is_not_written() -> None:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    exam = Exam(id="1", balances={}, modified_at=at, start_time="2027-03-04T14:00:00Z")

    assert hours(exam, TORONTO) == "09:00"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2027-03-04T14:00:00Z", "9:00 AM", True),
        ("2027-03-04T14:00:00Z", "09:00", True),
        ("2027-03-04T14:00:00.000Z", "2027-03-04T09:00:00-05:00", True),
        ("2027-03-04T14:00:00Z", "9:00 PM", False),
        ("2027-03-05T14:00:00Z", "9:00 AM", False),
        ("soon", "soon", False),
    ],
)
def test_a_moment_and_a_text_of_one_time_are_the_same(one: str, other: str, same: bool) -> None:
    assert is_same_time(DAY, one, other, TORONTO) is same


def row(start: str) -> dict[str, object]:
    at = "2027-01-01T00:00:00.000000+00:00"
    return {
        "hubspot_id": "1", "source_modified_at": at, "exam_date": "2027-03-04", "start_time": start,
    }  # fmt: skip


@pytest.mark.parametrize(("held", "drifts"), [("9:00 AM", False), ("10:00 AM", True)])
def test_a_copy_that_wrote_the_clock_where_hubspot_has_a_moment_does_not_drift(
    held: str, drifts: bool
) -> None:
    stated, theirs = Stated(row=row("2027-03-04T14:00:00Z")), row(held)

    found = suspects(["1"], {"1": stated}, {"1": theirs}, ["exam_date", "start_time"], TORONTO)
    evidence = Evidence(
        kind=Kind.EXAM,
        record_id="1",
        read_at=datetime(2027, 1, 2, tzinfo=UTC),
        truth=stated,
        mirror=theirs,
        zone=TORONTO,
    )

    assert found == (["1"] if drifts else [])
    assert (explain(evidence) is not None) is drifts
