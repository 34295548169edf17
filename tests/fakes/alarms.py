"""Alarms of the journal in memory."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from core.credits.records import WriteId
from core.health.alarm_rules import Alarm, Trouble
from core.operations.protocol.store.writes_port import WriteRecord


class MemoryAlarms:
    _lock: threading.RLock
    _alarms: dict[str, Alarm]
    _writes: dict[WriteId, WriteRecord]
    _operations: dict[str, Any]

    def alarms(self) -> list[Alarm]:
        with self._lock:
            return sorted(self._alarms.values(), key=lambda alarm: (alarm.since, alarm.key))

    def raise_alarm(self, trouble: Trouble, *, at: datetime) -> bool:
        with self._lock:
            fresh = Alarm(key=trouble.key, title=trouble.title, since=at)
            alarm = replace(
                self._alarms.get(trouble.key, fresh), title=trouble.title, well_since=None
            )
            tell = alarm.told_at is None and alarm.since <= at - trouble.patience
            self._alarms[trouble.key] = replace(alarm, told_at=at) if tell else alarm
            return tell

    def calm_alarm(self, key: str, *, at: datetime, after: timedelta) -> Alarm | None:
        with self._lock:
            alarm = self._alarms.get(key)
            if alarm is None:
                return None
            alarm = self._alarms[key] = replace(alarm, well_since=alarm.well_since or at)
            assert alarm.well_since is not None
            if alarm.well_since > at - after:
                return None
            del self._alarms[key]
            return alarm if alarm.told_at is not None else None
