"""One look at a piece of work: carry it as far as it goes, and survive whatever that throws."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.audit.store.event_port import Event
from core.credits.errors import JournalError, Superseded, UnknownId
from core.work.engine_port import CarryOut
from core.work.vitals_port import NoVitals, Vitals
from core.work.work import Work, parted
from core.workers.store.port import WorkerStore

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

    #: None: the work has ended.
    again: datetime | None
    #: Looks in a row that failed, this one included.
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Looking:
    """Calls ``carry_out``."""

    carry_out: Mapping[Work, CarryOut]
    journal: WorkerStore
    now: Callable[[], datetime]
    executor_id: str
    vitals: Vitals = field(default_factory=NoVitals)

    def look(self, key: str, failures: int) -> Look:
        """``failures``: how many looks failed just before this one."""
        work, id_ = parted(key)
        try:
            again = self.carry_out[work](id_)
        except UnknownId:
            log.exception("%s %s is gone from the journal", work, id_)
            return Look(again=None)
        except Superseded as error:
            log.warning("left to another process: %s", error)
            return Look(again=self.now() + LEFT_TO_ANOTHER)
        except Exception as error:
            log.exception("%s %s failed unexpectedly; it will be tried again", work, id_)
            self.vitals.failed("work", error)
            return self._failed(work, id_, failures + 1, error)
        self.vitals.worked("work")
        return Look(again=again and max(again, self.now() + PAUSE))

    def _failed(self, work: Work, id_: str, failures: int, error: Exception) -> Look:
        wait_s = min(BACKOFF_S * 2.0 ** (failures - 1), BACKOFF_S_MAX)
        at = self.now()
        again = at + timedelta(seconds=wait_s)
        told = f"{type(error).__name__}: {error}"
        of = {} if work is Work.OPERATION else {work.value: id_}
        detail = {**of, "error": told, "times": failures, "next_try_at": again.isoformat()}
        try:
            self.journal.record(
                Event(
                    at=at,
                    actor=self.executor_id,
                    what="failed unexpectedly",
                    operation_id=id_ if work is Work.OPERATION else "",
                    detail=detail,
                )
            )
        except JournalError as also:
            log.error("nor could that be recorded: %s", also)  # noqa: TRY400  (told above)
        return Look(again=again, failures=failures)
