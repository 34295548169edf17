"""Times left in the future, of the journal in memory."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime
from typing import Any

from core.credits.records import Kind
from core.credits.room import Room
from core.health.alarm_rules import Alarm
from core.health.store.port import Bounds
from core.mirror.outgoing.rules import OutgoingEvent
from core.work.schedules import SlotRecord


class MemoryTimes:
    _lock: threading.RLock
    _leases: dict[tuple[Kind, str], Any]
    _outbox: dict[tuple[Kind, str], Any]
    _outgoing: dict[str, tuple[OutgoingEvent, datetime]]
    _slots: dict[str, SlotRecord]
    _alarms: dict[str, Alarm]

    #: As of a test that fills the disk.
    left: Room = Room(full=False, free=None)

    def room(self) -> Room:
        return self.left

    def bring_back(self, now: datetime, bounds: Bounds) -> int:
        with self._lock:
            return (
                self._leases_back(now, bounds)
                + self._copies_back(now, bounds)
                + self._events_back(now, bounds)
                + self._slots_back(now, bounds)
                + self._alarms_back(now, bounds)
            )

    def _leases_back(self, now: datetime, bounds: Bounds) -> int:
        brought = 0
        for key, lease in self._leases.items():
            bound = bounds.days if key[0] is Kind.BOOKING else bounds.leases
            if lease.until > now + bound:
                self._leases[key] = replace(lease, until=now)
                brought += 1
        return brought

    def _copies_back(self, now: datetime, bounds: Bounds) -> int:
        brought = 0
        for waiting in self._outbox.values():
            if not waiting.due.dead and waiting.take_at > now + bounds.copies:
                waiting.take_at = now
                waiting.due = replace(waiting.due, next_try_at=None)
                brought += 1
        return brought

    def _events_back(self, now: datetime, bounds: Bounds) -> int:
        late = now + bounds.events
        ahead = [e for e, at in self._outgoing.values() if not e.dead and at > late]
        self._outgoing |= {event.id: (replace(event, next_try_at=None), now) for event in ahead}
        return len(ahead)

    def _slots_back(self, now: datetime, bounds: Bounds) -> int:
        brought = 0
        for job, record in self._slots.items():
            changed: dict[str, datetime] = {}
            if record.held_until > now + bounds.jobs:
                changed["held_until"] = now
            for name in ("slot", "began_at"):
                if getattr(record, name) > now + bounds.past:
                    changed[name] = now
            self._slots[job] = replace(record, **changed)  # type: ignore[arg-type]
            brought += len(changed)
        return brought

    def _alarms_back(self, now: datetime, bounds: Bounds) -> int:
        brought = 0
        for key, alarm in self._alarms.items():
            changed = {
                name: now
                for name in ("since", "well_since")
                if (at := getattr(alarm, name)) is not None and at > now + bounds.past
            }
            self._alarms[key] = replace(alarm, **changed)  # type: ignore[arg-type]
            brought += len(changed)
        return brought
