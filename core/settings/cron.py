"""Schedules as cron writes them, on the clock of one time zone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

#: What turns a schedule off.
OFF = "off"
#: Minute, hour, day of the month, month, day of the week.
FIELDS = 5
#: Any time will do: whether there is a next one is asked from here.
_SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)
#: What comes at this very moment counts as past.
_MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Cron:
    """``core.work.schedules.Schedule``. Days on which clocks are set are as in Debian's cron.

    A time that the clock leaps over comes right after the leap; one that it shows twice comes once,
    the first time. Where the hour is ``*``, only what really passes counts.
    """

    expression: str
    zone: ZoneInfo

    def last(self, at: datetime) -> datetime:
        """The newest of its times that is not after ``at``. In UTC."""
        return next(self._times(at + _MOMENT, back=True))

    def next(self, at: datetime) -> datetime:
        """The first of its times after ``at``. In UTC."""
        return next(self._times(at, back=False))

    def _times(self, at: datetime, *, back: bool) -> Iterator[datetime]:
        local = at.astimezone(self.zone)
        return (found.astimezone(UTC) for found in CronSim(self.expression, local, reverse=back))


def expression(raw: str) -> str:
    """A cron expression that comes at some time, or "off".

    Raises:
        ValueError: it is neither.
    """
    words = raw.strip()
    if words.casefold() == OFF:
        return OFF
    if len(words.split()) != FIELDS:
        raise ValueError("is neither five fields of cron nor off")
    try:
        Cron(words, ZoneInfo("UTC")).next(_SOME_DAY)
    except CronSimError as error:
        raise ValueError(f"is no cron expression: {error}") from error
    except StopIteration as error:
        raise ValueError("is a time that never comes") from error
    return words


def zone(raw: str) -> str:
    """The name of a time zone.

    Raises:
        ValueError: there is none of this name.
    """
    try:
        return ZoneInfo(raw.strip()).key
    except (ValueError, OSError, KeyError) as error:  # KeyError: ZoneInfoNotFoundError
        raise ValueError("is no time zone that this machine knows") from error
