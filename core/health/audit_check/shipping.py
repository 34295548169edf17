"""Shipping: the head of the audit is kept, on a schedule, outside the database."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime

from core.health.audit_check.heads import ShippedHead, line_of, read_lines
from core.health.audit_check.heads_port import HeadKeeper
from core.health.store.port import HealthStore
from core.work.schedules import Job, Schedule

#: The name of the job.
SHIPS = "shipping of the audit head"


@dataclass(frozen=True, slots=True)
class HeadShipping:
    """``keeper``: None: heads stay in the log and in what ``verify`` prints."""

    journal: HealthStore
    now: Callable[[], datetime]
    keeper: HeadKeeper | None = None
    #: Signs each; "": they are not signed.
    secret: str = field(default="", repr=False)

    def ship(self, _slot: datetime) -> None:
        """For the scheduler. An empty chain has nothing to keep.

        Raises:
            NotDelivered: it is not kept; the next try is the scheduler's.
            JournalError: the head cannot be read.
        """
        head, _ = self.journal.audit_head()
        if self.keeper is not None and head.n:
            shipped = ShippedHead(n=head.n, hash=head.hash, at=self.now())
            self.keeper.ship(line_of(shipped, self.secret))

    def kept(self, text: str = "") -> tuple[list[ShippedHead], list[str]]:
        """The heads that can be read from here, and those of ``text``; and what is wrong with them.

        Raises:
            OSError: they cannot be read now.
        """
        own = self.keeper.kept() if self.keeper is not None else ""
        (heads, faults), (more, wrong) = (read_lines(each, self.secret) for each in (own, text))
        return [*heads, *more], [*faults, *wrong]


def shipping_jobs(shipping: HeadShipping | None, schedule: Schedule | None) -> Iterable[Job]:
    """One, where heads are kept somewhere."""
    if schedule is not None and shipping is not None and shipping.keeper is not None:
        yield Job(name=SHIPS, schedule=schedule, act=shipping.ship)
