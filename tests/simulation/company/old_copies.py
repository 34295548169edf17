"""A cron that copies HubSpot over Supabase from a search that began minutes earlier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from core.credits.records import Kind
from core.mirror.rows import SOURCE_TIME
from tests.simulation.stores import rows_of

if TYPE_CHECKING:
    from core.mirror.port import MirrorRow
    from tests.simulation.world import World

#: Seconds from its search to its writing.
LASTS_S = (5, 600)


@dataclass
class OldCopies:
    """A companion. It writes every row as it read it, and knows nothing of our source time."""

    rate: float = 0.02
    running: bool = False
    runs: int = 0
    #: Rows that held something newer.
    written_over: int = 0

    def act(self, world: World) -> None:
        """See ``Companion``."""
        if self.running or world.rng.random() >= self.rate:
            return
        self.running = True
        found = {kind: rows_of(world.crm, kind) for kind in Kind}
        after = timedelta(seconds=world.rng.uniform(*LASTS_S))
        world.later(after, lambda: self._write(world, found))

    def _write(self, world: World, found: dict[Kind, dict[str, MirrorRow]]) -> None:
        self.running = False
        self.runs += 1
        now = world.time.isoformat()
        for kind, rows in found.items():
            held = {str(row["hubspot_id"]): row for row in world.mirror.page(kind, "", 10**6)}
            for id_, row in rows.items():
                old = {key: value for key, value in row.items() if key != SOURCE_TIME}
                before = held.get(id_, {})
                changed = {key for key in old if before.get(key) != old[key]}
                self.written_over += bool(before and changed)
                if changed:
                    stamps = {"updated_at": now, "synced_at": now}
                    world.mirror.put(kind, {**before, **old, **stamps})
