"""Who may confirm an operation: admins alone, or staff too, for one student at a time. Pure."""

from __future__ import annotations

from core.credits.roles import Act
from core.operations.kinds.base import ChosenKind, KindOfOperation
from core.operations.plans import Plan
from core.operations.verdicts import Verdict


class ByAdmins(KindOfOperation):
    """An admin's, even of one row."""

    def act(self, plan: Plan) -> Act:  # noqa: ARG002 - whatever it holds
        """The same of every plan."""
        return Act.RUN_BATCHES

    def act_unread(self, *, batches: bool) -> Act | None:  # noqa: ARG002
        """The same of every plan."""
        return Act.RUN_BATCHES


class ChosenByAdmins(ByAdmins, ChosenKind):
    """The same of bookings that somebody chose."""

    def least(self, *, few: bool) -> Act:  # noqa: ARG002
        """The same of every choice."""
        return Act.RUN_BATCHES


class ChosenForOneStudent(ChosenKind):
    """Staff's for one student at a time, with nothing included on purpose; else an admin's."""

    def act(self, plan: Plan) -> Act:
        """By whose its rows are."""
        if plan.include:
            return Act.RUN_BATCHES
        whose = {row.contact_id for row in plan.rows if row.verdict is not Verdict.EXCLUDED}
        return Act.BOOK_ONE if len(whose) == 1 and None not in whose else Act.RUN_BATCHES

    def act_unread(self, *, batches: bool) -> Act | None:
        """An admin's plan may be large, and whose it is decides nothing."""
        return Act.RUN_BATCHES if batches else None

    def least(self, *, few: bool) -> Act:
        """The rows may ask for more."""
        return Act.BOOK_ONE if few else Act.RUN_BATCHES
