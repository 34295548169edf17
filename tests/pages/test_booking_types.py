"""Every kind of booking from the page: what it spends, and what comes back, in both stores."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from streamlit.testing.v1 import AppTest

from core.credits.catalogue import SCHOOL, CreditType
from core.credits.records import TOTAL_BOOKINGS, Kind
from pages.shared.places import CONTACTS
from tests.pages.acts import choose, press, said, tick
from tests.pages.conftest import Open
from tests.pages.stage import Stage, mirrored

STUDENT, EXAM = "52000009001", "71000009001"
SJ, CS, MINI, TALK, SHARED = SCHOOL.keys
#: Mock type, what the student holds, what a booking spends; None by admin override.
CASES: tuple[tuple[str, Mapping[CreditType, int], CreditType | None], ...] = (
    ("Clinical Skills", {CS: 2, SHARED: 1}, CS),
    ("Clinical Skills", {SHARED: 2}, SHARED),
    ("Situational Judgment", {SJ: 1, SHARED: 1}, SJ),
    ("Situational Judgment", {SHARED: 1}, SHARED),
    ("Mini-mock", {MINI: 1, SHARED: 3}, MINI),
    ("Mock Discussion", {TALK: 3, SHARED: 1}, TALK),
    ("Mini-mock", {SHARED: 2}, None),
)


def stores(made: Stage) -> tuple[dict[CreditType, int], int]:
    """Balances and seats in HubSpot, once the mirror says the same."""
    while made.core.mirror_copier.drain().taken:
        pass
    held = {key: made.crm.balance(Kind.CONTACT, STUDENT, key) for key in SCHOOL.keys}
    taken = made.crm.balance(Kind.EXAM, EXAM, TOTAL_BOOKINGS)
    contact = made.mirror.rows(Kind.CONTACT, [STUDENT])[STUDENT]
    exam = made.mirror.rows(Kind.EXAM, [EXAM])[EXAM]
    assert held == {key: contact[key] for key in SCHOOL.keys}
    assert taken == exam["total_bookings"]
    return held, taken


def confirmed(at: AppTest, made: Stage) -> AppTest:
    """And carried out, with its result on the page."""
    press(at, "doing_confirm")
    made.carry(at.query_params["plan"])
    return at.run()


@pytest.mark.parametrize(("mock_type", "held", "spends"), CASES)
def test_booking_spends_what_the_rules_say_and_cancelling_gives_just_that_back(
    open_page: Open,
    made: Stage,
    mock_type: str,
    held: Mapping[CreditType, int],
    spends: CreditType | None,
) -> None:
    balances: dict[str, int | str | None] = {key: held.get(key, 0) for key in SCHOOL.keys}
    made.crm.add_contact(STUDENT, balances, lastname="Kaya", student_id="900100")
    made.crm.add_exam(
        EXAM, 3, mock_type=mock_type, exam_date="2026-08-01", location="Calgary", capacity="9"
    )
    mirrored(made)
    before, seats = stores(made)
    after = before | ({spends: before[spends] - 1} if spends else {})

    at = open_page(CONTACTS, id=STUDENT)
    if spends is None:
        assert not any("1 August" in each for each in at.selectbox(key="book_exam").options)
        choose(at, "book_free", True)
    choose(at, "book_exam", EXAM)
    if mock_type == "Clinical Skills":
        choose(at, "book_hand", "Left")
    press(at, "book_check")
    confirmed(at, made)

    assert "Booked" in said(at)
    assert (after, seats + 1) == stores(made)

    press(at, "doing_back")
    tick(at, "bookings_", [0])
    press(at, "cancel_picked")
    confirmed(at, made)

    assert "Cancelled" in said(at)
    assert (before, seats) == stores(made)
