"""Adjust: credits given or taken, and balances set, on an admin's word. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from core.credits.adjustments import named, replaces
from core.credits.catalogue import Catalogue
from core.credits.records import ItemKey
from core.credits.writes import Movement, MovementKind
from core.operations.approval_rules import credits_moved
from core.operations.kinds import notes
from core.operations.kinds.base import CreditKind, FollowUp, P, Planners, RowSubject, S, Toolbox
from core.operations.kinds.staff import ByAdmins
from core.operations.kinds.words import KindPage, KindWords, counted
from core.operations.plans import Plan
from core.operations.states import ENDED, Item, Operation
from core.operations.telling.rules import Happened
from core.operations.verdicts import OperationKind, Why


class _Adjust(ByAdmins, CreditKind):
    """Its rows are changes of balances, each made once. It is undone by the opposite changes."""

    key = OperationKind.ADJUST
    subject = RowSubject.ADJUSTMENT
    words = KindWords(
        name="Adjustment",
        effect="In HubSpot each balance is changed as its row says, and a note left on the "
        "student's timeline. Supabase has it a moment later. No balance goes below 0.",
        row="balance",
        begins="adjustment begins",
        begin="adjustments begin",
        done="adjusted",
        moved="",
        item="",
        credit="balance adjusted",
        choosing="",
        not_undone="",
        not_retried="",
        page=KindPage.ADJUST_CREDITS,
    )
    one_student = None
    client_word = None
    second_admin = True
    renewable = True
    held = True
    cancels = False
    refunds = False
    claimed_is_begun = False
    mark = None
    follow_ups = frozenset({FollowUp.NOTES})
    #: Under the same name: the request of two previews is one.
    deals_with = frozenset({OperationKind.ADJUST})
    claimed_by_others = Why.ADJUSTED

    def afresh(self, planners: Planners[P]) -> P | None:
        """By the balances."""
        return planners.adjustments

    def steps(self, toolbox: Toolbox[S]) -> S:
        """Claim, look at the balance once more, write, done."""
        return toolbox.adjusting

    def claims(self, items: Sequence[Item]) -> dict[MovementKind, list[ItemKey]]:
        """The change, of each, by its name."""
        return {MovementKind.ADJUSTMENT: [item.booking_id for item in items]}

    def movements(self, item: Item) -> list[Movement]:
        """Its whole change, as its name says."""
        one = named(item.booking_id)
        return [
            Movement(
                booking_id=item.booking_id,
                kind=MovementKind.ADJUSTMENT,
                credit=one.credit,
                delta=one.by,
            )
        ]

    def note(self, operation: Operation, items: Sequence[Item], catalogue: Catalogue) -> str:
        """Each balance before and after, and why."""
        told = "; ".join(_noted(item, catalogue) for item in items)
        return f"Credits adjusted by Credit Desk: {told}. {notes.signed(operation)}"

    def told(self, items: Sequence[Item], catalogue: Catalogue) -> Happened | None:  # noqa: ARG002
        """Nothing, so far."""
        return None

    def confirming(self, plan: Plan) -> str:
        """Adjust 3 balances of 2 students by 5 credits."""
        balances = counted(len(plan.will_change), "balance")
        by = counted(credits_moved(plan), "credit")
        return f"Adjust {balances} of {counted(plan.contacts, 'student')} by {by}"

    def not_undone(self, operation: Operation) -> str:
        """It is taken back once: who wants the credits again grants them."""
        if operation.undoes:
            return "what takes an adjustment back is not undone: adjust the balances again"
        if operation.state not in ENDED:
            return f"the adjustment is {operation.state}: it can be undone when it has ended"
        return ""


def _noted(item: Item, catalogue: Catalogue) -> str:
    one = named(item.booking_id, item.booking_name)
    text = replaces(item.booking_id)
    before = item.before if text is None else repr(text)
    by = "" if item.before is None or item.after is None else f" ({item.after - item.before:+d})"
    why = f", {one.reason}" if one.reason else ""
    label = catalogue.by_key(one.credit).label
    return f"{label} {before} → {item.after}{by if text is None else ''}{why}"


ADJUST = _Adjust()
