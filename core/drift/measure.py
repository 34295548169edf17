"""Measuring: copy lag, use of HubSpot's limit and credits owed, for charts over months."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.credits.catalogue import CreditType
from core.credits.errors import GatewayError, JournalError
from core.drift.store.port import DriftStore
from core.drift.store.trends_port import Gauge, Measure
from core.hubspot.ports.inspection import Quota
from core.mirror.lag import CopyLag
from core.operations.states import OperationState

MOVING = frozenset({OperationState.RUNNING, OperationState.STOPPING})

log = logging.getLogger(__name__)

EVERY = timedelta(minutes=1)
#: Counting what is owed asks both stores: once an hour, and when an operation has ended since, by
#: whichever process is first.
OWED_EVERY = timedelta(hours=1)
#: A refund that runs changes the number while it is counted: it is counted when that has ended,
#: or after so long.
OWED_AT_LATEST = timedelta(hours=2)
FORGET_EVERY = timedelta(hours=1)
#: As long as sweeps are kept.
KEPT = timedelta(days=90)

#: Counting what is owed may take longer; a count that is cut short is made by the next process.
GRACE_S = 2.0


@dataclass(slots=True)
class GaugeRecorder:
    """Each process measures the copies that it made, and what all share. One thread uses it."""

    journal: DriftStore
    lag: CopyLag
    now: Callable[[], datetime]
    #: Names this process among those that measure.
    source: str
    #: None: there is nobody to ask.
    quota: Callable[[], Quota] | None = None
    owed: Callable[[], Mapping[CreditType, int]] | None = None
    _since: datetime | None = None
    _forgot_at: datetime | None = None

    def measure(self) -> list[Measure]:
        """Read every gauge that can be read just now, and keep what it shows.

        Raises:
            JournalError: nothing was kept.
        """
        at = self.now()
        found = [*self._copies(at), *self._used(at), *self._owed(at)]
        self.journal.add_measures(found)
        self._since = at
        if self._forgot_at is None or at - self._forgot_at >= FORGET_EVERY:
            self.journal.forget_measures(before=at - KEPT)
            self._forgot_at = at
        return found

    def _copies(self, at: datetime) -> Iterator[Measure]:
        """Nothing when nothing was copied: no copy is not a quick copy."""
        lag = self.lag.summary(since=self._since or at - EVERY)
        if lag.copies:
            yield self._of(at, Gauge.COPY_LAG_P50, lag.p50_s, weight=lag.copies)
            yield self._of(at, Gauge.COPY_LAG_P99, lag.p99_s, weight=lag.copies)

    def _used(self, at: datetime) -> Iterator[Measure]:
        try:
            quota = self.quota() if self.quota else None
        except GatewayError as error:
            log.warning("the use of HubSpot's limit cannot be read just now: %s", error)
            return
        if quota and quota.limit:
            yield self._of(at, Gauge.QUOTA, quota.used / quota.limit)
        if quota and quota.day_limit and quota.day_left is not None:
            yield self._of(at, Gauge.QUOTA_DAY, 1 - quota.day_left / quota.day_limit)

    def _owed(self, at: datetime) -> Iterator[Measure]:
        if self.owed is None or not self._owed_is_due(at):
            return
        try:
            counted = self.owed()
        except GatewayError as error:
            log.warning("what is owed cannot be counted just now: %s", error)
            return
        for credit, number in counted.items():
            yield self._of(at, Gauge.OWED, number, of=credit)

    def _owed_is_due(self, at: datetime) -> bool:
        last = self.journal.measured_at(Gauge.OWED)
        if last is None or at - last >= OWED_AT_LATEST:
            return True
        ended = self.journal.last_ended()
        if at - last < OWED_EVERY and (ended is None or ended < last):
            return False
        return not self.journal.operations(states=MOVING, limit=1)

    def _of(
        self, at: datetime, gauge: Gauge, value: float, *, of: str = "", weight: float = 1
    ) -> Measure:
        return Measure(
            at=at, gauge=gauge, of=of, source=self.source, value=float(value), weight=float(weight)
        )


@dataclass(slots=True)
class MeasuringThread:
    """Measures once a minute while the process lives. Can be started once."""

    measuring: GaugeRecorder
    every_s: float = EVERY.total_seconds()
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to measure, a minute from now: there is something to see by then."""
        # A daemon: a minute that is not measured is a gap in a line, no more.
        self._thread = threading.Thread(target=self._run, name="measuring", daemon=True)
        self._thread.start()

    def stop(self, grace_s: float) -> None:
        """Let a measure in hand finish, for at most ``grace_s`` seconds, and not for long."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(min(grace_s, GRACE_S))

    def _run(self) -> None:
        while not self._ended.wait(self.every_s):
            try:
                self.measuring.measure()
            except JournalError as error:
                log.warning("a minute was not measured: %s", error)
            except Exception:
                log.exception("measuring stumbled and goes on")
