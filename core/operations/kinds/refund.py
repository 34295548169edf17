"""Refund: credits of bookings that are cancelled already, and still owed one, are given back.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.credits.catalogue import Catalogue
from core.credits.records import Booking, BookingStatus, ItemKey
from core.credits.writes import Movement, MovementKind
from core.operations.audit_entries import MARK
from core.operations.kinds import notes
from core.operations.kinds.base import FollowUp, P, Planners, RowSubject, S, Toolbox
from core.operations.kinds.movements import refund_claims, refund_movements
from core.operations.kinds.rules.bookings import judge_owed
from core.operations.kinds.staff import ChosenByAdmins
from core.operations.kinds.words import KindPage, KindWords, counted
from core.operations.plans import Judgement, Plan
from core.operations.states import Item, Operation
from core.operations.telling.rules import Happened, given_back
from core.operations.terms import Terms
from core.operations.verdicts import OperationKind, Why


class _Refund(ChosenByAdmins):
    """Gives back and marks refunded."""

    key = OperationKind.REFUND
    subject = RowSubject.BOOKING
    words = KindWords(
        name="Bulk refund",
        effect="In HubSpot each credit is given back, its booking marked refunded and a note left "
        "on the student's timeline. Supabase has the new balances a moment later.",
        row="booking",
        begins="refund begins",
        begin="refunds begin",
        done="refunded",
        moved="given back",
        item="",
        credit="credit given back",
        choosing="Gives credits back for bookings that are **already cancelled** and still owed "
        "one. Other bookings are skipped. Credits that were kept on purpose are blocked until you "
        "include them.",
        not_undone="",
        not_retried="",
        page=KindPage.BULK_REFUND,
    )
    one_student = None
    client_word = None
    second_admin = True
    renewable = True
    held = True
    cancels = False
    refunds = True
    claimed_is_begun = False
    mark = MARK
    follow_ups = frozenset({FollowUp.NOTES})
    #: A booking that was cancelled got its credit; one that was refunded had been cancelled.
    deals_with = frozenset({OperationKind.CANCEL, OperationKind.FORFEIT, OperationKind.REFUND})
    claimed_by_others = Why.CLAIMED
    finds = BookingStatus.CANCELLED
    of_owed = True
    keeps = False
    also_needs = frozenset[str]()

    def afresh(self, planners: Planners[P]) -> P | None:
        """By the bookings' own fields."""
        return planners.bookings

    def steps(self, toolbox: Toolbox[S]) -> S:
        """Claim, judge again, write the credit, mark."""
        return toolbox.refunding

    def judge(self, booking: Booking, catalogue: Catalogue, terms: Terms) -> Judgement:
        """As a booking that is cancelled, and whose credit is to be given back."""
        return judge_owed(booking, catalogue, terms)

    def judge_begun(
        self,
        item: Item,  # noqa: ARG002 - begun or not
        booking: Booking,
        catalogue: Catalogue,
        terms: Terms,
    ) -> Judgement:
        """The same, for nothing was done to the booking."""
        return judge_owed(booking, catalogue, terms)

    def claims(self, items: Sequence[Item]) -> dict[MovementKind, list[ItemKey]]:
        """The credit's, of each."""
        return refund_claims(items)

    def movements(self, item: Item) -> list[Movement]:
        """Its credit, given back."""
        return refund_movements(item)

    def note(self, operation: Operation, items: Sequence[Item], catalogue: Catalogue) -> str:
        """Which bookings were refunded, and which credits came back."""
        return notes.given_back("Refunded", operation, items, catalogue)

    def told(self, items: Sequence[Item], catalogue: Catalogue) -> Happened | None:
        """Of which bookings the credits came back, only now."""
        return given_back(
            "refunded", "Your booking for {exam} had been cancelled.", items, catalogue
        )

    def confirming(self, plan: Plan) -> str:
        """Give back 3 credits to 2 students."""
        given = counted(sum(plan.credits.values()), "credit")
        return f"Give back {given} to {counted(plan.contacts, 'student')}"


REFUND = _Refund()
