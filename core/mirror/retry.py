"""Copies that failed for good are tried again, at a person's word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from core.credits.records import Kind
from core.credits.roles import Act, Actor
from core.mirror.copier import Mirroring
from core.mirror.store.port import MirrorStore


@dataclass(frozen=True, slots=True)
class DeadLetterRetry:
    """HubSpot is right all the while: nothing here changes a credit."""

    journal: MirrorStore
    mirroring: Mirroring
    now: Callable[[], datetime]

    def retry(
        self,
        actor: Actor,
        *,
        kind: Kind | None = None,
        record_id: str | None = None,
        error: str | None = None,
    ) -> int:
        """Make due again those that all of what is given fits; how many were.

        Raises:
            NotAllowed: this person may not; nothing was changed.
        """
        actor.require(Act.RUN_BATCHES)
        at, who = self.now(), actor.email
        number = self.journal.revive(kind=kind, record_id=record_id, error=error, at=at, actor=who)
        if number:
            self.mirroring.nudge()
        return number
