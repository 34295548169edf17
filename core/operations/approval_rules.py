"""Approvals: from which size a second admin is needed, and whether a plan still matches. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from core.operations.plans import Plan, Row
from core.operations.verdicts import Verdict, Why


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondAdmin:
    """From which size on a second admin must approve what only admins may do."""

    #: More bookings, or more credits, than this. 0: always. None: never for their number.
    above_bookings: int | None = None
    above_credits: int | None = None
    #: More credits than this by one adjustment, or for one student in it.
    above_adjusted: int | None = None
    above_adjusted_of_one: int | None = None
    #: Whether a second admin must approve that somebody becomes an admin.
    for_admins: bool = False
    #: A request that nobody approved for so long is called off.
    within: timedelta = timedelta(hours=24)

    @property
    def limited(self) -> bool:
        """Whether any plan can be too large for one admin."""
        return (self.above_bookings, self.above_credits) != (None, None)

    @property
    def limits_adjustments(self) -> bool:
        """Whether any adjustment of balances can be too large for one admin."""
        return (self.above_adjusted, self.above_adjusted_of_one) != (None, None)

    def exceeded(self, *, bookings: int, credits_: int) -> str:
        """Which limits so many are above ("more than 50 bookings"); empty: none."""
        return _above(
            (self.above_bookings, bookings, "booking"), (self.above_credits, credits_, "credit")
        )

    def adjusted(self, *, credits_: int, of_one: int) -> str:
        """The same of an adjustment: "more than 5 credits for one student".

        ``of_one``: credits of the student with the most.
        """
        total = _above((self.above_adjusted, credits_, "credit"))
        one = _above((self.above_adjusted_of_one, of_one, "credit"))
        return " and ".join(filter(None, [total, f"{one} for one student" if one else ""]))


def _above(*limits: tuple[int | None, int, str]) -> str:
    """Of limits with a number and its noun those that the number is above."""
    return " and ".join(
        f"more than {limit:,} {noun}{'' if limit == 1 else 's'}"
        for limit, number, noun in limits
        if limit is not None and number > limit
    )


#: Nobody is asked, unless the settings say so.
NO_SECOND = SecondAdmin()


def credits_moved(plan: Plan) -> int:
    """How many credits the plan moves, or keeps. A correction may move several in one row."""
    return sum(max(abs(_delta(row)), row.credit is not None) for row in plan.will_change)


def most_of_one(plan: Plan) -> int:
    """How many credits it moves of the student of whom it moves the most."""
    moved: dict[str | None, int] = {}
    for row in plan.will_change:
        moved[row.contact_id] = moved.get(row.contact_id, 0) + abs(_delta(row))
    return max(moved.values(), default=0)


@dataclass(frozen=True, slots=True)
class Difference:
    """One row that would no longer do what the frozen plan says of it."""

    then: Row
    now: Row

    def __str__(self) -> str:
        """For people: "Ada, 500: give its credit back; now already refunded"."""
        what = self.then.booking_name or self.then.booking_id
        named = ", ".join(filter(None, [self.then.contact_name, what]))
        return f"{named}: {_told(self.then, self.now)}; now {_told(self.now, self.then)}"


def differences(then: Sequence[Row], now: Sequence[Row]) -> list[Difference]:
    """Rows whose effect is no longer the same. ``now``: the same bookings, judged anew.

    Balances may have moved: the same credits are given to the same students all the same. A booking
    that was merged since stands there under another id, and is left as it is under this one.
    """
    fresh = {row.booking_id: row for row in now}
    pairs = [(row, fresh.get(row.booking_id) or _merged(row)) for row in then]
    return [Difference(old, new) for old, new in pairs if _effect(old) != _effect(new)]


def _merged(row: Row) -> Row:
    return replace(row, verdict=Verdict.BLOCKED, why=Why.MERGED_AWAY, detail="")


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
