"""Parts of the world that are away for a while: HubSpot's notes, and Supabase."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.world import World


@dataclass
class NotesDown:
    """Notes alone are down, again and again, for up to half an hour."""

    rate: float = 0.02
    times: int = 0

    def act(self, world: World) -> None:
        """See ``Companion``."""
        if world.crm.notes_down or world.rng.random() >= self.rate:
            return
        self.times += 1
        world.crm.notes_down = True
        world.later(timedelta(minutes=world.rng.randint(1, 30)), lambda: _notes_back(world))


def _notes_back(world: World) -> None:
    world.crm.notes_down = False


@dataclass
class MirrorAway:
    """Supabase is away, again and again."""

    rate: float = 0.02
    times: int = 0

    def act(self, world: World) -> None:
        """See ``Companion``."""
        if world.mirror.dead or world.rng.random() >= self.rate:
            return
        self.times += 1
        world.mirror.die()
        world.later(timedelta(seconds=world.rng.randint(1, 600)), world.mirror.come_back)
