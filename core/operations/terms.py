"""What bookings are judged by beside their own fields: the moment, the zone, an admin's choice.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from enum import StrEnum

from core.credits.records import Exam


class Inclusion(StrEnum):
    """Bookings that are blocked unless an admin includes them on purpose, with a reason."""

    #: The student attended, or the attendance cannot be read.
    ATTENDED = "attended"
    #: The exam is over, has begun, or its date cannot be read.
    PAST = "past"
    #: Its credit was kept on purpose when the booking was cancelled.
    FORFEITED = "forfeited"


#: Nothing out of the ordinary: the only choice of staff and of the students' API.
ORDINARY: frozenset[Inclusion] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """The terms of one judgement."""

    at: datetime
    #: The school's time zone, by which exams begin and end.
    zone: tzinfo
    include: frozenset[Inclusion] = ORDINARY
    #: Of a move: the exam that bookings go to; None: there is none such.
    to: Exam | None = None


def in_words(include: Iterable[Inclusion]) -> str:
    """For people: "attended, past"; empty when nothing is included on purpose."""
    return ", ".join(sorted(one.value for one in include))
