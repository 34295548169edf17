"""Tells which operational store this process acts on, and whether it was ever used."""

from __future__ import annotations

from dataclasses import dataclass

from core.audit.entries import Sought, What
from core.database.identity import Store
from core.health.store.port import HealthStore


@dataclass(frozen=True, slots=True)
class StoreReport:
    """Reads only, and a few rows at most."""

    journal: HealthStore
    #: The store's URL, without a password.
    address: str

    def look(self) -> Store:
        """The store as it is now. Raises ``JournalError``."""
        head, last = self.journal.audit_head()
        has_operations = bool(self.journal.operations(limit=1))
        # each start records the settings that changed since the last one; the first, all of them
        settings = Sought(what=(What.SETTINGS,))
        has_started = has_operations or bool(self.journal.audit(settings, limit=1))
        return Store(
            address=self.address,
            entries=max(head.n, last),
            has_operations=has_operations,
            has_started=has_started,
        )
