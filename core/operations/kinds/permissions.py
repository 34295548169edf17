"""What a plan asks of people: who may confirm it, and whether a second admin must approve. Pure."""

from __future__ import annotations

from collections import Counter

from core.credits.roles import Act
from core.operations.approval_rules import SecondAdmin, credits_moved, most_of_one
from core.operations.kinds.base import ChosenKind, RowSubject
from core.operations.kinds.registry import kind_of
from core.operations.plans import INCLUDED_BY, Plan
from core.operations.terms import Inclusion
from core.operations.verdicts import OperationKind, Verdict


def act_for(plan: Plan) -> Act:
    """What it asks of whoever confirms it (design, section 10).

    Raises:
        UnknownKind: nobody may confirm what the registry does not know.
    """
    return kind_of(plan.kind).act(plan)


def act_to_see(plan: Plan) -> Act:
    """What it asks of whoever looks at it: one for a single student is on that student's page."""
    whose = {row.contact_id for row in plan.rows}
    return Act.LOOK_UP if len(whose) == 1 and None not in whose else Act.WATCH


def second_admin_asked(second: SecondAdmin, kind: OperationKind) -> bool:
    """Whether any plan of this kind needs a second admin."""
    of = kind_of(kind)
    adjusts = of.subject is RowSubject.ADJUSTMENT
    return of.second_admin and (second.limits_adjustments if adjusts else second.limited)


def second_admin_why(second: SecondAdmin, plan: Plan) -> str:
    """Why this plan needs a second admin ("more than 50 bookings"); empty when it does not.

    What staff may do for one student needs none: the student waits, and it is small.
    """
    if not second_admin_asked(second, plan.kind) or act_for(plan) is not Act.RUN_BATCHES:
        return ""
    if kind_of(plan.kind).subject is RowSubject.ADJUSTMENT:
        return second.adjusted(credits_=credits_moved(plan), of_one=most_of_one(plan))
    return second.exceeded(bookings=len(plan.will_change), credits_=credits_moved(plan))


def includable(plan: Plan) -> dict[Inclusion, int]:
    """How many of its blocked rows each choice would take in; only of bookings that were chosen."""
    if not isinstance(kind_of(plan.kind), ChosenKind):
        return {}
    blocked = (row for row in plan.rows if row.verdict is Verdict.BLOCKED)
    found = Counter(INCLUDED_BY[row.why] for row in blocked if row.why in INCLUDED_BY)
    return {one: found[one] for one in Inclusion if found[one]}
