"""A kind of operation: everything in which one differs from another. Pure.

Nothing here has a default, so that a new kind says each of these itself: a class that leaves one
out cannot be made, and mypy says which.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Generic, Literal, TypeVar

from core.credits.catalogue import Catalogue
from core.credits.moves import Student
from core.credits.records import Booking, BookingId, BookingStatus, ContactId, Exam, ItemKey
from core.credits.roles import Act
from core.credits.writes import Movement, MovementKind
from core.operations.audit_entries import Change
from core.operations.kinds.words import KindWords, OneStudent
from core.operations.plans import Judgement, Plan
from core.operations.states import ENDED, Item, Operation
from core.operations.telling.rules import Happened
from core.operations.terms import Terms
from core.operations.verdicts import OperationKind, Why

S = TypeVar("S")
P = TypeVar("P")


class RowSubject(StrEnum):
    """What each row of an operation is, and what its ``booking_id`` names."""

    #: A booking that HubSpot has, by its record id.
    BOOKING = "booking"
    #: A booking to be, by a key of its own (``core.operations.booking_rules.key_of``).
    NEW_BOOKING = "booking to be"
    #: An exam, by its record id.
    EXAM = "exam"
    #: A balance that somebody else changed, by the name of that change (``corrections.name_of``).
    BALANCE = "balance"
    #: A change of a balance that somebody asks for, by its name (``adjustments.Adjustment``).
    ADJUSTMENT = "adjustment"


class FollowUp(Enum):
    """What is done once the bookings are settled, beside the check against HubSpot's history."""

    #: Count the exams of cancelled bookings down.
    SEATS = "seats"
    #: Leave a note on each student's timeline.
    NOTES = "notes"
    #: Count the exams that bookings were moved from down.
    SEATS_LEFT = "seats left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox(Generic[S]):
    """What items can go through; each kind takes its own. Made where services are assembled."""

    refunding: S
    forfeiting: S
    undoing: S
    correcting: S
    adjusting: S
    booking: S
    recounting: S
    moving: S


@dataclass(frozen=True, slots=True, kw_only=True)
class Planners(Generic[P]):
    """What judges the rows of a plan anew; each kind that is approved takes its own."""

    bookings: P
    undos: P
    corrections: P
    adjustments: P


class KindOfOperation(ABC):
    """One kind of operation."""

    @property
    @abstractmethod
    def key(self) -> OperationKind:
        """Its member of the enumeration, which the store keeps."""

    @property
    @abstractmethod
    def words(self) -> KindWords:
        """How people are told of it."""

    @property
    @abstractmethod
    def one_student(self) -> OneStudent | None:
        """How staff are told of one that they make for a student; None: they make none."""

    @property
    @abstractmethod
    def client_word(self) -> Literal["book", "cancel"] | None:
        """What the students' API calls it; None: no client makes one."""

    @property
    @abstractmethod
    def subject(self) -> RowSubject:
        """What its rows are."""

    # who may

    @abstractmethod
    def act(self, plan: Plan) -> Act:
        """What a plan of it asks of whoever confirms it (design, section 10)."""

    @abstractmethod
    def act_unread(self, *, batches: bool) -> Act | None:
        """The same without its plan, which may be large; None: the plan is needed.

        ``batches``: whoever confirmed it may run batches.
        """

    @property
    @abstractmethod
    def second_admin(self) -> bool:
        """Whether a second admin must approve a large one."""

    @property
    @abstractmethod
    def renewable(self) -> bool:
        """Whether a request that was called off can be previewed again on its page."""

    @abstractmethod
    def afresh(self, planners: Planners[P]) -> P | None:
        """What judges its rows anew for a second admin; None: nobody approves it."""

    @property
    @abstractmethod
    def held(self) -> bool:
        """Whether it waits after it was confirmed, so that it can be called off."""

    # what it does

    @abstractmethod
    def steps(self, toolbox: Toolbox[S]) -> S:
        """What its items go through."""

    @property
    @abstractmethod
    def cancels(self) -> bool:
        """Whether it cancels bookings before their credits go back."""

    @property
    @abstractmethod
    def refunds(self) -> bool:
        """Whether it gives credits back and marks their bookings refunded."""

    @property
    @abstractmethod
    def claimed_is_begun(self) -> bool:
        """Whether something may have been taken for an item that is claimed: a stop ends it not."""

    @property
    @abstractmethod
    def mark(self) -> Change | None:
        """What is written to a booking once its credit has landed; None: nothing."""

    @property
    @abstractmethod
    def follow_ups(self) -> frozenset[FollowUp]:
        """What is done once its items are settled."""

    @abstractmethod
    def note(self, operation: Operation, items: Sequence[Item], catalogue: Catalogue) -> str:
        """What a student's timeline says of these items of theirs; empty when it leaves none."""

    @abstractmethod
    def told(self, items: Sequence[Item], catalogue: Catalogue) -> Happened | None:
        """What a student is told of these items of theirs; None: it tells no student anything."""

    @property
    @abstractmethod
    def deals_with(self) -> frozenset[OperationKind]:
        """Of which kinds blocked and failed bookings are dealt with when this one does them."""

    @abstractmethod
    def confirming(self, plan: Plan) -> str:
        """What confirming does, as a button says it: "Give back 3 credits to 2 students"."""

    def not_undone(self, operation: Operation) -> str:
        """Why this operation cannot be undone, for people; empty when it can."""
        if self.words.not_undone:
            return self.words.not_undone
        if operation.state not in ENDED:
            return f"the refund is {operation.state}: it can be undone when it has ended"
        return ""


