"""Move: bookings go to another exam, and keep the credit that they spent. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from core.credits.catalogue import Catalogue
from core.credits.moves import Student
from core.credits.records import Booking, BookingId, BookingStatus, ContactId, Exam, ItemKey
from core.credits.writes import Movement, MovementKind
from core.operations.kinds import notes
from core.operations.kinds.base import FollowUp, MovingKind, P, Planners, RowSubject, S, Toolbox
from core.operations.kinds.rules import moves
from core.operations.kinds.rules.bookings import judge_move
from core.operations.kinds.staff import ChosenForOneStudent
from core.operations.kinds.words import KindPage, KindWords, OneStudent, counted
from core.operations.plans import Judgement, Plan
from core.operations.states import Item, Operation
from core.operations.telling.rules import Happened, moved
from core.operations.terms import Terms
from core.operations.verdicts import OperationKind, Why


class _Move(ChosenForOneStudent, MovingKind):
    """Takes the seat there before it changes the booking, and frees the seat here after it."""

    key = OperationKind.MOVE
    subject = RowSubject.BOOKING
    words = KindWords(
        name="Move",
        effect="In HubSpot each booking gets a seat at the other exam and the name that it has "
        "there; its seat at the exam that it leaves is freed and a note left on the student's "
        "timeline. No credit moves. Supabase has all of it a moment later.",
        row="booking",
        begins="move begins",
        begin="moves begin",
        done="moved",
        moved="",
        item="moved",
        credit="",
        choosing="Moves active bookings to another exam. The credit that each spent is kept. What "
        "does not fit there stays where it is and is listed: no seat left, another booking of the "
        "student on that day, or a credit that does not pay for such an exam.",
        not_undone="a move is not undone: move the bookings back, if seats are left there",
        not_retried="a move is not retried: preview the bookings that are left again, on what "
        "HubSpot says now",
        page=KindPage.MOVE_BOOKINGS,
    )
    one_student = OneStudent(
        reason="Moved for the student",
        doing="Moving",
        done="Moved",
        not_done="Not moved",
        next="The booking is where it was. Look at what HubSpot says now.",
        question="Move {bookings}? The credit is kept",
        nothing="This cannot be moved",
        confirm="Move {bookings}",
        confirm_free="Move {bookings}",
    )
    client_word = None
    second_admin = True
    renewable = True
    held = True
    cancels = False
    refunds = False
    claimed_is_begun = True
    mark = None
    follow_ups = frozenset({FollowUp.SEATS_LEFT, FollowUp.NOTES})
    #: A booking that could not be moved may have been moved since.
    deals_with = frozenset({OperationKind.MOVE})
    claimed_by_others = Why.BEING_CHANGED
    finds = BookingStatus.ACTIVE
    of_owed = False
    keeps = False
    also_needs = frozenset[str]()

    def afresh(self, planners: Planners[P]) -> P | None:
        """By the bookings' own fields, and by the exam that they go to."""
        return planners.bookings

    def steps(self, toolbox: Toolbox[S]) -> S:
        """Claim, seat there, booking, seat here."""
        return toolbox.moving

    def judge(self, booking: Booking, catalogue: Catalogue, terms: Terms) -> Judgement:
        """As a booking that is to go to ``terms.to``."""
        return judge_move(booking, catalogue, terms)

    def judge_begun(
        self,
        item: Item,  # noqa: ARG002 - begun or not
        booking: Booking,
        catalogue: Catalogue,
        terms: Terms,
    ) -> Judgement:
        """The same, as long as nothing was done to the booking."""
        return judge_move(booking, catalogue, terms)

    def misfits(
        self,
        bookings: Sequence[Booking],
        to: Exam,
        students: Mapping[ContactId, Student],
        catalogue: Catalogue,
        *,
        seated: Collection[BookingId] = (),
    ) -> dict[BookingId, Judgement]:
        """By the student's day, then by the seats that are left, in this order."""
        return moves.misfits(bookings, to, students, catalogue.day_rule, seated=seated)

    def claims(self, items: Sequence[Item]) -> dict[MovementKind, list[ItemKey]]:
        """That of the seat here, which a cancellation needs too: only one of the two may have it.

        The seats move under names of their own, so it is free again when the booking is settled.
        """
        return {MovementKind.SEAT_FREED: [i.booking_id for i in items]} if items else {}

    def movements(self, item: Item) -> list[Movement]:  # noqa: ARG002 - whatever it is
        """No credit."""
        return []

    def note(self, operation: Operation, items: Sequence[Item], catalogue: Catalogue) -> str:  # noqa: ARG002
        """Which bookings were moved, and what they are now."""
        return notes.moved(operation, items)

    def told(self, items: Sequence[Item], catalogue: Catalogue) -> Happened | None:  # noqa: ARG002
        """Which bookings are at another exam now, and what they are called there."""
        return moved("moved", items)

    def confirming(self, plan: Plan) -> str:
        """Move 3 bookings."""
        return f"Move {counted(len(plan.will_change), 'booking')}"


MOVE = _Move()
