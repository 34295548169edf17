"""What a person has said of owed credits: the adoption baseline, and decisions on single bookings.

A cancelled booking without a refund mark need not be owed: other apps give credits back without
marking, and some credits are forfeited on purpose.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from core.credits.records import BookingId


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """The word of an admin at adoption: what was cancelled before then is settled."""

    before: datetime
    by: str
    at: datetime
    reason: str

    def __str__(self) -> str:
        """For people: "cancelled before 4 May 2026 09:00 UTC is settled, says ann@x.test: ..."."""
        before = f"{self.before.astimezone(UTC):%-d %B %Y %H:%M} UTC"
        return f"everything cancelled before {before} is settled, set by {self.by}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class OwedDecision:
    """The word of a person on the credit of one booking; it holds until it is withdrawn."""

    booking_id: BookingId
    #: False: forfeited, or settled elsewhere. True: owed, whatever else speaks against it.
    owed: bool
    by: str
    at: datetime
    reason: str

    def __str__(self) -> str:
        """For people: "not owed, says ann@x.test on 4 May 2026: no-show"."""
        word = "owed" if self.owed else "not owed"
        return f"{word}, says {self.by} on {self.at:%-d %B %Y}: {self.reason}"
