"""Exam sessions over the past half year and the months to come, some with a part to play."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum, auto

from sandbox.demo import school

DAYS_BACK, DAYS_AHEAD = 170, 110


class Part(Enum):
    """What a session is there to show."""

    PLAIN = auto()
    #: Coming, with more than thirty active bookings: to be cancelled as a batch.
    COMING = auto()
    #: Coming, but called off in HubSpot: its bookings are cancelled, their credits owed.
    CANCELLED = auto()
    #: Three on one weekend in one place, with students in common.
    SET = auto()
    #: Not open yet; the activation lies ahead.
    SCHEDULED = auto()
    #: Not open yet, though the activation is due.
    DUE = auto()


@dataclass(slots=True)
class Exam:
    id: int
    mock_type: str
    date: date
    start: str
    end: str
    location: str
    part: Part
    created: datetime
    updated: datetime
    capacity: int = 0
    #: seats that are not cancelled
    taken: int = 0
    activation: datetime | None = None
    #: as booking ids spell it: March 4, 2027
    day: str = ""

    def __post_init__(self) -> None:
        self.day = f"{self.date:%B} {self.date.day}, {self.date.year}"

    @property
    def name(self) -> str:
        return f"{self.mock_type} {self.location} {self.day}"

    def is_past(self, now: datetime) -> bool:
        return self.date < now.date()

    def state(self, now: datetime) -> str:
        """``is_active`` as HubSpot holds it."""
        if self.part in (Part.SCHEDULED, Part.DUE):
            return "scheduled"
        return "false" if self.part is Part.CANCELLED or self.is_past(now) else "true"


def plan(count: int, now: datetime, chance: random.Random) -> list[Exam]:
    """That many, in the order of their ids. No two of one type fall on one day, if days suffice."""
    today = now.date()
    used: set[tuple[str, date]] = set()
    exams: list[Exam] = []
    for number, (part, kind, day) in enumerate(_parts(count, today)):
        mock_type = kind or chance.choices(list(school.SPECIFIC), (35, 35, 18, 12))[0]
        when = day or _free_day(used, mock_type, today, chance)
        used.add((mock_type, when))
        start, end = chance.choice(school.HOURS[mock_type])
        created = datetime.combine(min(when - timedelta(days=90), today - timedelta(days=20)), NOON)
        exam = Exam(
            id=school.FIRST_EXAM + number,
            mock_type=mock_type,
            date=when,
            start=start,
            end=end,
            location=school.PLACES[0] if part is Part.SET else chance.choice(school.PLACES),
            part=part,
            created=created,
            updated=created,
        )
        if part in (Part.SCHEDULED, Part.DUE):
            ahead = timedelta(hours=-5) if part is Part.DUE else timedelta(days=9)
            exam.activation = (now + ahead).replace(minute=0, second=0, microsecond=0)
        exams.append(exam)
    return exams


NOON = time(12, tzinfo=UTC)


def _parts(count: int, today: date) -> list[tuple[Part, str | None, date | None]]:
    """The first few sessions have fixed parts; a small school has fewer of them."""
    saturday = today + timedelta(days=(5 - today.weekday()) % 7 + 21)
    fixed: list[tuple[Part, str | None, date | None]] = [
        (Part.COMING, school.SJ, today + timedelta(days=12)),
        (Part.CANCELLED, school.CS, today + timedelta(days=17)),
        (Part.SET, school.SJ, saturday),
        (Part.SET, school.CS, saturday),
        (Part.SET, school.MINI, saturday + timedelta(days=1)),
        (Part.DUE, school.DISCUSSION, today + timedelta(days=40)),
        (Part.SCHEDULED, school.MINI, today + timedelta(days=55)),
    ]
    return fixed[:count] + [(Part.PLAIN, None, None)] * (count - len(fixed))


def _free_day(
    used: set[tuple[str, date]], mock_type: str, today: date, chance: random.Random
) -> date:
    day = today
    for _ in range(40):
        offset = chance.randint(-DAYS_BACK, DAYS_AHEAD)
        day = today + timedelta(days=offset or 1)
        if (mock_type, day) not in used:
            break
    return day
