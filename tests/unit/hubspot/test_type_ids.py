"""Object types that portal.toml gives by name, as ids."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from core.credits.account import OBJECT_TYPES
from core.credits.errors import NotSent, OutcomeUnknown, Refused
from core.credits.records import Kind
from core.hubspot.type_ids import TypeIds
from core.hubspot.type_names import Schema

SCHEMAS = [("2-7", "bookings", "p1_bookings"), ("2-8", "mock_exams", "p1_mock_exams")]
NAMED = {Kind.CONTACT: "Contacts", Kind.BOOKING: "p_bookings", Kind.EXAM: "P1_Mock_Exams"}


def test_names_of_both_kinds_are_found_by_one_question_each() -> None:
    asked: list[str] = []

    def ask() -> Sequence[Schema]:
        asked.append("schemas")
        return SCHEMAS

    types = TypeIds(NAMED, ask)

    for _ in range(3):
        assert {Kind.CONTACT: "0-1", Kind.BOOKING: "2-7", Kind.EXAM: "2-8"} == types.all()
    assert 2 == len(asked), "HubSpot's own are known without asking"


def test_a_name_of_two_objects_is_refused_with_both() -> None:
    twins = [*SCHEMAS, ("2-9", "p1_bookings", "p1_p1_bookings")]
    types = TypeIds({**OBJECT_TYPES, Kind.BOOKING: "p1_bookings"}, lambda: twins)

    with pytest.raises(Refused, match=r"several custom objects .*2-7 \(bookings\).*2-9"):
        types.of(Kind.BOOKING)


def test_a_lookup_without_an_answer_counts_as_not_sent_and_is_tried_again() -> None:
    answers: list[object] = [OutcomeUnknown("HubSpot did not answer"), SCHEMAS]

    def ask() -> Sequence[Schema]:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return SCHEMAS

    types = TypeIds(NAMED, ask)

    with pytest.raises(NotSent, match="did not answer"):
        types.of(Kind.BOOKING)
    assert "2-7" == types.of(Kind.BOOKING)


def test_who_does_not_wait_is_told_that_another_is_asking() -> None:
    """HubSpot may be away for a minute, and each webhook would hold a thread for so long."""
    asking, answered = threading.Event(), threading.Event()

    def ask() -> Sequence[Schema]:
        asking.set()
        assert answered.wait(30)
        return SCHEMAS

    types = TypeIds(NAMED, ask)
    other = threading.Thread(target=types.of, args=(Kind.BOOKING,))
    other.start()
    try:
        assert asking.wait(30)
        with pytest.raises(NotSent, match="being asked"):
            types.of(Kind.BOOKING, wait=False)
    finally:
        answered.set()
        other.join(30)
    assert "2-7" == types.of(Kind.BOOKING, wait=False)
