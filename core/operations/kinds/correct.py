"""Correct: balances that others changed at the moment of our write are set right. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.credits.catalogue import Catalogue
from core.credits.records import ChangeName, ItemKey
from core.credits.writes import Movement, MovementKind
from core.operations.foreign import corrections
from core.operations.kinds.base import CreditKind, P, Planners, RowSubject, S, Toolbox
from core.operations.kinds.staff import ByAdmins
from core.operations.kinds.words import KindPage, KindWords, counted
from core.operations.plans import Plan
from core.operations.states import Item, Operation
from core.operations.telling.rules import Happened
from core.operations.verdicts import OperationKind, Why


class _Correct(ByAdmins, CreditKind):
    """Its rows are changes of others, each made up for once."""

    key = OperationKind.CORRECT
    subject = RowSubject.BALANCE
    words = KindWords(
        name="Correction",
        effect="In HubSpot each balance gets what somebody else had changed.",
        row="balance",
        begins="correction begins",
        begin="corrections begin",
        done="corrected",
        moved="",
        item="",
        credit="balance corrected",
        choosing="",
        not_undone="a correction is not undone",
        not_retried="",
        page=KindPage.OPERATIONS,
    )
    one_student = None
    client_word = None
    second_admin = True
    renewable = False
    held = True
    cancels = False
    refunds = False
    claimed_is_begun = False
    mark = None
    follow_ups = frozenset()
    deals_with = frozenset()
    claimed_by_others = Why.CLAIMED

    def afresh(self, planners: Planners[P]) -> P | None:
        """By what others changed, and by the balances."""
        return planners.corrections

    def steps(self, toolbox: Toolbox[S]) -> S:
        """Claim, write, done: no booking is read or marked."""
        return toolbox.correcting

    def claims(self, items: Sequence[Item]) -> dict[MovementKind, list[ItemKey]]:
        """The correction, of each."""
        return {MovementKind.CORRECTION: [item.booking_id for item in items]}

    def movements(self, item: Item) -> list[Movement]:
        """As many single credits as its name says."""
        return corrections.movements(ChangeName(item.booking_id))

    def note(self, operation: Operation, items: Sequence[Item], catalogue: Catalogue) -> str:  # noqa: ARG002
        """No note is left."""
        return ""

    def told(self, items: Sequence[Item], catalogue: Catalogue) -> Happened | None:  # noqa: ARG002
        """Nothing, so far."""
        return None

    def confirming(self, plan: Plan) -> str:
        """Correct 3 balances."""
        return f"Correct {counted(len(plan.will_change), 'balance')}"


CORRECT = _Correct()
