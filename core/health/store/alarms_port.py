"""The part of the journal that keeps alarms, so that of many processes one tells each."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Protocol

from core.health.alarm_rules import Alarm, Trouble


class AlarmRecords(Protocol):
    """Each method is one transaction."""

    def alarms(self) -> list[Alarm]:
        """What is wrong, as far as it was seen; longest first."""
        ...

    def raise_alarm(self, trouble: Trouble, *, at: datetime) -> bool:
        """It is wrong as of now. True: the caller is the one who is to tell people."""
        ...

    def calm_alarm(self, key: str, *, at: datetime, after: timedelta) -> Alarm | None:
        """It is not wrong now. Forgotten when it was well for ``after``.

        The alarm, for the one caller who is to tell people that it is over.
        """
        ...

    def undecided(self) -> Collection[str]:
        """Operations with a write that waits for a person's word."""
        ...
