"""Cancel: bookings are cancelled, credits given back, seats freed and notes left. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.credits.catalogue import Catalogue
from core.credits.records import Booking, BookingStatus, ItemKey
from core.credits.writes import Movement, MovementKind
from core.operations.audit_entries import MARK
from core.operations.kinds import notes
from core.operations.kinds.base import FollowUp, P, Planners, RowSubject, S, Toolbox
from core.operations.kinds.movements import cancel_claims, refund_movements
from core.operations.kinds.rules.bookings import judge_cancel, judge_refund
from core.operations.kinds.staff import ChosenForOneStudent
from core.operations.kinds.words import KindPage, KindWords, OneStudent, counted
from core.operations.plans import Judgement, Plan
from core.operations.states import Item, ItemState, Operation
from core.operations.telling.rules import Happened, given_back
from core.operations.terms import Terms
from core.operations.verdicts import OperationKind, Why


class _Cancel(ChosenForOneStudent):
    """Cancels first, so that nobody sees a credit for a seat that is still held."""

    key = OperationKind.CANCEL
    subject = RowSubject.BOOKING
    words = KindWords(
        name="Batch cancellation",
        effect="In HubSpot each booking is cancelled, its credit given back, its seat freed and a "
        "note left on the student's timeline. Supabase has all of it a moment later.",
        row="booking",
        begins="cancellation begins",
        begin="cancellations begin",
        done="cancelled",
        moved="given back",
        item="",
        credit="credit given back",
        choosing="Cancels bookings and gives back the credit that each spent. Seats are freed, "
        "and a note is left on each student's timeline. Bookings that were attended, and exams "
        "that have begun, are blocked until you include them on purpose.",
        not_undone="a cancellation cannot be undone: the seats were given up, and others may have "
        "them by now. Book the students again",
        not_retried="",
        page=KindPage.BATCH_CANCELLATION,
    )
    one_student = OneStudent(
        reason="Cancelled for the student",
        doing="Cancelling",
        done="Cancelled",
        not_done="Not cancelled",
        next="",
        question="Cancel {bookings}? Comes back: {credits}",
        nothing="Nothing of this can be cancelled",
        confirm="Cancel {bookings}",
        confirm_free="Cancel {bookings}",
    )
    client_word = "cancel"
    second_admin = True
    renewable = True
    held = True
    cancels = True
    refunds = True
    claimed_is_begun = False
    mark = MARK
    follow_ups = frozenset({FollowUp.SEATS, FollowUp.NOTES})
    #: A booking that was cancelled got its credit, and has no seat to move; one that was refunded
    #: had been cancelled.
    deals_with = frozenset(
        {
            OperationKind.CANCEL,
            OperationKind.FORFEIT,
            OperationKind.REFUND,
            OperationKind.MOVE,
        }
    )
    claimed_by_others = Why.CANCELLED_ONCE
    finds = BookingStatus.ACTIVE
    of_owed = False
    keeps = False
    also_needs = frozenset[str]()

    def afresh(self, planners: Planners[P]) -> P | None:
        """By the bookings' own fields."""
        return planners.bookings

    def steps(self, toolbox: Toolbox[S]) -> S:
        """Those of a refund, which cancel before."""
        return toolbox.refunding

    def judge(self, booking: Booking, catalogue: Catalogue, terms: Terms) -> Judgement:
        """As a booking that is to be cancelled."""
        return judge_cancel(booking, catalogue, terms)

    def judge_begun(
        self, item: Item, booking: Booking, catalogue: Catalogue, terms: Terms
    ) -> Judgement:
        """Of one that this operation has cancelled only its refund is left."""
        if item.state is ItemState.CANCELLED:
            return judge_refund(booking, catalogue, terms)
        return judge_cancel(booking, catalogue, terms)

    def claims(self, items: Sequence[Item]) -> dict[MovementKind, list[ItemKey]]:
        """The seat's of each, and the credit's of those that spent one."""
        return cancel_claims(items)

    def movements(self, item: Item) -> list[Movement]:
        """Its credit, given back."""
        return refund_movements(item)

    def note(self, operation: Operation, items: Sequence[Item], catalogue: Catalogue) -> str:
        """Which bookings were cancelled, and which credits came back."""
        return notes.given_back("Cancelled", operation, items, catalogue)

    def told(self, items: Sequence[Item], catalogue: Catalogue) -> Happened | None:
        """Which bookings were cancelled, and which credits came back."""
        return given_back("cancelled", "Your booking for {exam} was cancelled.", items, catalogue)

    def confirming(self, plan: Plan) -> str:
        """Cancel 3 bookings and give back 2 credits."""
        cancel = f"Cancel {counted(len(plan.will_change), 'booking')}"
        given = counted(sum(plan.credits.values()), "credit")
        return f"{cancel} and give back {given}" if plan.credits else cancel


CANCEL = _Cancel()
