"""The port behind ``doctor`` and ``provision``: is the other side as we need it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class Health(StrEnum):
    """How bad a finding is."""

    FINE = "fine"
    #: The desk works; something it offers does not.
    WARNING = "warning"
    #: The desk must not be used before this is mended.
    FAULT = "fault"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    health: Health
    #: What was looked at ("contacts: property cs_credits").
    what: str
    #: What is so, as people read it.
    said: str
    #: How to mend it; empty when nothing is to mend.
    mend: str = ""
    #: Our name of the property that was looked at; empty: it was none.
    property_: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What the other side allows, and how much of it all processes of the desk use."""

    #: Calls that count against the limit just now.
    used: int
    limit: int
    window_s: float
    #: Of the whole account's day; None before an answer said so.
    day_left: int | None = None
    day_limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the calls of this process came to."""

    #: Kind of call and outcome ("ok", "refused", "limited", "failed", "unanswered", "unreachable")
    #: to how many.
    outcomes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    #: Seconds since the other side last did as it was asked, and since it last did not.
    well_s_ago: float | None = None
    ill_s_ago: float | None = None
    #: By how much its clock is ahead of this machine's, to within a second, by its last answers.
    ahead_s: float | None = None


class Inspecting(Protocol):
    """Looks without changing anything, and makes what is missing of our own."""

    def inspect(self) -> list[Finding]:
        """Everything that was looked at, fine or not. Never raises ``GatewayError``."""
        ...

    def quota(self) -> Quota:
        """The limits, as the last answers told them.

        Raises:
            NotSent: the operational store, through which processes share them, does not answer.
        """
        ...

    def heard(self) -> Heard:
        """What is known without asking."""
        ...

    def knock(self) -> None:
        """One cheap call, not repeated.

        Raises:
            GatewayError: the other side does not answer, or does not let us in.
        """
        ...

    def provision(self) -> list[str]:
        """Make what is missing and ours; what was made, as people read it.

        Raises:
            GatewayError: HubSpot did not let us.
        """
        ...
