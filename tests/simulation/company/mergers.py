"""People in HubSpot who merge duplicates while operations run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from core.credits.records import Kind

if TYPE_CHECKING:
    from tests.simulation.world import World


@dataclass
class Merger:
    """A companion. Two records of a kind become one, at any moment of anybody's work.

    ``while_written``: only at the worst, while what became of some write is not known.
    """

    kinds: Sequence[Kind]
    rate: float = 0.02
    most: int = 2
    while_written: bool = False
    #: By the id that a record has from then on.
    merged: dict[str, datetime] = field(default_factory=dict)

    def act(self, world: World) -> None:
        """See ``Companion``."""
        if len(self.merged) >= self.most or world.rng.random() >= self.rate:
            return
        if self.while_written and not world.store.open_writes():
            return
        kind = world.rng.choice(self.kinds)
        living = [record.id for record in world.crm.truth.all(kind)]
        if len(living) > 1:
            self.merged[world.crm.merge(kind, *world.rng.sample(living, 2))] = world.time
