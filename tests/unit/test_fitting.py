"""What is cut on a telephone: figures in cards, exams in a list."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from core.credits.records import TOTAL_BOOKINGS, Exam
from pages.shared.open_exams import told
from pages.shared.words import FIGURE_MAX, fitting, short

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
    ("seconds", "shown"),
    [
        (0.0004, "0 ms"),
        (0.25, "250 ms"),
        (0.9996, "1.0 s"),
        (1.34, "1.3 s"),
        (9.97, "10 s"),
        (59.6, "1 min 0 s"),
        (125, "2 min 5 s"),
        (float("nan"), ""),
    ],
)
def test_short_time_has_the_unit_it_is_read_in(seconds: float, shown: str) -> None:
    assert shown == short(seconds)


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
