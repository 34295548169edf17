"""Diagnosing: is everything that the desk stands on as it must be, and how to mend what is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.gateways.ports import Journal, Mirror
from core.gateways.ports.inspecting import Finding, Health, Inspecting


@dataclass(frozen=True, slots=True)
class Diagnosing:
    """Looks without changing anything; ``provision`` makes what is missing of our own."""

    truth: Inspecting
    mirror: Mirror
    journal: Journal
    #: Faults of the addresses that notifications go to.
    notification_faults: Callable[[], Sequence[str]] = tuple

    def findings(self) -> list[Finding]:
        """Everything that was looked at, faults first."""
        found = [*self.truth.inspect(), *self._mirror(), *self._notifications(), self._workers()]
        order = [Health.FAULT, Health.WARNING, Health.FINE]
        return sorted(found, key=lambda finding: order.index(finding.health))

    def provision(self) -> list[str]:
        """What was made. Raises ``GatewayError`` when HubSpot did not let us."""
        return self.truth.provision()

    def _mirror(self) -> list[Finding]:
        faults = self.mirror.faults()
        if not faults:
            return [Finding(health=Health.FINE, what="Supabase", said="its schema is as expected")]
        return [Finding(health=Health.FAULT, what="Supabase", said=fault) for fault in faults]

    def _notifications(self) -> list[Finding]:
        return [
            Finding(health=Health.WARNING, what="notifications", said=fault)
            for fault in self.notification_faults()
        ]

    def _workers(self) -> Finding:
        alive = len(self.journal.workers())
        if alive:
            return Finding(health=Health.FINE, what="workers", said=f"{alive} at work")
        mend = "start the app or python -m core worker; until then confirmed operations wait"
        return Finding(health=Health.WARNING, what="workers", said="none is at work", mend=mend)
