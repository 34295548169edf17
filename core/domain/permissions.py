"""What a plan asks of whoever confirms it (design, section 10)."""

from __future__ import annotations

from core.domain.plans import OperationKind, Plan, Verdict
from core.domain.roles import Act


def act_for(plan: Plan) -> Act:
    """Staff book and cancel for one student at a time; all else in bulk is an admin's.

    So is what is included on purpose: attended bookings, past exams.
    """
    match plan.kind:
        case OperationKind.BOOK:
            free = any(r.credit is None and r.verdict is Verdict.WILL_CHANGE for r in plan.rows)
            return Act.OVERRIDE if free else Act.BOOK_ONE
        case OperationKind.CANCEL if not plan.include:
            whose = {r.contact_id for r in plan.rows if r.verdict is not Verdict.EXCLUDED}
            return Act.BOOK_ONE if len(whose) == 1 and None not in whose else Act.RUN_BATCHES
    return Act.RUN_BATCHES
