"""Into which stretches a period falls, and how what was done is added up. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from core.health.over_time.week_rules import WEEK
from core.health.store.tallies_port import ActTally, ExamTally, RepairTally
from core.operations.verdicts import OperationKind

DAY = timedelta(days=1)
#: Longer periods are told by the week.
BY_DAY_UP_TO = timedelta(days=14)


class Figure(StrEnum):
    """What is counted."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretches:
    """Whole days or whole weeks on the calendar of a time zone; the last one is under way."""

    #: Where each begins, in UTC; ascending.
    edges: tuple[datetime, ...]
    weekly: bool

    @property
    def length(self) -> timedelta:
        """Of one, but for an hour when clocks are changed."""
        return WEEK if self.weekly else DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Acts:
    """What was done in each stretch."""

    stretches: Stretches
    tallies: Sequence[ActTally]

    def of_kind(self, kind: OperationKind, figure: Figure) -> int:
        """By operations of this kind, in all stretches together."""
        return sum(number(each, figure) for each in self.tallies if each.kind is kind)

    def by_slot(
        self, figure: Figure, meant: Callable[[ActTally], bool] = lambda _: True
    ) -> list[int]:
        """For each stretch, of the tallies that are meant."""
        found = summed(filter(meant, self.tallies), figure)
        return [found[n] for n in range(len(self.stretches.edges))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exams:
    """What was done to bookings of each exam, the most cancellations first."""

    since: datetime
    tallies: Sequence[ExamTally]


@dataclass(frozen=True, slots=True, kw_only=True)
class RepairTimes:
    """How long records had drifted that were repaired in each stretch; none where none were."""

    stretches: Stretches
    tallies: Sequence[RepairTally]


def number(tally: ActTally, figure: Figure) -> int:
    """What the tally counts of it."""
    counted: int = getattr(tally, figure.value)
    return counted


def summed(tallies: Iterable[ActTally], figure: Figure) -> Counter[int]:
    """By stretch."""
    found: Counter[int] = Counter()
    for each in tallies:
        found[each.slot] += number(each, figure)
    return found


def stretches(now: datetime, period: timedelta, zone: tzinfo) -> Stretches:
    """Those that the period ending now touches: its first one whole, so that bars compare."""
    weekly = period > BY_DAY_UP_TO
    day = (now - period).astimezone(zone).date()
    first = day - timedelta(days=day.weekday()) if weekly else day
    step = WEEK if weekly else DAY
    last = now.astimezone(zone).date()
    days = [first + n * step for n in range((last - first) // step + 1)]
    return Stretches(edges=tuple(_begins(day, zone) for day in days), weekly=weekly)


def steps(now: datetime, period: timedelta, step: timedelta) -> tuple[datetime, ...]:
    """Where each step begins, counted from 1970 as the journal counts them."""
    size = step.total_seconds()
    first, last = (int(at.timestamp() // size) for at in (now - period, now))
    return tuple(datetime.fromtimestamp(n * size, UTC) for n in range(first, last + 1))


def _begins(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)
