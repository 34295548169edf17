"""Operations and their items: the states they can be in, and the moves between them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from core.access.mailboxes import one_mailbox
from core.credits.catalogue import CreditType
from core.credits.records import ContactId, ExamId, ItemKey
from core.hubspot.ports.channels import Channel
from core.operations.plans import Row
from core.operations.terms import ORDINARY, Inclusion
from core.operations.verdicts import OperationKind, Verdict


class OperationState(StrEnum):
    """Where a confirmed operation stands."""

    #: Confirmed; a second admin has to approve it before its hold begins.
    AWAITING = "awaiting approval"
    #: Confirmed, and approved where it must be; can still be called off until its hold is over.
    HELD = "held"
    RUNNING = "running"
    #: Somebody asked it to stop: what was begun is finished, nothing else is begun.
    STOPPING = "stopping"
    DONE = "done"
    STOPPED = "stopped"
    CALLED_OFF = "called off"


class FollowUps(StrEnum):
    """Where seats, notes and verification of an operation that has ended stand."""

    #: It has not ended, or did before this was kept.
    NONE = ""
    #: Carried on by themselves until they are done, or a person gives them up.
    DUE = "due"
    GIVEN_UP = "given up"
    DONE = "done"


OPERATION_MOVES: dict[OperationState, frozenset[OperationState]] = {
    OperationState.AWAITING: frozenset({OperationState.HELD, OperationState.CALLED_OFF}),
    OperationState.HELD: frozenset({OperationState.RUNNING, OperationState.CALLED_OFF}),
    OperationState.RUNNING: frozenset({OperationState.STOPPING, OperationState.DONE}),
    OperationState.STOPPING: frozenset({OperationState.STOPPED, OperationState.DONE}),
    # "retry failed only" carries an ended operation on
    OperationState.DONE: frozenset({OperationState.RUNNING}),
    OperationState.STOPPED: frozenset({OperationState.RUNNING}),
    OperationState.CALLED_OFF: frozenset(),
}
ENDED = frozenset({OperationState.DONE, OperationState.STOPPED, OperationState.CALLED_OFF})

#: Nothing of these has begun: they can be called off whole.
UNBEGUN = frozenset({OperationState.AWAITING, OperationState.HELD})

assert OPERATION_MOVES.keys() == set(OperationState), "every state says where it may go"
assert not UNBEGUN & ENDED, "what has ended had begun, or was called off"


class ItemState(StrEnum):
    """Where one booking of an operation stands."""

    #: Not begun.
    PENDING = "pending"
    #: Ours alone to give back; judged again on fresh reads; nothing sent yet, or only a cancel.
    CLAIMED = "claimed"
    #: Cancelled in HubSpot by this operation; its credit is still owed. Of a booking to be, and of
    #: one that was to move: given up, and what was taken for it goes back.
    CANCELLED = "cancelled"
    #: Its credit has landed; not yet marked refunded. Of an undo: taken back, and still marked. Of
    #: one without refund: cancelled by us for certain, and not yet marked.
    GIVEN_BACK = "given back"
    DONE = "done"
    #: Nothing was to be done, or it changed since the preview; ``why`` says which.
    SKIPPED = "skipped"
    #: Cannot be done until somebody mends what ``why`` names.
    BLOCKED = "blocked"
    #: HubSpot refused or could not be asked. Nothing of it is open; it may be tried again.
    FAILED = "failed"
    #: HubSpot does not tell what became of its write, or whether somebody else refunded it. A
    #: person decides.
    UNDECIDED = "undecided"
    #: The operation was stopped before it began.
    STOPPED = "stopped"
    #: Left out at the preview by whoever confirmed.
    EXCLUDED = "excluded"
    #: It failed or was blocked, and a person said why nothing more is done about it here.
    DISMISSED = "dismissed"


class Ruling(StrEnum):
    """What is known of a refund that somebody else may have made."""

    NONE = ""
    #: Somebody else gave the credit back: the claim is kept, so that no operation gives it again.
    GIVEN = "given"
    #: A person looked, and said that nobody has given it back.
    OWED = "owed"


#: Begun, not finished: carried to its end even when the operation is stopped, unless it was only
#: claimed.
BEGUN = frozenset({ItemState.CLAIMED, ItemState.CANCELLED, ItemState.GIVEN_BACK})
#: Nothing more happens to these by itself.
SETTLED = frozenset(
    {
        ItemState.DONE,
        ItemState.SKIPPED,
        ItemState.BLOCKED,
        ItemState.FAILED,
        ItemState.UNDECIDED,
        ItemState.STOPPED,
        ItemState.EXCLUDED,
        ItemState.DISMISSED,
    }
)
assert BEGUN | SETTLED | {ItemState.PENDING} == set(ItemState), "every item state is one of these"
#: What "retry failed only" takes up again.
RETRYABLE = frozenset({ItemState.FAILED, ItemState.BLOCKED, ItemState.STOPPED})
#: What a result page shows first.
NEEDS_EYES = frozenset({ItemState.FAILED, ItemState.BLOCKED, ItemState.UNDECIDED})
#: What a person may dismiss. An undecided one is decided.
DISMISSIBLE = frozenset({ItemState.FAILED, ItemState.BLOCKED})
#: How a row that the plan does not change stands in the operation from the beginning.
UNCHANGED: dict[Verdict, ItemState] = {
    Verdict.SKIP: ItemState.SKIPPED,
    Verdict.BLOCKED: ItemState.BLOCKED,
    Verdict.EXCLUDED: ItemState.EXCLUDED,
}
assert UNCHANGED.keys() == set(Verdict) - {Verdict.WILL_CHANGE}, "every other verdict has its state"


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One booking in an operation."""

    operation_id: str
    booking_id: ItemKey
    #: Its place in the plan, from 0.
    n: int
    state: ItemState = ItemState.PENDING
    #: What happened, as people read it; names the next step when it failed.
    why: str = ""
    credit: CreditType | None = None
    contact_id: ContactId | None = None
    exam_id: ExamId | None = None
    booking_name: str = ""
    contact_name: str = ""
    contact_email: str = ""
    exam_date: date | None = None
    mock_type: str = ""
    #: Whether this operation cancelled it, whatever happened after.
    cancelled: bool = False
    #: A cancel was sent whose outcome is not yet known.
    cancel_sent: bool = False
    #: Only of a booking to be: what its exam asks the student.
    attending_location: str = ""
    dominant_hand: str = ""
    #: Only of a move: what the booking is called at the exam that it moves to.
    new_name: str = ""
    #: When the cancel, the creation of a booking to be, the move, or what marks a kept credit or
    #: clears a mark was last sent that may have arrived. None: never, or it surely went nowhere.
    sent_at: datetime | None = None
    ruling: Ruling = Ruling.NONE
    #: The balance of ``credit`` around the write that gave it back, or took it.
    before: int | None = None
    after: int | None = None
    #: Whether the plan would change it. Any other was asked for too, and is accounted for; this
    #: operation never touches it.
    planned: bool = True

    @property
    def outcome(self) -> str:
        """``why`` where it says more than the state does, else ""."""
        return "" if self.state in {ItemState.DONE, ItemState.PENDING} else self.why