class CreditKind(KindOfOperation):
    """A kind whose items are claimed, and then moved by the write of their contact."""

    @abstractmethod
    def claims(self, items: Sequence[Item]) -> dict[MovementKind, list[ItemKey]]:
        """Which claims these items need before anything of them is done."""

    @property
    @abstractmethod
    def claimed_by_others(self) -> Why:
        """Why an item is skipped whose claim another operation holds."""

    @abstractmethod
    def movements(self, item: Item) -> list[Movement]:
        """What the contact's write carries for this item, which moves a credit."""


class ChosenKind(CreditKind):
    """A kind whose rows are bookings that somebody chose, judged by their own fields."""

    @property
    @abstractmethod
    def finds(self) -> BookingStatus:
        """The status of the bookings that a search for it is meant to find."""

    @property
    @abstractmethod
    def of_owed(self) -> bool:
        """Whether its bookings are those of which a credit is still owed."""

    @property
    @abstractmethod
    def keeps(self) -> bool:
        """Whether the credits of the bookings that it cancels are kept: never owed from then on."""

    @property
    @abstractmethod
    def also_needs(self) -> frozenset[str]:
        """Properties of bookings that its writes need, and that an account may be without."""

    @abstractmethod
    def judge(self, booking: Booking, catalogue: Catalogue, terms: Terms) -> Judgement:
        """What it does to this booking, from the booking's own fields."""

    @abstractmethod
    def judge_begun(
        self, item: Item, booking: Booking, catalogue: Catalogue, terms: Terms
    ) -> Judgement:
        """The same of an item that it has begun: what is still to be done."""

    @abstractmethod
    def least(self, *, few: bool) -> Act:
        """What nobody gets around who previews one: asked before HubSpot is.

        ``few``: the choice names bookings, or one student.
        """


class MovingKind(ChosenKind):
    """A chosen kind whose bookings all go to one other exam (``Plan.to_exam``)."""

    @abstractmethod
    def misfits(
        self,
        bookings: Sequence[Booking],
        to: Exam,
        students: Mapping[ContactId, Student],
        catalogue: Catalogue,
        *,
        seated: Collection[BookingId] = (),
    ) -> dict[BookingId, Judgement]:
        """Why some of these, each fit to move by itself, do not fit there together, in this order.

        ``seated``: those that have their seat there already.
        """
