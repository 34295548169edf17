"""Late looks: landed writes are compared once more when slow writers have written (section 6, 9).

Outside the operation's own run: it has ended long before. What is found is kept with it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from core.credits.errors import GatewayError, Superseded
from core.operations.foreign.look_at_bookings import BookingLooks
from core.operations.foreign.loss_correction import LossCorrection
from core.operations.foreign.verify import Compared, WriteVerification
from core.operations.leftovers import UNCHECKED
from core.operations.protocol.settle import Settling
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.store.port import OperationStore
from core.work.schedules import Job, Schedule

log = logging.getLogger(__name__)

#: Writes looked at in one go, so that other jobs have their turn.
LOOK_MAX = 2000


@dataclass(frozen=True, slots=True)
class LateLooks:
    """Repeatable at every point: a write stays due until all that follows from it is done."""

    journal: OperationStore
    verification: WriteVerification
    losses: LossCorrection
    bookings: BookingLooks
    settling: Settling
    now: Callable[[], datetime]

    def look(self) -> int:
        """Look at what is due; how many writes were looked at.

        Raises:
            GatewayError: HubSpot, or the journal, did not answer. The rest stays due.
        """
        due = self.journal.to_look_at(self.now(), LOOK_MAX)
        seen = 0
        for operation_id in dict.fromkeys(record.write.operation_id for record in due):
            records = [r for r in due if r.write.operation_id == operation_id]
            try:
                self._operation(operation_id, records)
            except Superseded:
                log.info("operation %s was taken up meanwhile; it looks itself", operation_id)
            else:
                seen += len(records)
        return seen

    def _operation(self, operation_id: str, records: Sequence[WriteRecord]) -> None:
        asked = self.now()
        moved = self.verification.moved(records)
        ids = {record.write.id for record in moved}
        still = [record for record in records if record.write.id not in ids]
        kept = Compared({r.write.id: r.verified or UNCHECKED for r in still})
        if moved:
            found = self.verification.compare(moved)
            kept.verified |= found.verified
            # due until what follows from it is done as well
            self.verification.save(moved, found, at=asked, again=asked)
        self.bookings.look(operation_id, records)
        # what is not known yet is asked for again, also when this was the last look by the clock
        again = self._correct(operation_id)
        self.verification.save(records, kept, at=asked, again=again)

    def _correct(self, operation_id: str) -> datetime | None:
        """When to look again, for not all is known yet; None: it is."""
        open_ = self.journal.open_writes(operation_id=operation_id)
        if not open_ and not self.losses.wanted(operation_id):
            # written, and perhaps not yet compared when its process died
            self.verification.verify(operation_id)
            return None
        run, _ = self.journal.begin_run(operation_id, at=self.now())
        if again := self.settling.settle_open(run, self.losses.then):
            return again
        busy = self.losses.correct(run)
        self.verification.verify(operation_id)
        return self.now() if busy else None


def late_look_jobs(late: LateLooks, schedule: Schedule | None) -> Iterable[Job]:
    """One; cheap when nothing is due."""
    if schedule is not None:
        yield Job(name="late look", schedule=schedule, act=lambda _slot: _look(late))


def _look(late: LateLooks) -> None:
    try:
        late.look()
    except GatewayError as error:
        log.warning("late looks wait: %s", error)
