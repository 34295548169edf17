"""People in HubSpot who move records to the recycling bin by mistake, and restore them later."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from core.credits.records import Kind

if TYPE_CHECKING:
    from tests.fakes.truth import Record
    from tests.simulation.world import World

#: Seconds until the mistake is seen.
SEEN_AFTER = (0.5, 3, 20, 90, 600)


@dataclass
class Archiver:
    """A companion. One record at a time, of any kind."""

    rate: float = 0.03
    times: int = 0
    away: list[Record] = field(default_factory=list)

    def act(self, world: World) -> None:
        """See ``Companion``."""
        if self.away or world.rng.random() >= self.rate:
            return
        kind = world.rng.choice(list(Kind))
        record = world.rng.choice(list(world.crm.truth.all(kind)))
        world.crm.archive(kind, record.id)
        self.away.append(record)
        self.times += 1
        after = timedelta(seconds=world.rng.choice(SEEN_AFTER))
        world.later(after, lambda: self.restore_all(world))

    def restore_all(self, world: World) -> None:
        """All is as it was."""
        while self.away:
            world.crm.truth.restore(self.away.pop())
