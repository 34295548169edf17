"""The facts of the overview: how the desk stands, and whether Supabase matches HubSpot.

Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from core.audit.chain import Link
from core.credits.roles import RoleRequest
from core.credits.room import NOT_KNOWN, Room
from core.drift.sweeps import Sweep
from core.health.matters import HANDLING, Matter, Urgency
from core.operations.states import Operation
from core.operations.verdicts import OperationKind
from core.work.schedules import Late

#: A check that is older proves little of now. The full one runs once a day by default.
STALE_AFTER = timedelta(hours=26)


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsEyes:
    """An operation with bookings, or writes, that a person should look at."""

    operation: Operation
    failed: int = 0
    blocked: int = 0
    #: Writes of contacts and of exams.
    undecided: int = 0
    #: Bookings that somebody else may have refunded.
    unclear: int = 0
    #: Writes that HubSpot's history could not be read for, until it was given up.
    unchecked: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenOver:
    """Changes by others that met an operation's writes, and that somebody has to see to."""

    operation: Operation
    number: int
    #: When the first of them was made.
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAdmin:
    """Somebody who became one, also where the role was withdrawn since."""

    email: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A store, as it last answered."""

    well: bool
    said: str = ""
    #: When it last did as it was asked, where that is known.
    well_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is so now, as far as it is known without asking HubSpot for anything heavy."""

    now: datetime
    #: What an operation of each kind is called.
    names: Mapping[OperationKind, str]
    audit_faults: Sequence[str] = ()
    #: What the audit calls unusual, of the last day, newest first.
    unusual: Sequence[Link] = ()
    workers: int = 1
    #: When a worker was last heard of, if ever.
    worker_at: datetime | None = None
    #: Of the disk under the operational store.
    room: Room = NOT_KNOWN
    #: None: not asked yet.
    truth: Side | None = None
    mirror: Side | None = None
    needs_eyes: Sequence[NeedsEyes] = ()
    written_over: Sequence[WrittenOver] = ()
    #: Those that have not ended.
    unended: Sequence[Operation] = ()
    #: Those that have ended, and whose follow-ups are tried again.
    following_up: Sequence[Operation] = ()
    #: Of the last day, newest first.
    new_admins: Sequence[NewAdmin] = ()
    #: Roles that begin when a second admin approves them.
    admins_awaited: Sequence[RoleRequest] = ()
    dead: int = 0
    dead_since: datetime | None = None
    #: Events for other apps that no receiver took.
    dead_events: int = 0
    due: int = 0
    due_since: datetime | None = None
    #: The last complete one of all rows, since when its oldest record drifts, and how many
    #: records were repaired after it.
    swept: Sweep | None = None
    #: When a full sweep last ended: no other finds rows that have come to be missing since.
    missing_looked_for: datetime | None = None
    drift_since: datetime | None = None
    repaired: int = 0
    #: Newest of their mode, and unable to go on.
    stuck: Sequence[Sweep] = ()
    late: Sequence[Late] = ()
    #: None: never counted.
    owed: int | None = None
    owed_at: datetime | None = None
    #: Part of the account's day that is used up, None where it is not known.
    quota_day: float | None = None

    @property
    def drifting(self) -> int:
        """Records that the last sweep found and no repair has mended since."""
        return max(0, self.swept.drifting - self.repaired) if self.swept else 0

    @property
    def behind(self) -> bool:
        """Whether students see older balances because copies wait."""
        return (
            self.due_since is not None
            and self.now - self.due_since >= HANDLING[Matter.BEHIND].shown_after
        )

    @property
    def stale(self) -> bool:
        """Whether no sweep of all rows, or none that looked for missing ones, speaks of now."""
        return self.swept is None or self._old(self.swept.saved_at) or self.unsearched

    @property
    def unsearched(self) -> bool:
        """Whether rows may be missing in Supabase without a sweep having looked for them."""
        return self.missing_looked_for is None or self._old(self.missing_looked_for)

    def _old(self, at: datetime) -> bool:
        return self.now - at > STALE_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One thing that needs attention, as a line of a list."""

    matter: Matter
    #: What is so, as people read it. Times are left to who shows it.
    told: str
    #: Since when, as far as it is known.
    since: datetime | None = None
    #: The operation, the sweep's mode or the job that it is about; empty: about several or none.
    of: str = ""

    @property
    def urgency(self) -> Urgency:
        """What is asked of people."""
        return HANDLING[self.matter].urgency


class Sight(StrEnum):
    """What students see of their balances."""

    #: A sweep has compared every row, nothing differs, nothing waits.
    TRUE = "true"
    #: Copies wait; they follow by themselves.
    BEHIND = "behind"
    #: Some records are known to differ.
    WRONG = "wrong"
    #: Nothing that speaks of now has compared.
    UNKNOWN = "unknown"


def sight(facts: Facts) -> Sight:
    """Whether what students see is true now: what is known to be wrong counts before the rest."""
    if facts.dead or facts.drifting:
        return Sight.WRONG
    if facts.stale or (facts.mirror is not None and not facts.mirror.well):
        return Sight.UNKNOWN
    return Sight.BEHIND if facts.behind else Sight.TRUE
