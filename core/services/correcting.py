"""Correcting: the correction on offer, as an operation like any other (section 6, step 9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.domain.corrections import Correction, correctable, correction_of, name_of, planned, row
from core.domain.credits import CreditType
from core.domain.foreign_writes import ForeignWrite
from core.domain.operations import Operation
from core.domain.plans import OperationKind, Plan, Row
from core.domain.roles import Act, Actor
from core.domain.selections import BadList
from core.domain.writes import MovementKind
from core.gateways.ports import Crm, Journal
from core.services.planning import PLAN_LIFE
from core.services.preflight import Preflight


@dataclass(frozen=True, slots=True)
class Correcting:
    """Makes the plan. ``Operating.confirm`` and the engine do the rest, exactly once."""

    crm: Crm
    journal: Journal
    preflight: Preflight
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def open(self, operation_id: str, actor: Actor) -> list[ForeignWrite]:
        """Changes of others that this operation wrote over and nobody has made up for.

        Raises:
            NotAllowed: this person may not watch operations.
        """
        actor.require(Act.WATCH)
        found = correctable(self.journal.foreign_writes(operation_id))
        done = self.journal.claimed([name_of(each) for each in found], MovementKind.CORRECTION)
        return [each for each in found if name_of(each) not in done]

    def preview(self, operation_id: str, actor: Actor) -> Plan:
        """Each balance as it is now and as it should be. Stored, and changes nothing.

        Raises:
            NotAllowed: the actor may not run batches.
            UnknownId: there is no such operation.
            BadList: it wrote over nobody's change.
            NotReady: HubSpot lacks what the writes would need, all of it named.
            GatewayError: HubSpot did not answer; nothing was stored.
        """
        actor.require(Act.RUN_BATCHES)
        self.preflight.check()
        operation = self.journal.operation(operation_id)
        found = correctable(self.journal.foreign_writes(operation_id))
        if not found:
            raise BadList([f"operation {operation_id} wrote over no change of somebody else"])
        made_at = self.now()
        plan = Plan(
            id=self.new_id(),
            kind=OperationKind.CORRECT,
            selection=_words(operation),
            made_by=actor.email,
            made_at=made_at,
            expires_at=made_at + PLAN_LIFE,
            rows=self._rows([correction_of(each) for each in found]),
        )
        self.journal.save_plan(plan)
        return plan

    def afresh(self, plan: Plan) -> tuple[Row, ...]:
        """The same corrections, judged on fresh reads.

        Raises:
            NotReady, GatewayError: as ``preview``.
        """
        self.preflight.check()
        return self._rows([planned(each) for each in plan.rows])

    def _rows(self, wrong: Sequence[Correction]) -> tuple[Row, ...]:
        done = self.journal.claimed([each.name for each in wrong], MovementKind.CORRECTION)
        contacts = self.crm.contacts({each.contact_id for each in wrong})
        running: dict[tuple[str, CreditType], int] = {}
        rows = []
        for each in wrong:
            contact = contacts.get(each.contact_id)
            key = (contact.id if contact else each.contact_id, each.credit)
            now = running.get(key, contact.balances.get(each.credit) if contact else None)
            made = row(each, contact, done=each.name in done, balance=now)
            if made.after is not None:
                running[key] = made.after
            rows.append(made)
        return tuple(rows)


def _words(operation: Operation) -> str:
    return f"what others changed during the {operation.kind} of {operation.selection}"
