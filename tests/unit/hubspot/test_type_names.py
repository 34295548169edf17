"""An object type's own name, held against what portal.toml says that it is."""

from __future__ import annotations

import pytest

from core.credits.records import Kind
from core.hubspot.type_names import meant, other_name

SCHEMAS = [
    ("2-50158943", "bookings", "p1_bookings"),
    ("2-50158913", "mock_exams", "p1_mock_exams"),
    ("2-7", "enrolments", "p1_enrolments"),
    ("2-8", "exam_bookings", "p1_exam_bookings"),
]


@pytest.mark.parametrize(
    ("kind", "type_id", "name"),
    [
        (Kind.BOOKING, "2-50158943", ""),
        (Kind.BOOKING, "2-50158913", "mock_exams"),
        (Kind.EXAM, "2-50158943", "bookings"),
        (Kind.EXAM, "0-1", "contacts"),
        (Kind.BOOKING, "0-46", "notes"),
        (Kind.CONTACT, "0-1", ""),
        (Kind.BOOKING, "2-7", ""),  # tells nothing
        (Kind.BOOKING, "2-8", ""),
        (Kind.BOOKING, "2-999", ""),  # may not be seen
    ],
)
def test_a_type_contradicts_only_by_a_name_that_is_of_another_kind(
    kind: Kind, type_id: str, name: str
) -> None:
    assert other_name(kind, type_id, SCHEMAS) == name


def test_the_type_that_is_meant_is_named_when_there_is_one_alone() -> None:
    assert meant(Kind.BOOKING, SCHEMAS) == ""
    assert meant(Kind.BOOKING, SCHEMAS[:3]) == "2-50158943"
