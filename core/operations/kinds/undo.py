"""Undo: credits that a refund gave are taken back, and its marks cleared. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.credits.catalogue import Catalogue
from core.credits.records import ItemKey
from core.credits.writes import Movement, MovementKind
from core.operations.audit_entries import UNMARK
from core.operations.kinds.base import CreditKind, P, Planners, RowSubject, S, Toolbox
from core.operations.kinds.movements import one_credit
from core.operations.kinds.staff import ByAdmins
from core.operations.kinds.words import KindPage, KindWords, counted
from core.operations.plans import Plan
from core.operations.states import Item, Operation
from core.operations.telling.rules import Happened
from core.operations.verdicts import OperationKind, Why


class _Undo(ByAdmins, CreditKind):
    """Takes back one by one, where that is still true (``rules.undos``)."""

    key = OperationKind.UNDO
    subject = RowSubject.BOOKING
    words = KindWords(
        name="Undo",
        effect="In HubSpot each credit is taken from its student again and the booking's refund "
        "mark is cleared, so that it counts as owed and can be refunded anew. Supabase has it a "
        "moment later.",
        row="booking",
        begins="credit is taken back",
        begin="credits are taken back",
        done="owed again",
        moved="taken back",
        item="",
        credit="credit taken back, mark cleared",
        choosing="",
        not_undone="an undo is not undone: refund the bookings again",
        not_retried="",
        page=KindPage.BULK_REFUND,
    )
    one_student = None
    client_word = None
    second_admin = True
    renewable = True
    held = True
    cancels = False
    refunds = False
    claimed_is_begun = False
    mark = UNMARK
    follow_ups = frozenset()
    deals_with = frozenset({OperationKind.UNDO})
    claimed_by_others = Why.BEING_TAKEN_BACK

    def afresh(self, planners: Planners[P]) -> P | None:
        """Against the refund that it undoes."""
        return planners.undos

    def steps(self, toolbox: Toolbox[S]) -> S:
        """Claim, judge again, write, clear the mark."""
        return toolbox.undoing

    def claims(self, items: Sequence[Item]) -> dict[MovementKind, list[ItemKey]]:
        """The taking back, of each."""
        return {MovementKind.UNDO_REFUND: [item.booking_id for item in items]}

    def movements(self, item: Item) -> list[Movement]:
        """Its credit, taken back."""
        return [one_credit(item, MovementKind.UNDO_REFUND, -1)]

    def note(self, operation: Operation, items: Sequence[Item], catalogue: Catalogue) -> str:  # noqa: ARG002
        """No note is left."""
        return ""

    def told(self, items: Sequence[Item], catalogue: Catalogue) -> Happened | None:  # noqa: ARG002
        """Nothing, so far."""
        return None

    def confirming(self, plan: Plan) -> str:
        """Take back 3 credits from 2 students."""
        taken = counted(sum(plan.credits.values()), "credit")
        return f"Take back {taken} from {counted(plan.contacts, 'student')}"


UNDO = _Undo()
