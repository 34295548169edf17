"""Second admins say yes and no in the storm: nothing begins without one, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import datetime

import pytest

from core.credits.errors import GatewayError, StateConflict
from core.credits.roles import Actor, Role
from core.operations.approval_rules import SecondAdmin
from core.operations.approve import NotApproved
from core.operations.states import OperationState
from tests.simulation.seeds import Block, blocks
from tests.simulation.test_exactly_once import check
from tests.simulation.world import ADMIN, Crash, Rates, World

BEN = Actor(email="ben@example.test", role=Role.ADMIN)
CY = Actor(email="cy@example.test", role=Role.ADMIN)
#: Between two looks; else the clock is put forward to where nobody may approve any more.
TRIES = 4
BLOCK = 100


class Watched(World):
    """Every batch needs a second admin; three try their luck, the asker among them."""

    def __init__(self, seed: int) -> None:
        people = (ADMIN.email, BEN.email, CY.email)
        rates = Rates(crash=0.05, second_worker=0.15)
        super().__init__(seed, rates, people, SecondAdmin(above_bookings=0))

    def meanwhile(self) -> None:
        for _ in range(TRIES):
            for operation in self.store.operations(states=[OperationState.AWAITING]):
                self._decide(operation.id)

    def _carry(self, operation_id: str) -> datetime | None:
        """While one admin's yes is being read again, another may say yes, or a worker look."""
        if not self.quiet_world and self.rng.random() < 0.2:
            self._decide(operation_id)
        return super()._carry(operation_id)

    def _decide(self, operation_id: str) -> None:
        actor = self.rng.choice([ADMIN, BEN, BEN, CY])
        self.depth += 1
        try:
            with suppress(Crash, GatewayError, StateConflict):
                self._say(operation_id, actor)
        finally:
            self.depth -= 1

    def _say(self, operation_id: str, actor: Actor) -> None:
        """Yes; or no, to what would no longer go as it was asked for."""
        approving = self.process().approvals
        try:
            approving.approve(operation_id, actor)
        except NotApproved:
            if actor is not ADMIN:
                approving.refuse(operation_id, actor, "it changed")


@pytest.mark.parametrize("block", blocks("approvals", range(100), fresh=100, block=BLOCK))
def test_nothing_begins_unapproved_and_what_begins_is_carried_exactly_once(block: Block) -> None:
    seen: Counter[str] = Counter()

    def history(seed: int) -> None:
        world = Watched(seed)
        world.run()
        check(world)
        seen.update(_seen(world))

    block.play(history)

    if block.fixed:
        assert min(seen["begun"], seen["refused"]) > BLOCK / 4, "both happen, or this shows nothing"


def _seen(world: Watched) -> Counter[str]:
    """How many began and were refused, all of them as they should."""
    seen: Counter[str] = Counter()
    for operation_id in world.operations:
        operation = world.store.operation(operation_id)
        whats = [e.what for e in reversed(world.store.events(operation_id=operation_id))]
        seen["refused"] += operation.state is OperationState.CALLED_OFF
        if "running" not in whats or not operation.needs_approval:
            continue  # staff cancel for one student, and nobody is asked
        seen["begun"] += 1
        assert operation.approved_by in {BEN.email, CY.email}, world.seed
        assert 1 == whats.count("approved"), world.seed
        assert whats.index("approved") < whats.index("running"), world.seed
    return seen
