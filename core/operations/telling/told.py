"""Told: what people see and say of the telling of students: a preview, who was told, tell again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from core.credits.catalogue import Catalogue
from core.credits.errors import StateConflict
from core.credits.roles import Act, Actor
from core.hubspot.ports.channels import Channel, TellBy
from core.hubspot.ports.message import Message
from core.operations.kinds import telling
from core.operations.plans import Plan
from core.operations.protocol.each_item import each_item
from core.operations.states import FollowUps, Item, Operation, by_contact
from core.operations.store.port import OperationStore
from core.operations.telling.rules import TELLABLE_AGAIN, Telling, TellingState, affected
from core.work.engine_port import Engine
from core.work.work import Work, key_of


@dataclass(frozen=True, slots=True)
class StudentNotices:
    """Nothing here sends anything: the follow-ups of an operation do."""

    journal: OperationStore
    engine: Engine
    catalogue: Catalogue
    now: Callable[[], datetime]
    by: TellBy
    #: Raises ``AnotherDesk`` while another desk is at work.
    alone: Callable[[], None]

    def offered(self, plan: Plan) -> bool:
        """Whether the students of this plan can be told."""
        return self.by.channel is not Channel.OFF and self.preview(plan, "") is not None

    def preview(self, plan: Plan, reason: str) -> Message | None:
        """What one student of this plan would be told; None: nobody would be."""
        return telling.preview(plan, reason, self.catalogue)

    def would(self, plan: Plan, reason: str) -> str:
        """The text that one student would be told; what speaks against it, if something does."""
        if found := telling.faults(plan, reason, self.by, self.catalogue):
            return "; ".join(found)
        said = self.preview(plan, reason)
        return said.text if said else ""

    def counts(self, operation: Operation) -> Mapping[TellingState, int]:
        """How many students are in each state; empty: nobody is told of it."""
        if operation.tell is Channel.OFF:
            return {}
        found = self.journal.telling_counts(operation.id)
        return {state: found[state] for state in TellingState if found.get(state)}

    def not_told(self, operation_id: str, actor: Actor) -> list[tuple[Telling, Item]]:
        """Students who were not told, or perhaps not, each with a booking of theirs.

        Raises:
            NotAllowed: this person may not watch operations.
        """
        actor.require(Act.WATCH)
        found = self.journal.tellings(operation_id, states=TELLABLE_AGAIN)
        if not found:
            return []
        ids = {one.contact_id for one in found}
        items = affected(each_item(self.journal, operation_id))
        whose = by_contact(item for item in items if item.contact_id in ids)
        return [(one, whose[one.contact_id][0]) for one in found if one.contact_id in whose]

    def again(self, operation_id: str, actor: Actor) -> int:
        """Have those told who were not, or perhaps not, and no one else. How many.

        Whoever was perhaps mailed before is mailed at most once: HubSpot drops the double.

        Raises:
            NotAllowed: this person may not run batches.
            StateConflict: it has not ended, tells nobody, or everybody was told.
            AnotherDesk: another desk is at work on this account.
        """
        actor.require(Act.RUN_BATCHES)
        self.alone()
        operation = self.journal.operation(operation_id)
        if operation.tell is Channel.OFF:
            told = f"nobody is told of operation {operation_id}"
            raise StateConflict(told, state=operation.state)
        number = self.journal.tell_again(operation_id, at=self.now(), actor=actor.email)
        given_up = operation.follow_ups is FollowUps.GIVEN_UP
        if not number and not given_up:
            raise StateConflict("nobody of it is left to be told again", state=operation.state)
        if operation.follow_ups is not FollowUps.DUE:
            self.journal.move_follow_ups(
                operation_id, FollowUps.DUE, at=self.now(), actor=actor.email
            )
        self.engine.submit(key_of(Work.FOLLOW_UPS, operation_id))
        return number
