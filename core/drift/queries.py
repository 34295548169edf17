"""What checks found, what repairs came to, and both over time, for those who may watch.

Reads only. Each method raises ``NotAllowed`` for who may not watch drift.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from core.credits.catalogue import Catalogue
from core.credits.records import Kind
from core.credits.roles import Act, Actor
from core.drift.causes import Cause
from core.drift.repair import repaired_of, repaired_since
from core.drift.repairs import Repair, RepairRow, RowState
from core.drift.store.port import DriftStore
from core.drift.store.trends_port import DriftPage, Gap, Narrow
from core.drift.sweeps import Sweep, SweepMode


@dataclass(frozen=True, slots=True)
class DriftQueries:
    """Of the store alone: asks neither HubSpot nor Supabase."""

    journal: DriftStore
    catalogue: Catalogue

    # checks

    def sweeps(self, actor: Actor, *, modes: Collection[SweepMode] = (), limit: int) -> list[Sweep]:
        """Newest first; of all modes where that filter is empty."""
        actor.require(Act.WATCH)
        return self.journal.sweeps(modes=modes, limit=limit)

    def sweep(self, sweep_id: str, actor: Actor) -> Sweep:
        """Where it stands. Raises ``UnknownId``."""
        actor.require(Act.WATCH)
        return self.journal.sweep(sweep_id)

    def counts(self, sweep_id: str, actor: Actor) -> dict[Cause, int]:
        """How many records drift for each cause."""
        actor.require(Act.WATCH)
        return self.journal.drift_counts(sweep_id)

    def page(
        self, sweep_id: str, narrow: Narrow, actor: Actor, *, limit: int, offset: int = 0
    ) -> DriftPage:
        """Records that drift, the oldest first; ``limit`` 0: only how many there are."""
        actor.require(Act.WATCH)
        return self.journal.drift_page(sweep_id, narrow, limit=limit, offset=offset)

    def gaps(self, sweep_id: str, actor: Actor) -> list[Gap]:
        """Contacts whose balances differ, by credit and by how much."""
        actor.require(Act.WATCH)
        return self.journal.gaps(sweep_id, self.catalogue.keys)

    # repairs

    def repairs(self, actor: Actor, *, limit: int) -> list[Repair]:
        """Newest first, with their counts."""
        actor.require(Act.WATCH)
        return self.journal.repairs(limit=limit)

    def repair(self, repair_id: str, actor: Actor) -> Repair:
        """With its counts. Raises ``UnknownId``."""
        actor.require(Act.WATCH)
        return self.journal.repair(repair_id)

    def repair_rows(
        self,
        repair_id: str,
        actor: Actor,
        *,
        states: Collection[RowState] = (),
        limit: int | None = None,
    ) -> list[RepairRow]:
        """In the order in which they were confirmed; of all states where that filter is empty."""
        actor.require(Act.WATCH)
        return self.journal.repair_rows(repair_id, states=states, limit=limit)

    def repaired(self, sweep: Sweep, actor: Actor) -> int:
        """How many of its drifting records a repair has proved equal since, each counted once."""
        actor.require(Act.WATCH)
        return repaired_of(self.journal, sweep)

    def repaired_since(self, sweep: Sweep, actor: Actor) -> set[tuple[Kind, str]]:
        """Records that a repair, asked for after this check had ended, has proved equal."""
        actor.require(Act.WATCH)
        return repaired_since(self.journal, sweep)
