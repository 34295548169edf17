"""Forfeit: bookings are cancelled and their credits kept on purpose, so that nothing is owed.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.credits.catalogue import Catalogue
from core.credits.records import FORFEITED, Booking, BookingStatus, ItemKey
from core.credits.writes import Movement, MovementKind
from core.operations.audit_entries import FORFEIT as MARK
from core.operations.kinds import notes
from core.operations.kinds.base import FollowUp, P, Planners, RowSubject, S, Toolbox
from core.operations.kinds.movements import cancel_claims
from core.operations.kinds.rules.bookings import judge_forfeit
from core.operations.kinds.staff import ChosenByAdmins
from core.operations.kinds.words import KindPage, KindWords, OneStudent, counted
from core.operations.plans import Judgement, Plan
from core.operations.states import Item, Operation
from core.operations.telling.rules import Happened, kept
from core.operations.terms import Terms
from core.operations.verdicts import OperationKind, Why


class _Forfeit(ChosenByAdmins):
    """As a cancellation, but that no credit moves: each booking is marked in its place.

    An admin's, for a student loses a credit.
    """

    key = OperationKind.FORFEIT
    subject = RowSubject.BOOKING
    words = KindWords(
        name="Cancellation without refund",
        effect="In HubSpot each booking is cancelled and marked, its credit kept, its seat freed "
        "and a note left on the student's timeline. Nothing is owed for it from then on. Supabase "
        "has it a moment later.",
        row="booking",
        begins="cancellation begins",
        begin="cancellations begin",
        done="cancelled without refund",
        moved="given back",
        item="",
        credit="credit kept",
        choosing="Cancels bookings and **keeps** the credit that each spent. Seats are freed, and "
        "a note with your reason is left on each student's timeline. Bookings that were attended, "
        "and exams that have begun, are blocked until you include them on purpose.",
        not_undone="a cancellation cannot be undone: the seats were given up. To give a kept "
        "credit back after all, refund the booking and include what was forfeited",
        not_retried="",
        page=KindPage.BATCH_CANCELLATION,
    )
    one_student = OneStudent(
        reason="",
        doing="Cancelling without refund",
        done="Cancelled, credit kept",
        not_done="Not cancelled",
        next="",
        question="Cancel {bookings} without refund? Kept: {credits}",
        nothing="Nothing of this can be cancelled",
        confirm="Cancel {bookings} without refund",
        confirm_free="Cancel {bookings}",
    )
    client_word = None
    second_admin = True
    renewable = True
    held = True
    cancels = True
    refunds = False
    claimed_is_begun = False
    mark = MARK
    follow_ups = frozenset({FollowUp.SEATS, FollowUp.NOTES})
    deals_with = frozenset({OperationKind.CANCEL, OperationKind.FORFEIT, OperationKind.MOVE})
    claimed_by_others = Why.CANCELLED_ONCE
    finds = BookingStatus.ACTIVE
    of_owed = False
    keeps = True
    also_needs = frozenset({FORFEITED})

    def afresh(self, planners: Planners[P]) -> P | None:
        """By the bookings' own fields."""
        return planners.bookings

    def steps(self, toolbox: Toolbox[S]) -> S:
        """Claim, judge again, cancel, mark."""
        return toolbox.forfeiting

    def judge(self, booking: Booking, catalogue: Catalogue, terms: Terms) -> Judgement:
        """As a booking that is to be cancelled, and its credit kept."""
        return judge_forfeit(booking, catalogue, terms)

    def judge_begun(
        self,
        item: Item,  # noqa: ARG002
        booking: Booking,
        catalogue: Catalogue,
        terms: Terms,
    ) -> Judgement:
        """The same. Of one that was cancelled its history tells what is left."""
        return judge_forfeit(booking, catalogue, terms)

    def claims(self, items: Sequence[Item]) -> dict[MovementKind, list[ItemKey]]:
        """Those of a cancellation, so that nobody else gives back meanwhile what is to be kept."""
        return cancel_claims(items)

    def movements(self, item: Item) -> list[Movement]:  # noqa: ARG002 - none has any
        """No credit moves."""
        return []

    def note(self, operation: Operation, items: Sequence[Item], catalogue: Catalogue) -> str:
        """Which bookings were cancelled, and which credits were kept."""
        return notes.kept(operation, items, catalogue)

    def told(self, items: Sequence[Item], catalogue: Catalogue) -> Happened | None:  # noqa: ARG002
        """Which bookings were cancelled, and that their credits stay spent."""
        sentence = "Your booking for {exam} was cancelled."
        return kept("cancelled without refund", sentence, items)

    def confirming(self, plan: Plan) -> str:
        """Cancel 3 bookings and keep 2 credits."""
        cancel = f"Cancel {counted(len(plan.will_change), 'booking')}"
        kept = counted(sum(plan.credits.values()), "credit")
        return f"{cancel} and keep {kept}" if plan.credits else cancel


FORFEIT = _Forfeit()
