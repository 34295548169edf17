"""Admins who do not wait: they stop what runs, and take up again what was stopped or failed."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from core.credits.errors import GatewayError, StateConflict
from core.operations.states import ENDED, OperationState

if TYPE_CHECKING:
    from tests.simulation.world import World

#: A person gives up at some time; else no history would end.
ACTS_MAX = 6


@dataclass
class StopAndRetry:
    """Stops and retries, at any moment of anybody's work."""

    rate: float = 0.03
    done: Counter[str] = field(default_factory=Counter)

    def act(self, world: World) -> None:
        """See ``Companion``."""
        if self.done.total() >= ACTS_MAX or world.rng.random() >= self.rate:
            return
        operation = world.rng.choice(world.operations)
        state = world.store.operation(operation).state
        with suppress(StateConflict, GatewayError):
            if state in ENDED:
                world.in_office().operation_commands.retry(operation, world.admin)
                self.done["retried"] += 1
            elif state is OperationState.RUNNING:
                world.in_office().operation_commands.stop(operation, world.admin)
                self.done["stopped"] += 1
