"""Announcing: events wait in the journal until the receiver of the other apps has taken them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from core.credits.roles import Act, Actor
from core.mirror.copier import wait_s
from core.mirror.outgoing.rules import EventType, OutgoingEvent
from core.mirror.outgoing.store.events_port import EventSender, NotDelivered
from core.mirror.store.outbox_port import OutboxState
from core.mirror.store.port import MirrorStore
from core.work.clocks import within

log = logging.getLogger(__name__)

#: Events in one request.
BATCH_MAX = 100
#: Whoever takes events has so long to send them.
HOLD = timedelta(seconds=60)
#: The longest that one request may take: a process whose hold ends sooner begins none.
SENDING_MAX = timedelta(seconds=30)
#: After so many failures an event is sent alone: one that is refused holds up no other.
ALONE_AFTER = 3
#: 1 s doubling to half an hour: with so many tries about a day.
TRIES_MAX = 58
SLOWEST_S = 1_800.0
#: A process sends again after a failure no sooner than this: the receiver is likely to be away.
REST = timedelta(seconds=5)


@dataclass(slots=True, kw_only=True)
class EventAnnouncer:
    """``sender`` None: nobody is told, and the journal keeps no events."""

    journal: MirrorStore
    sender: EventSender | None
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    #: 0..1, for jitter.
    chance: Callable[[], float]
    _failed_at: datetime | None = field(default=None, init=False)

    def drain(self) -> int:
        """Send what is due until nothing is, or the receiver fails; how many it took.

        Raises:
            JournalError: the operational store does not answer.
        """
        sent = 0
        while self.sender is not None and not self._rests():
            now = self.now()
            until = now + HOLD
            taken = self.journal.take_outgoing(now=now, until=until, limit=BATCH_MAX)
            if not taken:
                return sent
            for batch in _batches(taken):
                if self.now() + SENDING_MAX > until:  # the rest are whoever's takes them then
                    return sent
                sent += self._send(self.sender, batch)
        return sent

    def _rests(self) -> bool:
        return self._failed_at is not None and within(self._failed_at, self.now(), REST)

    def _send(self, sender: EventSender, batch: Sequence[OutgoingEvent]) -> int:
        try:
            sender.send(batch)
        except NotDelivered as error:
            log.warning("%d events for other apps were not taken: %s", len(batch), error)
            self._failed(batch, str(error))
            return 0
        self.journal.outgoing_sent([event.id for event in batch])
        self._failed_at = None
        return len(batch)

    def _failed(self, batch: Sequence[OutgoingEvent], error: str) -> None:
        now = self.now()
        self._failed_at = now
        self.journal.outgoing_failed([self._tried(event, error, now) for event in batch])

    def _tried(self, event: OutgoingEvent, error: str, now: datetime) -> OutgoingEvent:
        attempts = event.attempts + 1
        if attempts >= TRIES_MAX:
            return replace(event, attempts=attempts, error=error, dead=True, next_try_at=None)
        again = now + timedelta(seconds=wait_s(attempts, self.chance(), SLOWEST_S))
        return replace(event, attempts=attempts, error=error, next_try_at=again)

    # for people

    def state(self, actor: Actor) -> OutboxState | None:
        """How many are due and given up; None: nobody is told of changes.

        Raises:
            NotAllowed: this person may not watch operations.
        """
        actor.require(Act.WATCH)
        return None if self.sender is None else self.journal.outgoing()

    def dead(self, actor: Actor, limit: int = 200) -> list[OutgoingEvent]:
        """Those that were given up, the oldest first.

        Raises:
            NotAllowed: this person may not watch operations.
        """
        actor.require(Act.WATCH)
        return self.journal.outgoing_rows(dead=True, limit=limit)

    def retry(self, actor: Actor) -> int:
        """Make those that were given up due again; how many.

        Raises:
            NotAllowed: this person may not; nothing was changed.
        """
        actor.require(Act.RUN_BATCHES)
        number = self.journal.revive_outgoing(at=self.now(), actor=actor.email)
        self._failed_at = None
        return number

    def fault(self) -> str | None:
        """Why the receiver does not take a test event; "": it does. None: there is no receiver."""
        if self.sender is None:
            return None
        event = OutgoingEvent(id=self.new_id(), type=EventType.TEST, at=self.now())
        try:
            self.sender.send([event])
        except NotDelivered as error:
            return str(error)
        return ""


def _batches(taken: Sequence[OutgoingEvent]) -> list[list[OutgoingEvent]]:
    """In order; those that failed often, each alone."""
    together = [event for event in taken if event.attempts < ALONE_AFTER]
    alone = [[event] for event in taken if event.attempts >= ALONE_AFTER]
    return [*([together] if together else []), *alone]
