"""Alarms: what is wrong, told once; and told once more when it is well again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.health.matters import AT_ONCE

#: What was well for less than this and is wrong again was never well: it flutters.
WELL_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is wrong now. Its words name records by id alone: they leave the house."""

    #: The same thing has the same key whenever and wherever it is looked at.
    key: str
    title: str
    text: str
    #: It is told when it has lasted so long.
    patience: timedelta = AT_ONCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What the journal keeps of a trouble until it is well."""

    key: str
    title: str
    #: Since when it is known.
    since: datetime
    #: None: not told yet, for it may pass.
    told_at: datetime | None = None
    #: Since when it seems to be over.
    well_since: datetime | None = None
