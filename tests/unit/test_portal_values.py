"""Values that an account holds in place of our words."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.credits.account import Portal
from core.credits.records import ContactId, ExamId, Kind, NewBooking
from core.hubspot.ports.inspection import Finding, Health
from core.hubspot.wire.definitions import judge
from core.hubspot.wire.records import read_booking
from core.hubspot.wire.requests import new_booking_body
from core.mirror.rows import booking_row
from core.settings import load
from core.settings.faults import BadSettings

HAND = "dominant_hand"
YES_NO = Portal(values={Kind.BOOKING: {HAND: {"Right": "true", "Left": "false"}}})
CODED = Portal(values={Kind.BOOKING: {HAND: {"Right": "R", "Left": "L"}}})


def booked(portal: Portal, hand: str) -> str:
    """What is written of a new booking's hand."""
    new = NewBooking(
        name="Clinical Skills-1-March 4, 2027",
        contact_id=ContactId("1"),
        exam_id=ExamId("2"),
        token="Clinical Skills Token",
        idempotency_key="op",
        dominant_hand=hand,
    )
    (made,) = new_booking_body(portal, new, {})["inputs"]
    return str(made["properties"][HAND])


def read(portal: Portal, held: str) -> tuple[str, object]:
    """Our word for it, and what the copy says."""
    at = datetime(2026, 1, 1, tzinfo=UTC).isoformat()
    answer: Any = {"id": "5", "updatedAt": at, "properties": {"is_active": "Active", HAND: held}}
    booking = read_booking(portal, answer, ["1"], ["2"])
    return booking.dominant_hand, booking_row(booking)[HAND]


@pytest.mark.parametrize(
    ("portal", "right", "left"),
    [(Portal(), "Right", "Left"), (YES_NO, "true", "false"), (CODED, "R", "L")],
)
def test_a_hand_is_written_as_the_account_holds_it(portal: Portal, right: str, left: str) -> None:
    assert (booked(portal, "Right"), booked(portal, "Left")) == (right, left)
    assert read(portal, right) == ("Right", right), "the copy says what HubSpot holds"
    assert read(portal, left) == ("Left", left)


@pytest.mark.parametrize("portal", [Portal(), YES_NO])
def test_a_word_and_a_yes_are_both_understood_whatever_the_account_writes(portal: Portal) -> None:
    assert read(portal, "Right") == ("Right", "Right")
    assert read(portal, "true") == ("Right", "true")
    assert read(portal, "FALSE") == ("Left", "FALSE")
    assert read(portal, "both") == ("both", "both")
    assert read(portal, "") == ("", None)


def test_what_only_other_apps_read_is_written_where_the_account_has_it() -> None:
    new = NewBooking(
        name="Clinical Skills-1-March 4, 2027",
        contact_id=ContactId("1"),
        exam_id=ExamId("2"),
        token="Clinical Skills Token",
        idempotency_key="op",
        student_name="Ada Lovelace",
        student_email="ada@example.test",
    )
    named = {"student_name": "name", "student_email": "email", "associated_mock_exam": "exam"}

    def written(portal: Portal) -> dict[str, object]:
        (made,) = new_booking_body(portal, new, {})["inputs"]
        return dict(made["properties"])

    plain, more = written(Portal()), written(Portal(renamed={Kind.BOOKING: named}))

    assert more == {**plain, "name": "Ada Lovelace", "email": "ada@example.test", "exam": "2"}


def found(portal: Portal, **definition: object) -> Finding:
    name = portal.names(Kind.BOOKING)[HAND]
    told: dict[str, Any] = {name: {"name": name, **definition}}
    (finding,) = (each for each in judge(portal, Kind.BOOKING, told) if HAND in each.what)
    return finding


def test_a_type_that_cannot_hold_our_words_is_told_with_the_setting_that_mends_it() -> None:
    finding = found(Portal(), type="bool", options=[{"value": "true"}, {"value": "false"}])

    assert finding.health is Health.WARNING
    assert "cannot hold Left, Right: it takes false, true" in finding.said
    assert '[values.bookings.dominant_hand] Left = "...", Right = "..."' in finding.mend
    assert found(YES_NO, type="bool").health is Health.FINE
    coded = [{"value": "R"}, {"value": "L"}]
    assert "cannot hold" in found(Portal(), type="enumeration", options=coded).said
    assert found(CODED, type="enumeration", options=coded).health is Health.FINE
    assert found(Portal(), type="string").health is Health.FINE
    assert "is of type number" in found(Portal(), type="number").said


def test_the_tokens_of_the_credits_must_be_options_of_a_list() -> None:
    told: dict[str, Any] = {
        "token_used": {"type": "enumeration", "options": [{"value": "Shared Token"}]}
    }
    findings = {each.what: each for each in judge(Portal(), Kind.BOOKING, told)}

    said = findings["bookings: property token_used"].said
    assert "lacks the option Admin Override, Clinical Skills Token" in said


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({Kind.BOOKING: {"is_active": {"Active": "1"}}}, "are HubSpot's own"),
        ({Kind.EXAM: {"location": {}}}, "are HubSpot's own"),
        ({Kind.BOOKING: {HAND: {"Both": "x"}}}, "Both is no word of ours: Right, Left"),
        ({Kind.BOOKING: {HAND: {"Right": "x", "Left": "X"}}}, "a value of its own"),
        ({Kind.BOOKING: {HAND: {"Right": ""}}}, "a value of its own"),
    ],
)
def test_values_that_would_be_mixed_up_are_refused(values: Any, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Portal(values=values)


@pytest.fixture
def required(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBSPOT_TOKEN", "pat-na1-x")
    monkeypatch.setenv("SUPABASE_URL", "https://school.supabase.test")
    monkeypatch.setenv("SUPABASE_SERVICE_ROLE_KEY", "service-x")


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("lines", ['right = "true"\nleft = "false"', "Right = true\nLeft = false"])
def test_the_portal_names_values_in_any_spelling(tmp_path: Path, lines: str) -> None:
    (tmp_path / "portal.toml").write_text(f"[values.bookings.dominant_hand]\n{lines}\n")

    portal = load(tmp_path).portal

    assert portal.value(Kind.BOOKING, HAND, "Right") == "true"
    assert portal.value(Kind.BOOKING, HAND, "Left") == "false"


@pytest.mark.usefixtures("required")
def test_a_value_for_no_word_of_ours_is_named(tmp_path: Path) -> None:
    (tmp_path / "portal.toml").write_text('[values.bookings.dominant_hand]\nmiddle = "2"\n')

    with pytest.raises(BadSettings, match="middle is no word of ours: Right, Left"):
        load(tmp_path)
