"""Approvals: which plans need a second admin, and whether a plan still matches the world."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from core.domain.permissions import act_for
from core.domain.plans import OperationKind, Plan, Row, Verdict
from core.domain.roles import Act

#: Kinds that give credits back, or take them, in bulk. A recount moves none.
APPROVABLE = frozenset(
    {OperationKind.CANCEL, OperationKind.REFUND, OperationKind.CORRECT, OperationKind.UNDO}
)
#: Those with a page of their own for the preview: it can be made again there.
RENEWABLE = APPROVABLE - {OperationKind.CORRECT}


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondAdmin:
    """From which size on a second admin must approve what only admins may do."""

    #: More bookings, or more credits, than this. 0: always. None: never for their number.
    above_bookings: int | None = None
    above_credits: int | None = None
    #: A request that nobody approved for so long is called off.
    within: timedelta = timedelta(hours=24)

    def asked_of(self, kind: OperationKind) -> bool:
        """Whether any plan of this kind needs one."""
        limits = (self.above_bookings, self.above_credits)
        return kind in APPROVABLE and limits != (None, None)

    def why(self, plan: Plan) -> str:
        """Why this plan needs one ("more than 50 bookings"); empty when it does not.

        What staff may do for one student needs none: the student waits, and it is small.
        """
        if not self.asked_of(plan.kind) or act_for(plan) is not Act.RUN_BATCHES:
            return ""
        return " and ".join(
            f"more than {limit:,} {noun}{'' if limit == 1 else 's'}"
            for limit, number, noun in (
                (self.above_bookings, len(plan.will_change), "booking"),
                (self.above_credits, credits_moved(plan), "credit"),
            )
            if limit is not None and number > limit
        )


#: Nobody is asked, unless the settings say so.
NO_SECOND = SecondAdmin()


def credits_moved(plan: Plan) -> int:
    """How many credits the plan moves. A correction may move several in one row."""
    return sum(abs(_delta(row)) for row in plan.will_change)


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that would no longer do what the frozen plan says of it."""

    then: Row
    now: Row

    def __str__(self) -> str:
        """For people: "500: give its credit back; now already refunded"."""
        named = self.then.booking_name or self.then.booking_id
        return f"{named}: {_told(self.then, self.now)}; now {_told(self.now, self.then)}"


def differences(then: Sequence[Row], now: Sequence[Row]) -> list[Difference]:
    """Rows whose effect is no longer the same. ``now``: the same bookings, judged anew.

    Balances may have moved: the same credits are given to the same students all the same.
    """
    fresh = {row.booking_id: row for row in now}
    pairs = [(row, fresh[row.booking_id]) for row in then]
    return [Difference(old, new) for old, new in pairs if _effect(old) != _effect(new)]


def _effect(row: Row) -> tuple[object, ...] | None:
    """What carrying this row out would do; None: nothing."""
    if row.verdict is not Verdict.WILL_CHANGE:
        return None
    return row.why, row.contact_id, row.credit, _delta(row)


def _delta(row: Row) -> int:
    if row.before is None or row.after is None:
        return 0
    return row.after - row.before


def _told(row: Row, other: Row) -> str:
    """The verdict's reason, and what tells two alike apart."""
    detail = row.detail
    if row.why is other.why:
        detail = f"{_delta(row):+d} {row.credit} of contact {row.contact_id}"
    return f"{row.why} ({detail})" if detail else str(row.why)
