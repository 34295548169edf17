"""Warnings of what strangers do: a few, and not each time, or whoever attacks fills the log."""

from __future__ import annotations

import logging
import time

from api.guard.budgets import Budget, Rate

#: Of one logger: so many at once, and then one in ten seconds.
WARNINGS = Rate(burst=5, per_s=0.1)


class Sparing(logging.Filter):
    """Drops warnings beyond a budget; what is worse than a warning always passes."""

    def __init__(self) -> None:
        """All of its budget is there."""
        super().__init__()
        self._left = Budget(WARNINGS)

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether it is logged."""
        return record.levelno > logging.WARNING or self._left.spend(1, time.monotonic())


def sparing(name: str) -> logging.Logger:
    """The logger of this name, which from now on warns sparingly."""
    log = logging.getLogger(name)
    log.addFilter(Sparing())
    return log
