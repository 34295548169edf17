"""What staff may do themselves: for one student, with nothing included on purpose. Pure."""

from __future__ import annotations

from core.credits.roles import Act
from core.operations.plans import Plan
from core.operations.verdicts import Verdict


def of_one_student(plan: Plan) -> Act:
    """What a plan over chosen bookings asks, where staff may do it for one student at a time."""
    if plan.include:
        return Act.RUN_BATCHES
    whose = {row.contact_id for row in plan.rows if row.verdict is not Verdict.EXCLUDED}
    return Act.BOOK_ONE if len(whose) == 1 and None not in whose else Act.RUN_BATCHES
