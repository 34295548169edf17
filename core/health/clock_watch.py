"""Clock watch: notices that this machine's clock was set, says so, and mends what would wait."""

from __future__ import annotations

import logging
import socket
from dataclasses import dataclass, field
from datetime import timedelta

from core.audit.store.event_port import Event
from core.health.store.port import Bounds, HealthStore
from core.mirror.copier import PUT_BACK_MAX
from core.mirror.outgoing.announcer import SLOWEST_S
from core.operations.booking_rules import DAY_KEPT
from core.operations.protocol.leases import LEASE
from core.work.clocks import Jump
from core.work.steady_clock import SteadyClock
from core.workers.scheduler import HOLD

log = logging.getLogger(__name__)

#: How often a running process looks.
LOOK_EVERY_S = 5.0
#: What the events are called.
CLOCK_SET = "clock was set"
#: Another machine's clock may be ahead of this one's by so much and be right.
APART = timedelta(seconds=30)
#: No time is stored further ahead than this: what is, was stored by a clock that was wrong.
MOST = Bounds(
    leases=LEASE + APART,
    days=DAY_KEPT + APART,
    copies=PUT_BACK_MAX + APART,
    events=timedelta(seconds=SLOWEST_S) + APART,
    jobs=HOLD + APART,
    past=APART,
)
#: After the clock was put back, whatever would wait for it is looked at anew.
#: But a student's day, which is let go by name: two bookings must not meet on it.
NOTHING = Bounds(
    leases=timedelta(0),
    days=MOST.days,
    copies=timedelta(0),
    events=timedelta(0),
    jobs=timedelta(0),
    past=timedelta(0),
)


@dataclass(slots=True)
class ClockWatch:
    """One for each process."""

    journal: HealthStore
    clock: SteadyClock
    _told: int = field(default=0, init=False)

    def look(self) -> None:
        """Bring back times that cannot be, and tell of jumps that are new.

        Raises:
            JournalError: it is looked at again at the next look.
        """
        now = self.clock.now()
        noticed, jumps = self.clock.noticed()
        fresh = jumps[len(jumps) - min(len(jumps), noticed - self._told) :]
        put_back = any(jump.by < timedelta(0) for jump in fresh)
        if brought := self.journal.bring_back(now, NOTHING if put_back else MOST):
            log.warning("%d times in the store were ahead of this clock, and count as now", brought)
        for jump in fresh:
            self._tell(jump)
        self._told = noticed

    def _tell(self, jump: Jump) -> None:
        by_s, host = jump.by.total_seconds(), socket.gethostname()
        log.warning("the clock of %s was set by %+.0f s", host, by_s)
        detail = {"by_s": round(by_s, 1), "host": host}
        self.journal.record(Event(at=jump.at, actor="credit desk", what=CLOCK_SET, detail=detail))
