"""Holding: until when a confirmed operation is held, and can be called off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.operations.kinds.rules.undos import last_sent
from core.operations.store.port import OperationStore
from core.work.steady_clock import QuietPeriod


@dataclass(frozen=True, slots=True)
class Holding:
    """The one answer for who confirms and for who approves."""

    journal: OperationStore
    hold: timedelta
    quiet: QuietPeriod

    def until(self, now: datetime, *, undoes: str = "", at_once: bool = False) -> datetime:
        """``undoes``: the refund that is taken back. Until nothing of it can be on its way."""
        begins = now if at_once else now + self.hold
        if not undoes:
            return begins
        refund = self.journal.operation(undoes)
        last = last_sent(refund, now)
        return max(begins, now + self.quiet.left(last))
