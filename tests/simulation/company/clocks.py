"""A clock that somebody sets, forth and back, while operations run."""

from __future__ import annotations

from datetime import timedelta

from core.health.clock_watch import ClockWatch
from tests.simulation.world import World

#: The most that it is put forward or back, in seconds.
FARTHEST_S = 7200


class ClockSetter:
    """A companion. ``watched``: a running process notices, as each does every few seconds."""

    def __init__(self, chance: float = 0.03) -> None:
        self.chance = chance
        self.jumps = 0
        self.watch: ClockWatch | None = None

    def act(self, world: World) -> None:
        if self.watch is None:
            self.watch = ClockWatch(world.store, world.clock)
        if world.rng.random() < self.chance:
            self.jumps += 1
            world.set_by = timedelta(seconds=world.rng.randint(-FARTHEST_S, FARTHEST_S))
        self.watch.look()
