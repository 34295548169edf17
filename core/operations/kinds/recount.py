"""Recount: seat counts of exams are set to what their bookings hold. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.credits.catalogue import Catalogue
from core.operations.kinds.base import P, Planners, RowSubject, S, Toolbox
from core.operations.kinds.staff import ByAdmins
from core.operations.kinds.words import KindPage, KindWords, counted
from core.operations.plans import Plan
from core.operations.states import Item, Operation
from core.operations.telling.rules import Happened
from core.operations.verdicts import OperationKind


class _Recount(ByAdmins):
    """Moves no credit: it has neither claims nor movements of its items."""

    key = OperationKind.RECOUNT
    subject = RowSubject.EXAM
    words = KindWords(
        name="Recount",
        effect="In HubSpot each exam's seat count is set to what its bookings hold.",
        row="exam",
        begins="recount begins",
        begin="recounts begin",
        done="counted anew",
        moved="",
        item="",
        credit="",
        choosing="",
        not_undone="a recount is not undone: count again",
        not_retried="",
        page=KindPage.EXAMS,
    )
    one_student = None
    client_word = None
    second_admin = False
    renewable = False
    held = True
    cancels = False
    refunds = False
    claimed_is_begun = False
    mark = None
    follow_ups = frozenset()
    deals_with = frozenset()

    def afresh(self, planners: Planners[P]) -> P | None:  # noqa: ARG002
        """Nobody approves it: the difference is measured when it is carried out."""
        return None

    def steps(self, toolbox: Toolbox[S]) -> S:
        """Measure, and write the difference."""
        return toolbox.recounting

    def note(self, operation: Operation, items: Sequence[Item], catalogue: Catalogue) -> str:  # noqa: ARG002
        """No note is left."""
        return ""

    def told(self, items: Sequence[Item], catalogue: Catalogue) -> Happened | None:  # noqa: ARG002
        """Nothing, so far."""
        return None

    def confirming(self, plan: Plan) -> str:
        """Set the seat counts of 3 exams."""
        return f"Set the seat counts of {counted(len(plan.will_change), 'exam')}"


RECOUNT = _Recount()
