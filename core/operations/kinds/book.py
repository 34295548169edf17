"""Book: one student gets a seat, for a credit or by override. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.credits.catalogue import Catalogue
from core.credits.roles import Act
from core.operations.kinds import notes
from core.operations.kinds.base import (
    FollowUp,
    KindOfOperation,
    P,
    Planners,
    RowSubject,
    S,
    Toolbox,
)
from core.operations.kinds.words import KindPage, KindWords, OneStudent, counted
from core.operations.plans import Plan
from core.operations.states import Item, Operation
from core.operations.telling.rules import Happened
from core.operations.verdicts import OperationKind, Verdict


class _Book(KindOfOperation):
    """Its item takes a seat and a credit of its own steps, and gives both back if it cannot be."""

    key = OperationKind.BOOK
    subject = RowSubject.NEW_BOOKING
    words = KindWords(
        name="Booking",
        effect="In HubSpot the student gets a seat, for a credit or by override.",
        row="booking",
        begins="booking begins",
        begin="bookings begin",
        done="made",
        moved="spent",
        item="booked",
        credit="credit spent",
        choosing="",
        not_undone="a booking is not undone: cancel it",
        not_retried="a booking is not retried: book again, on what HubSpot says now",
        page=KindPage.CONTACTS,
    )
    one_student = OneStudent(
        reason="Booked for the student",
        doing="Booking",
        done="Booked",
        not_done="Not booked",
        next="Look at what HubSpot says now, and book again.",
        question="Book this seat?",
        nothing="This cannot be booked",
        confirm="Book for 1 credit",
        confirm_free="Book without a credit",
    )
    client_word = "book"
    second_admin = False
    renewable = False
    held = False
    cancels = False
    refunds = False
    claimed_is_begun = True
    mark = None
    follow_ups = frozenset({FollowUp.NOTES})
    deals_with = frozenset()

    def act(self, plan: Plan) -> Act:
        """Staff book for one student; without a credit, admins."""
        free = any(r.credit is None and r.verdict is Verdict.WILL_CHANGE for r in plan.rows)
        return Act.OVERRIDE if free else Act.BOOK_ONE

    def act_unread(self, *, batches: bool) -> Act | None:  # noqa: ARG002
        """Its one row says whether a credit is spent."""
        return None

    def afresh(self, planners: Planners[P]) -> P | None:  # noqa: ARG002
        """Nobody approves it: the student waits."""
        return None

    def steps(self, toolbox: Toolbox[S]) -> S:
        """Day, seat, credit, booking; or all of it back."""
        return toolbox.booking

    def note(self, operation: Operation, items: Sequence[Item], catalogue: Catalogue) -> str:
        """Which booking was made, and for what."""
        return " ".join(notes.booked(operation, item, catalogue) for item in items)

    def told(self, items: Sequence[Item], catalogue: Catalogue) -> Happened | None:  # noqa: ARG002
        """Nothing, so far."""
        return None

    def confirming(self, plan: Plan) -> str:
        """Book for 1 credit."""
        if any(row.credit is None for row in plan.will_change):
            return "Book without a credit"
        return f"Book for {counted(sum(plan.credits.values()), 'credit')}"


BOOK = _Book()
