"""Correcting: the correction on offer, as an operation like any other (section 6, step 9)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.audit.store.event_port import Event
from core.credits.catalogue import BALANCE_MAX, CreditType
from core.credits.errors import BadList, StateConflict
from core.credits.records import Kind
from core.credits.roles import Act, Actor
from core.credits.typed_reasons import reason_faults
from core.credits.writes import MovementKind
from core.hubspot.ports.crm import Crm
from core.operations.choosing.plan import PLAN_LIFE
from core.operations.choosing.preflight import Preflight
from core.operations.foreign.audit_entries import decided
from core.operations.foreign.changes import Conflict, ForeignWrite
from core.operations.foreign.corrections import (
    Correction,
    correctable,
    correction_of,
    name_of,
    planned,
    row,
)
from core.operations.foreign.words import ForeignFinding, Remedy, remedy
from core.operations.kinds.correct import CORRECT
from core.operations.plans import Plan, Row
from core.operations.states import Operation
from core.operations.store.port import OperationStore


@dataclass(frozen=True, slots=True)
class Corrections:
    """Makes the plan. ``OperationCommands.confirm`` and the engine do the rest, exactly once."""

    crm: Crm
    journal: OperationStore
    preflight: Preflight
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def open(self, operation_id: str, actor: Actor) -> list[ForeignWrite]:
        """Those with a correction that nobody has taken yet.

        Raises:
            NotAllowed: this person may not watch operations.
        """
        actor.require(Act.WATCH)
        found = correctable(self.journal.foreign_writes(operation_id))
        done = self.journal.claimed([name_of(each) for each in found], MovementKind.CORRECTION)
        return [each for each in found if name_of(each) not in done]

    def findings(self, operation_id: str, actor: Actor) -> list[ForeignFinding]:
        """Every change by others that met this operation's writes, with what puts it right.

        Raises:
            NotAllowed: this person may not watch operations.
        """
        actor.require(Act.WATCH)
        return self.standing(operation_id)

    def standing(self, operation_id: str) -> list[ForeignFinding]:
        """As ``findings``, for the report of an operation that its reader may already see."""
        found = self.journal.foreign_writes(operation_id)
        taken = self.journal.claimed([name_of(each) for each in found], MovementKind.CORRECTION)
        contacts = {each.target_id for each in found if each.kind is Kind.CONTACT}
        names = {
            str(item.contact_id): item.contact_name
            for item, _ in (self.journal.items_of(contacts) if contacts else ())
            if item.contact_name
        }
        return [
            ForeignFinding(each, remedy(each, taken), names.get(each.target_id, ""))
            for each in found
        ]

    def decide(self, operation_id: str, name: str, by: int, actor: Actor, why: str) -> int:
        """Say what an unclear change means for the balance: credits due, or 0; ``by`` again.

        What is due is then on offer as a correction.

        Raises:
            NotAllowed: the actor may not run batches.
            BadList: no such unclear change, or nothing says why.
            StateConflict: somebody decided before.
        """
        actor.require(Act.RUN_BATCHES)
        missing = "say how you know: it is kept with the decision"
        if faults := reason_faults(why, missing=missing):
            raise BadList(faults)
        if abs(by) > BALANCE_MAX:
            raise BadList([f"{by:+d} is more than a balance can hold"])
        found = self.journal.foreign_writes(operation_id)
        one = next((each for each in found if name_of(each) == name), None)
        if one is None or one.conflict is not Conflict.UNCLEAR:
            raise BadList([f"operation {operation_id} has no unclear change {name}"])
        at = self.now()
        entry = decided(one, by, actor, why.strip(), operation_id=operation_id, at=at)
        event = Event(
            at=at,
            actor=actor.email,
            what=f"decided that {by:+d} is due for an unclear change",
            operation_id=operation_id,
            detail={"contact": one.target_id, "credit": one.credit, "why": why.strip()},
        )
        if not self.journal.decide_foreign(one, by, entry, event):
            told = f"the change {name} was decided by somebody else"
            raise StateConflict(told, state=Remedy.DECISION)
        return by

    def preview(self, operation_id: str, actor: Actor) -> Plan:
        """Each balance as it is now and as it should be. Stored, and changes nothing.

        Raises:
            NotAllowed: the actor may not run batches.
            UnknownId: there is no such operation.
            BadList: nothing of it is to be corrected.
            NotReady: HubSpot lacks what the writes would need, all of it named.
            GatewayError: HubSpot did not answer; nothing was stored.
        """
        actor.require(Act.RUN_BATCHES)
        self.preflight.check()
        operation = self.journal.operation(operation_id)
        found = correctable(self.journal.foreign_writes(operation_id))
        if not found:
            raise BadList([f"operation {operation_id} has no balance to correct"])
        made_at = self.now()
        plan = Plan(
            id=self.new_id(),
            kind=CORRECT.key,
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
