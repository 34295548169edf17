"""Holding: until when a confirmed operation is held, and can be called off."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.undoing import not_before
from core.gateways.ports import Journal


@dataclass(frozen=True, slots=True)
class Holding:
    """The one answer for who confirms and for who approves."""

    journal: Journal
    hold: timedelta
    quiet: timedelta

    def until(self, now: datetime, *, undoes: str = "", at_once: bool = False) -> datetime:
        """``undoes``: the refund that is taken back. Until nothing of it can be on its way."""
        begins = now if at_once else now + self.hold
        if not undoes:
            return begins
        return max(begins, not_before(self.journal.operation(undoes), now, self.quiet))
