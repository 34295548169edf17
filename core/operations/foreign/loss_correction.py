"""Correcting losses: a credit that another writer certainly erased is given again, once.

By the operation that gave it, under the name of the finding: claimed, written, settled and
verified as any other movement.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.audit.store.event_port import Event
from core.credits.records import ChangeName, Kind
from core.credits.writes import Movement, MovementKind, Run
from core.operations.foreign.audit_entries import DESK
from core.operations.foreign.changes import ForeignWrite
from core.operations.foreign.corrections import automatic, correctable, movements, name_of
from core.operations.protocol.settle import Consequences, Ending, Result
from core.operations.protocol.write import Writing
from core.operations.store.port import OperationStore


@dataclass(frozen=True, slots=True)
class LossCorrection:
    """``enabled``: by the setting; else every correction waits for a person."""

    journal: OperationStore
    writing: Writing
    then: Consequences
    now: Callable[[], datetime]
    enabled: bool = True

    def wanted(self, operation_id: str) -> list[ForeignWrite]:
        """What is lost for certain, and that nobody has made up for or is about to."""
        if not self.enabled:
            return []
        found = correctable(self.journal.foreign_writes(operation_id))
        if not found:
            return []
        owners = self.journal.owners([name_of(each) for each in found], MovementKind.CORRECTION)
        moving = self.journal.moving(operation_id, MovementKind.CORRECTION)
        return automatic(
            [
                each
                for each in found
                if owners.get(name_of(each), operation_id) == operation_id
                and name_of(each) not in moving
            ]
        )

    def correct(self, run: Run) -> bool:
        """Give these again. True: not all is known yet, look again. Raises ``GatewayError``."""
        lost = self.wanted(run.operation_id)
        if not lost:
            return False
        names = [name_of(each) for each in lost]
        owners = self.journal.claim(run, names, MovementKind.CORRECTION)
        by_contact: dict[str, list[ChangeName]] = {}
        for each in lost:
            if owners[name_of(each)] == run.operation_id:
                by_contact.setdefault(each.target_id, []).append(name_of(each))
        if not by_contact:
            return False
        wanted: dict[str, list[Movement]] = {
            id_: [m for name in some for m in movements(name)] for id_, some in by_contact.items()
        }
        results = self.writing.write(run, Kind.CONTACT, wanted, self.then)
        self._tell(run, lost, results)
        refused = [
            name
            for id_, some in by_contact.items()
            if results[id_].ending is Ending.REFUSED
            for name in some
        ]
        # it stays on offer: a person may see what stands in its way
        self.journal.release_claims(run, refused, MovementKind.CORRECTION)
        return any(
            result.ending in {Ending.BUSY, Ending.OPEN, Ending.NOT_SENT}
            for result in results.values()
        )

    def _tell(self, run: Run, lost: Sequence[ForeignWrite], results: dict[str, Result]) -> None:
        for each in lost:
            result = results.get(each.target_id)
            if result is not None and result.ending in {Ending.LANDED, Ending.REFUSED}:
                done = result.ending is Ending.LANDED
                detail = {
                    "contact": each.target_id,
                    "credit": each.credit,
                    "by": each.correction,
                    "because": each.conflict.value,
                }
                what = "lost credit given again" if done else "lost credit not given again"
                reason = {} if done else {"reason": result.reason}
                self.journal.record(
                    Event(
                        at=self.now(),
                        actor=DESK,
                        what=what,
                        operation_id=run.operation_id,
                        detail=detail | reason,
                    )
                )
