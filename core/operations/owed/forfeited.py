"""Forfeited: the credit of a booking was kept on purpose when this desk cancelled it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.audit.retention_rules import NOT_KEPT
from core.credits.records import BookingId
from core.operations.owed.rules import TakenBack
from core.operations.states import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Forfeited:
    """The word of whoever cancelled; it holds until the credit is given back on purpose."""

    operation_id: str
    by: str
    at: datetime
    reason: str

    def __str__(self) -> str:
        """For people, and for HubSpot: "forfeited by ann@x.test on 4 May 2026: no-show"."""
        return f"forfeited by {self.by} on {self.at:%-d %B %Y}: {self.reason or NOT_KEPT}"

    @classmethod
    def by_operation(cls, operation: Operation) -> Forfeited:
        """That of the bookings which this operation cancels."""
        return cls(
            operation_id=operation.id,
            by=operation.confirmed_by,
            at=operation.confirmed_at,
            reason=operation.reason,
        )


def still_kept(
    made: Iterable[tuple[BookingId, Operation]], taken_back: Mapping[BookingId, TakenBack]
) -> dict[BookingId, Forfeited]:
    """The latest word on each booking. ``made``: each that an operation cancelled to keep its
    credit, with it. Whoever took a credit back has ended the word on it: it was given back before.
    """
    oldest = sorted(made, key=lambda each: (each[1].confirmed_at, each[1].id))
    latest = {id_: Forfeited.by_operation(operation) for id_, operation in oldest}
    return {
        id_: one
        for id_, one in latest.items()
        if id_ not in taken_back or taken_back[id_].at < one.at
    }
