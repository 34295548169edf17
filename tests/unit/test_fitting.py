"""What is cut on a telephone: figures in cards, exams in a list."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from core.credits.records import TOTAL_BOOKINGS, Exam
from pages.shared.open_exams import told
from pages.shared.words import FIGURE_MAX, fitting

#: Letters that an option of a list shows at 390 px.
OPTION_MAX = 60


@pytest.mark.parametrize(
    ("figure", "shown"),
    [
        ("31 records", ("Owed", "31 records")),
        ("8,057 records", ("Owed, records", "8,057")),
        ("+1,312 credits", ("Owed, credits", "+1,312")),
        ("9 too many", ("Owed", "9 too many")),
        ("less than 1 s", ("Owed", "less than 1 s")),
        ("–", ("Owed", "–")),
    ],
)
def test_long_count_leaves_its_unit_to_the_label(figure: str, shown: tuple[str, str]) -> None:
    assert shown == fitting("Owed", figure)
    assert len(fitting("Owed", f"{10**6:,} bookings")[1]) <= FIGURE_MAX


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (2026, "25 May, 13:30 · Situational Judgment, Montréal · 12 left"),
        (2025, "25 May 2026, 13:30 · Situational Judgment, Montréal · 12 left"),
    ],
)
def test_exam_in_a_list_begins_with_its_day_and_ends_with_its_seats(now: int, said: str) -> None:
    exam = Exam(
        id="1",
        modified_at=datetime(2026, 3, 1, tzinfo=UTC),
        mock_type="Situational Judgment",
        exam_date=date(2026, 5, 25),
        start_time="13:30",
        location="Montréal",
        capacity=60,
        balances={TOTAL_BOOKINGS: 48},
    )

    assert said == told(exam, UTC, datetime(now, 3, 1, tzinfo=UTC))
    assert len(said) <= OPTION_MAX + 1
