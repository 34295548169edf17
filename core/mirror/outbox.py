"""The outbox for people: which copies to Supabase are due or failed, and another try of those."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.credits.records import Kind
from core.credits.roles import Act, Actor
from core.mirror.copier import MirrorCopier
from core.mirror.store.outbox_port import DeadLetters, Due, OutboxState
from core.mirror.store.port import MirrorStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """What is due to the mirror, and what was given up."""

    state: OutboxState
    dead: Sequence[Due]
    #: How many dead letters have each error.
    errors: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class CopyQueries:
    """Whether Supabase is behind, everybody may know; which records, those who may watch."""

    journal: MirrorStore

    def state(self, actor: Actor) -> OutboxState:
        """How many copies are due and failed, as of now.

        Raises:
            NotAllowed: this person may not look anything up.
        """
        actor.require(Act.LOOK_UP)
        return self.journal.outbox()

    def oldest_error(self, actor: Actor) -> str:
        """Why the copy that is due the longest failed last; "": it did not. Raises as ``state``."""
        actor.require(Act.LOOK_UP)
        return next((row.error for row in self.journal.outbox_rows(dead=False, limit=1)), "")

    def pending(self, actor: Actor, *, limit: int) -> list[Due]:
        """Those that are due, the longest first.

        Raises:
            NotAllowed: this person may not watch.
        """
        actor.require(Act.WATCH)
        return self.journal.outbox_rows(dead=False, limit=limit)

    def failed(self, actor: Actor, *, error: str | None = None, limit: int) -> list[Due]:
        """Those that failed for good, of one error or of all. Raises as ``pending``."""
        actor.require(Act.WATCH)
        return self.journal.outbox_rows(dead=True, error=error, limit=limit)

    def errors(self, actor: Actor) -> list[DeadLetters]:
        """Why copies failed for good, the most frequent first. Raises as ``pending``."""
        actor.require(Act.WATCH)
        return self.journal.dead_letters()

    def copies(self, actor: Actor) -> Copies:
        """All of it, in short. Raises as ``pending``."""
        actor.require(Act.WATCH)
        return Copies(
            state=self.journal.outbox(),
            dead=self.journal.outbox_rows(dead=True),
            errors={each.error: each.number for each in self.journal.dead_letters()},
        )


@dataclass(frozen=True, slots=True)
class DeadLetterRetry:
    """HubSpot is right all the while: nothing here changes a credit."""

    journal: MirrorStore
    mirroring: MirrorCopier
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
