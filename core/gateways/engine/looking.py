"""One look at an operation: carry it out as far as it goes, and survive whatever that throws."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.gateways.errors import JournalError, Superseded, UnknownId
from core.gateways.ports.engine import CarryOut
from core.gateways.ports.journal import Event, Journal

log = logging.getLogger(__name__)

BACKOFF_S = 1.0
BACKOFF_S_MAX = 60.0
#: ``carry_out`` may ask to be called again at once, but not to spin.
PAUSE = timedelta(milliseconds=100)
#: The other one carries it to its end; this one only makes sure.
LEFT_TO_ANOTHER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What a look found. Recorded by DBOS, so that a replay finds the same."""

    #: None: the operation has ended.
    again: datetime | None
    #: Looks in a row that failed, this one included.
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Looking:
    """Calls ``carry_out``."""

    carry_out: CarryOut
    journal: Journal
    now: Callable[[], datetime]
    executor_id: str

    def look(self, operation_id: str, failures: int) -> Look:
        """``failures``: how many looks failed just before this one."""
        try:
            again = self.carry_out(operation_id)
        except UnknownId:
            log.exception("operation %s is gone from the journal", operation_id)
            return Look(again=None)
        except Superseded as error:
            log.warning("left to another process: %s", error)
            return Look(again=self.now() + LEFT_TO_ANOTHER)
        except Exception as error:
            log.exception("operation %s failed unexpectedly; it will be tried again", operation_id)
            return self._failed(operation_id, failures + 1, error)
        return Look(again=again and max(again, self.now() + PAUSE))

    def _failed(self, operation_id: str, failures: int, error: Exception) -> Look:
        wait_s = min(BACKOFF_S * 2.0 ** (failures - 1), BACKOFF_S_MAX)
        at = self.now()
        again = at + timedelta(seconds=wait_s)
        told = f"{type(error).__name__}: {error}"
        detail = {"error": told, "times": failures, "next_try_at": again.isoformat()}
        try:
            self.journal.add_event(
                Event(
                    at=at,
                    actor=self.executor_id,
                    what="failed unexpectedly",
                    operation_id=operation_id,
                    detail=detail,
                )
            )
        except JournalError as also:
            log.error("nor could that be recorded: %s", also)  # noqa: TRY400  (told above)
        return Look(again=again, failures=failures)
