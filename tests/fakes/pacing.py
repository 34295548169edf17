"""What people and apps did within a time, in memory."""

from __future__ import annotations

import threading

from core.access.pacing import Spent, Use


class MemoryUses:
    _lock: threading.RLock
    _uses: list[Use]

    def spend(self, use: Use, *, most: int | None) -> Spent:
        with self._lock:
            of = (use.actor, use.counted)
            self._uses[:] = [
                each
                for each in self._uses
                if each.counted is not use.counted or each.at > use.since
            ]
            mine = [each for each in self._uses if (each.actor, each.counted) == of]
            before = sum(each.number for each in mine)
            if any(each.name == use.name for each in mine):
                return Spent(total=before, kept=True)
            if most is not None and before + use.number > most:
                return Spent(total=before, kept=False)
            self._uses.append(use)
            return Spent(total=before + use.number, kept=True)
