"""Movements, writes, and what to believe after one was sent (design, section 6).

HubSpot cannot compare-and-set, so a write sets absolute balances together with a marker that
names it. Everything here is a decision over values already read; nothing is sent from here.

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.credits.adjustments import counted_as, replaces
from core.credits.catalogue import BALANCE_MAX, Balances, CreditType
from core.credits.records import (
    CAPACITY,
    MARKER,
    TOTAL_BOOKINGS,
    Counted,
    Exam,
    History,
    Kind,
    WriteId,
)

#: How long after the last send a request may still arrive at HubSpot: the client gives up
#: after 30 s, and proxies between may hold what it sent for a while longer.
QUIET_PERIOD = timedelta(seconds=60)

#: A write handed to the network later than this after its ``sent_at`` is not sent at all: with
#: the time that one request may take, it has to end within ``QUIET_PERIOD``.
SEND_WITHIN_S = 10.0


class MovementKind(StrEnum):
    """Why a counter moves. One booking can have each kind once (the claim's key)."""

    REFUND = "refund"
    SPEND = "spend"
    SEAT_FREED = "seat freed"
    SEAT_TAKEN = "seat taken"
    UNDO_REFUND = "undo refund"
    CORRECTION = "correction"
    #: A booking that could not be made gives back what it took.
    UNDO_SPEND = "undo spend"
    UNDO_SEAT = "undo seat taken"
    #: Credits that an admin gives or takes, by any number, or a balance that one sets.
    ADJUSTMENT = "adjustment"


#: Movements of seats; all others are of credits.
OF_SEATS = frozenset({MovementKind.SEAT_FREED, MovementKind.SEAT_TAKEN, MovementKind.UNDO_SEAT})
#: Movements that bring the item of a credit further when their write has landed.
OF_ITEMS = frozenset(
    {
        MovementKind.REFUND,
        MovementKind.UNDO_REFUND,
        MovementKind.CORRECTION,
        MovementKind.ADJUSTMENT,
    }
)
#: Movements of a booking to be, or of one that moves to another exam: they take something for it
#: or give that back.
OF_NEW_BOOKINGS = frozenset(
    {
        MovementKind.SPEND,
        MovementKind.SEAT_TAKEN,
        MovementKind.UNDO_SPEND,
        MovementKind.UNDO_SEAT,
    }
)
#: Movements after which no item changes.
OF_FOLLOW_UPS = frozenset({MovementKind.SEAT_FREED})

assert set(MovementKind) == OF_ITEMS | OF_NEW_BOOKINGS | OF_FOLLOW_UPS, "each says what follows it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One counter of one object, +1 or -1, and the booking that caused it.

    An adjustment has no booking; it carries its own name, and its whole change at once.
    """

    booking_id: str
    kind: MovementKind
    credit: CreditType
    delta: int

    def __post_init__(self) -> None:
        """A movement is one credit; an adjustment, which has one name, is its whole change."""
        if self.delta not in (1, -1) and self.kind is not MovementKind.ADJUSTMENT:
            raise ValueError(f"a movement is +1 or -1, not {self.delta}")

    @property
    def replaces(self) -> str | None:
        """What stands in the counter that cannot be read, and is written over; None: a number."""
        return replaces(self.booking_id) if self.kind is MovementKind.ADJUSTMENT else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One update of one contact or exam: the intent, saved before it is sent."""

    id: WriteId
    operation_id: str
    kind: Kind
    target_id: str
    movements: tuple[Movement, ...]
    #: The counters that this write sets, as read and as they shall be.
    before: Balances
    after: Balances
    marker_before: str
    #: When it was last handed to the network.
    sent_at: datetime

    @property
    def sets(self) -> Balances:
        """What HubSpot is sent: a counter that stays as it was could only write over others."""
        return {
            credit: value
            for credit, value in self.after.items()
            if value != self.before[credit] or credit in self.mends
        }

    @property
    def mends(self) -> Mapping[CreditType, str]:
        """Of each counter that could not be read: the text that this writes over."""
        return mended(self.movements)


def mended(movements: Iterable[Movement]) -> dict[CreditType, str]:
    """The texts that these movements write over, by counter."""
    return {m.credit: text for m in movements if (text := m.replaces) is not None}


class WriteRefused(ValueError):
    """These movements cannot be carried by a write of this object; the reason is for people."""


def net(movements: Iterable[Movement]) -> dict[CreditType, int]:
    """The sum of movements for each counter they touch."""
    total: dict[CreditType, int] = {}
    for movement in movements:
        total[movement.credit] = total.get(movement.credit, 0) + movement.delta
    return total


def plan_balances(target: Counted, movements: Sequence[Movement]) -> tuple[Balances, Balances]:
    """Before and after of every counter these movements touch, on the balances just read.

    Raises:
        WriteRefused: a counter is unreadable, absent, or would leave 0..``BALANCE_MAX``; or a
            seat would be taken that the exam does not have.
    """
    moved, over = net(movements), mended(movements)
    unread = {key: why for key, why in target.unreadable.items() if _stays(target, key, over)}
    faults = [f"{key} {unread[key]}" for key in sorted(moved) if key in unread]
    if MARKER in target.unclear:
        faults.append(f"{MARKER} {target.unclear[MARKER]}")
    if faults:
        raise WriteRefused(f"{'; '.join(faults)}. Correct it in HubSpot, then try again")
    before: dict[CreditType, int] = {}
    after: dict[CreditType, int] = {}
    for credit, delta in moved.items():
        if credit in over:
            if credit not in target.held:
                raise WriteRefused(f"{credit} does not hold {over[credit]!r} any more")
            before[credit] = counted_as(over[credit])
        elif credit in target.balances:
            before[credit] = target.balances[credit]
        else:
            raise WriteRefused(f"{credit} was not read")
        after[credit] = before[credit] + delta
        if not 0 <= after[credit] <= BALANCE_MAX:
            raise WriteRefused(f"{credit} is {before[credit]} and would become {after[credit]}")
    _check_seats(target, movements, after)
    return before, after


def _stays(target: Counted, credit: CreditType, over: Mapping[CreditType, str]) -> bool:
    """Whether what cannot be read in this counter is not the very text to be written over."""
    return credit not in over or target.held.get(credit) != over[credit]


def _check_seats(target: Counted, movements: Sequence[Movement], after: Balances) -> None:
    """Here, on the count that the write goes out from, and not only where a booking is judged."""
    taken = any(movement.kind is MovementKind.SEAT_TAKEN for movement in movements)
    if not taken or not isinstance(target, Exam):
        return
    if CAPACITY in target.unclear:
        raise WriteRefused(f"{CAPACITY} {target.unclear[CAPACITY]}. Correct it in HubSpot")
    if target.capacity is not None and after[TOTAL_BOOKINGS] > target.capacity:
        raise WriteRefused(f"all {target.capacity} seats are taken")


class Belief(StrEnum):
    """What is known of a write after reading back."""

    #: HubSpot holds it, or held it before somebody else's later write.
    LANDED = "landed"
    #: It cannot arrive any more and nothing else changed: send the very same write again.
    SEND_AGAIN = "send again"
    #: It did not land and the balances moved on: plan its movements afresh.
    PLAN_AFRESH = "plan afresh"
    #: It may still arrive. Look again after the quiet period.
    WAIT = "wait"
    #: The property history is needed to tell.
    LOOK_IN_HISTORY = "look in history"
    #: Nothing that HubSpot tells decides it. Both balances go on a person's screen.
    ASK_A_PERSON = "ask a person"


def judge_outcome(
    write: Write,
    target: Counted | None,
    *,
    now: datetime,
    history: History | None = None,
    quiet: timedelta = QUIET_PERIOD,
) -> Belief:
    """Decide what became of a write whose outcome is unknown (design, section 6, step 7).

    ``target`` is a fresh read, None when the record is gone; ``now`` is when it was asked for,
    not when it was answered. ``history`` is None before it was asked for, and empty when HubSpot
    could not give it.
    """
    if target is not None and target.marker == write.id:
        return Belief.LANDED
    quiet_passed = now - write.sent_at >= quiet
    if target is None or target.id != write.target_id:
        # gone or merged: the values of another record tell nothing. But until the write cannot
        # arrive any more, nobody writes what the record became
        merged = target is not None
        return Belief.WAIT if merged and not quiet_passed else Belief.ASK_A_PERSON
    if MARKER not in target.unclear and target.marker == write.marker_before:
        if not quiet_passed:
            return Belief.WAIT
        return Belief.SEND_AGAIN if _as_read(write, target) else Belief.PLAN_AFRESH
    if history is None:
        return Belief.LOOK_IN_HISTORY
    markers = history.get(MARKER, ())
    if any(version.value == write.id for version in markers):
        return Belief.LANDED
    if not markers:
        return Belief.ASK_A_PERSON
    return Belief.PLAN_AFRESH if quiet_passed else Belief.WAIT


def _as_read(write: Write, target: Counted) -> bool:
    """Text that is written over is looked at again: it counts as a number that it is not."""
    held = (target.balances.get(credit) == value for credit, value in write.before.items())
    return not write.mends and all(held)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One process carrying one operation."""

    operation_id: str
    epoch: int


class WriteState(StrEnum):
    """What became of a write."""

    #: Saved, perhaps sent, outcome not known.
    OPEN = "open"
    LANDED = "landed"
    #: Known not to have landed. Its movements are free to be written again.
    VOID = "void"
    #: A person decides.
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """The outcome of a write, to be recorded together with what follows from it."""

    write_id: WriteId
    state: WriteState
    modified_at: datetime | None = None
    reason: str = ""
