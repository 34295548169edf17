"""Processes that stand still in the middle of a step, and wake when others have ended the work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from core.operations.states import ENDED

if TYPE_CHECKING:
    from tests.simulation.world import World

#: Looks of the others while this one stands still.
LOOKS_MAX = 40


@dataclass
class Zombie:
    """Whoever has the turn stands still until others have carried its operation to the end."""

    rate: float = 0.004
    woken: int = 0

    def act(self, world: World) -> None:
        """See ``Companion``."""
        if world.depth != 1 or world.rng.random() >= self.rate:
            return
        for operation in world.operations:
            for _ in range(LOOKS_MAX):
                if world.store.operation(operation).state in ENDED:
                    self.woken += 1
                    break
                again = world.carry(operation)
                world.time = max(world.time, again or world.time)