def item_of(operation_id: str, n: int, row: Row) -> Item:
    """Row ``n`` of a plan, from 0, as the confirmed operation begins with it."""
    planned = row.verdict is Verdict.WILL_CHANGE
    return Item(
        operation_id=operation_id,
        booking_id=row.booking_id,
        n=n,
        state=ItemState.PENDING if planned else UNCHANGED[row.verdict],
        why=str(row.why) if planned else row.told,
        credit=row.credit,
        contact_id=row.contact_id,
        exam_id=row.exam_id,
        booking_name=row.booking_name,
        contact_name=row.contact_name,
        contact_email=row.contact_email,
        exam_date=row.exam_date,
        mock_type=row.mock_type,
        attending_location=row.attending_location,
        dominant_hand=row.dominant_hand,
        new_name=row.new_name,
        planned=planned,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One confirmed plan being carried out. Its id is the plan's."""

    id: str
    kind: OperationKind
    state: OperationState
    selection: str
    reason: str
    confirmed_by: str
    confirmed_at: datetime
    #: Until then it can be called off; while it awaits approval, until then it can be approved.
    hold_until: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    #: What it waits for just now ("HubSpot does not answer"), empty when it runs.
    waiting_for: str = ""
    #: Grows with each process that takes it up, so that an older one can do no more.
    epoch: int = 0
    calls: int = 0
    #: Why a second admin has to approve it ("more than 50 bookings"); empty: none has to.
    needs_approval: str = ""
    approved_by: str = ""
    approved_at: datetime | None = None
    #: Of an undo: the refund whose credits it takes back.
    undoes: str = ""
    #: Of a move: the exam that the bookings go to.
    to_exam: ExamId | None = None
    follow_ups: FollowUps = FollowUps.NONE
    #: What an admin included on purpose that would be blocked otherwise.
    include: frozenset[Inclusion] = ORDINARY
    #: By which way its students are told; off: they are not.
    tell: Channel = Channel.OFF
    #: What they are told as the reason. ``reason`` is the school's own, and never sent to them.
    reason_for_students: str = ""
    #: The API key through which an admin confirmed it; empty: it came in another way.
    via: str = ""

    def is_by(self, email: str) -> bool:
        """Whether this person confirmed it, however the address is written."""
        return self.confirmed_by.strip().casefold() == email.strip().casefold()

    def is_of_person(self, email: str) -> bool:
        """Whether this person confirmed it, by whichever address of their mailbox."""
        return one_mailbox(self.confirmed_by, email)

    @property
    def approved(self) -> bool:
        """Whether somebody else than who confirmed it has said yes."""
        return bool(self.approved_by) and not self.is_of_person(self.approved_by)

    @property
    def may_begin(self) -> bool:
        """Whether no second admin's word is wanting."""
        return self.approved or not self.needs_approval


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """An operation's items counted, for a screen that asks every second."""

    states: Mapping[ItemState, int] = field(default_factory=dict)
    #: Credits landed so far, by type: more or fewer than before. What it took and gave back itself
    #: is not in it.
    net: Mapping[CreditType, int] = field(default_factory=dict)
    #: Of ``states``, those that the plan does not change.
    unplanned: Mapping[ItemState, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """All items: everything that was asked for."""
        return sum(self.states.values())

    @property
    def planned(self) -> int:
        """Items that the plan changes."""
        return self.total - sum(self.unplanned.values())

    @property
    def settled(self) -> int:
        """Planned items to which nothing more happens by itself."""
        settled = sum(n for state, n in self.states.items() if state in SETTLED)
        return settled - sum(self.unplanned.values())

    @property
    def retryable(self) -> int:
        """Items that "retry failed only" takes up again."""
        return sum(self.states.get(s, 0) - self.unplanned.get(s, 0) for s in RETRYABLE)

    @property
    def blocked_at_preview(self) -> int:
        """Items that only a new preview can take up, once what blocks them is corrected."""
        return self.unplanned.get(ItemState.BLOCKED, 0)

    def needing_eyes(self, state: OperationState) -> int:
        """Items that a person should look at. None of an operation that did not begin."""
        if state in UNBEGUN or state is OperationState.CALLED_OFF:
            return 0
        return sum(self.states.get(each, 0) for each in NEEDS_EYES)


def keeps_claim(item: Item) -> bool:
    """Whether no other operation may refund it, though this one has settled it."""
    return item.state is ItemState.UNDECIDED or item.ruling is Ruling.GIVEN


def by_contact(items: Iterable[Item]) -> dict[ContactId, list[Item]]:
    """Those of each contact, in their order; those of none are left out."""
    found: dict[ContactId, list[Item]] = {}
    for item in items:
        if item.contact_id is not None:
            found.setdefault(item.contact_id, []).append(item)
    return found


def keys_by_contact(items: Iterable[Item]) -> dict[ContactId, list[ItemKey]]:
    """The same of items that are too many to be kept."""
    found: dict[ContactId, list[ItemKey]] = {}
    for item in items:
        if item.contact_id is not None:
            found.setdefault(item.contact_id, []).append(item.booking_id)
    return found


def group_items(items: Iterable[Item], size: int, contacts: int) -> list[list[ItemKey]]:
    """Groups of up to ``size`` items of up to so many ``contacts``, in plan order, by their keys.

    A contact is never split between two: one contact's bookings must meet in one write, so that
    two give back two credits at once. One who has more than ``size`` has a group alone.
    """
    whose: dict[str, list[ItemKey]] = {}
    for item in items:
        owner = item.contact_id or f"booking {item.booking_id}"
        whose.setdefault(owner, []).append(item.booking_id)
    groups: list[list[ItemKey]] = [[]]
    in_group = 0
    for together in whose.values():
        full = in_group == contacts or len(groups[-1]) + len(together) > size
        if groups[-1] and full:
            groups.append([])
            in_group = 0
        groups[-1] += together
        in_group += 1
    return groups if groups[0] else []
