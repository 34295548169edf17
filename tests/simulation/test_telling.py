"""Telling students in the storm: nobody is told twice of an operation, nobody silently untold."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest

from core.credits.errors import StateConflict
from core.credits.records import Kind
from core.hubspot.ports.channels import Channel, TellBy
from core.hubspot.wire.telling import OPERATION
from core.operations.choosing.select import ByReference
from core.operations.states import by_contact
from core.operations.telling.rules import TellingState, affected
from tests.simulation.seeds import Block, blocks
from tests.simulation.world import ADMIN, Crash, Rates, World

#: Students are few in a world, so that faults are many. Not so many that no operation ends in the
#: storm: students are told at its end.
STORM = Rates(crash=0.04, not_sent=0.03, request_lost=0.03, answer_lost=0.06, late=0.03, spend=0.02)
AGAIN_MAX = 30


class Telling(World):
    """Two operations on the same students, who are told of both; a person tells again."""

    def run(self) -> None:
        self.seen: Counter[str] = Counter()
        self.crm.mails_wait = self.rng.random() < 0.3
        for _ in range(2):
            core = self.process()
            chosen = tuple(b for b in self.bookings if self.rng.random() < 0.7) or ("500",)
            plan = core.operation_planner.preview(self.kind, ByReference(references=chosen), ADMIN)
            if plan.will_change:
                core.operation_commands.confirm(plan.id, ADMIN, reason="internal", tell="the storm")
                self.operations.append(plan.id)
        self.quiet_world = False
        self.see_through(self.operations)
        self.holds()
        self._until_all_are_told()
        while self.crm.late:
            self.crm.deliver_late()
        self.holds()

    def meanwhile(self) -> None:
        if self.rng.random() < 0.3:
            self.crm.send_mails()
        if self.rng.random() < 0.2:
            self._again()
        self.holds()

    def _again(self) -> None:
        for operation in self.operations:
            with suppress(Crash, StateConflict):
                self.seen["again"] += self.in_office().student_notices.again(operation, ADMIN)

    def _until_all_are_told(self) -> None:
        """A person tells again those who were not, in the storm as well."""
        for n in range(AGAIN_MAX):
            self.quiet_world = n > AGAIN_MAX // 2
            self.crm.send_mails()
            self._again()
            if not any(map(self.is_carried, self.operations)):
                break
            self.see_through(self.operations)
        else:
            raise AssertionError(f"seed {self.seed}: not all are told")
        for operation in self.operations:
            whose = by_contact(affected(self.store.items(operation)))
            assert dict.fromkeys(whose, 1) == self.told(operation), f"seed {self.seed}"
            self.seen["told"] += len(whose)

    # --- what must hold at any moment

    def told(self, operation: str) -> Counter[str]:
        """How often each student was told of it, by HubSpot's own books."""
        if self.tell_by.channel is Channel.SINGLE_SEND:
            mails = [mail.message for mail in self.crm.mails.values()]
            return Counter(one.contact_id for one in mails if one.operation_id == operation)
        return +Counter(
            {
                record.id: sum(v.value == operation for v in record.versions.get(OPERATION, ()))
                for record in self.crm.truth.all(Kind.CONTACT)
            }
        )

    def holds(self) -> None:
        for operation in self.operations:
            told = self.told(operation)
            assert set(told.values()) <= {1}, f"seed {self.seed}: somebody is told twice: {told}"
            for one in self.store.tellings(operation):
                self.seen[one.state] += 1
                said = f"seed {self.seed}: {one}"
                if one.state is TellingState.TOLD:
                    assert told[one.contact_id] == 1, said
                if one.state in {TellingState.FAILED, TellingState.HELD}:
                    assert told[one.contact_id] == 0, said


@pytest.mark.parametrize("channel", [Channel.SINGLE_SEND, Channel.PROPERTIES])
@pytest.mark.parametrize("block", blocks("telling", range(200, 240), fresh=10))
def test_each_student_is_told_once_whatever_is_lost(channel: Channel, block: Block) -> None:
    seen: Counter[str] = Counter()

    def history(seed: int) -> None:
        world = Telling(seed, STORM, tell_by=TellBy(channel=channel, email_id=7))
        world.run()
        seen.update(world.seen)

    block.play(history)

    assert seen["told"]
    if block.fixed and channel is Channel.SINGLE_SEND:
        assert min(seen["again"], seen[TellingState.UNCLEAR], seen[TellingState.SENDING]) > 0
