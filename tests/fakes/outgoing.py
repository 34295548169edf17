"""Events for other apps, in memory. Held to the SQL one by tests/contract/journal."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from core.audit.entries import Entry
from core.mirror.outgoing.rules import OutgoingEvent, event_of
from core.mirror.outgoing.store.events_port import NotDelivered
from core.mirror.store import audit_entries
from core.mirror.store.outbox_port import OutboxState
from core.mirror.store.rules import AT_ONCE


class MemoryOutgoing:
    _lock: threading.RLock
    #: By id, in the order in which they were saved; each with from when on it may be taken.
    _outgoing: dict[str, tuple[OutgoingEvent, datetime]]
    announces: bool
    _announced: int
    record: Callable[..., Any]

    def _announce(self, entries: Sequence[Entry]) -> None:
        for entry in entries if self.announces else ():
            self._announced += 1
            event = event_of(entry, f"event-{self._announced}")
            if event is not None:
                self._outgoing[event.id] = event, AT_ONCE

    def take_outgoing(self, *, now: datetime, until: datetime, limit: int) -> list[OutgoingEvent]:
        with self._lock:
            ready = [e for e, at in self._outgoing.values() if not e.dead and at <= now][:limit]
            self._outgoing |= {event.id: (event, until) for event in ready}
            return ready

    def outgoing_sent(self, ids: Collection[str]) -> None:
        with self._lock:
            for id_ in ids:
                self._outgoing.pop(id_, None)

    def outgoing_failed(self, events: Sequence[OutgoingEvent]) -> None:
        with self._lock:
            for event in events:
                if event.id in self._outgoing:
                    self._outgoing[event.id] = event, event.next_try_at or AT_ONCE

    def outgoing(self) -> OutboxState:
        with self._lock:
            due = [event.at for event, _ in self._outgoing.values() if not event.dead]
            dead = len(self._outgoing) - len(due)
            return OutboxState(due=len(due), dead=dead, oldest=min(due, default=None))

    def outgoing_rows(self, *, dead: bool, limit: int = 200) -> list[OutgoingEvent]:
        with self._lock:
            return [e for e, _ in self._outgoing.values() if e.dead is dead][:limit]

    def revive_outgoing(self, *, at: datetime, actor: str) -> int:
        with self._lock:
            dead = self.outgoing_rows(dead=True, limit=len(self._outgoing))
            for event in dead:
                again = replace(event, dead=False, attempts=0, next_try_at=None)
                self._outgoing[event.id] = again, AT_ONCE
            if dead:
                self.record(audit_entries.events_revived(len(dead), at=at, by=actor))
            return len(dead)


@dataclass
class FakeReceiver:
    """``EventSender``: takes what it is sent, unless ``refuse`` says why not."""

    refuse: Callable[[Sequence[OutgoingEvent]], str] = lambda _: ""
    requests: list[list[OutgoingEvent]] = field(default_factory=list)

    def send(self, events: Sequence[OutgoingEvent]) -> None:
        if why := self.refuse(events):
            raise NotDelivered(why)
        self.requests.append(list(events))

    @property
    def taken(self) -> list[OutgoingEvent]:
        return [event for request in self.requests for event in request]
