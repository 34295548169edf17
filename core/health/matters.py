"""All that may be wrong, in one list: how urgent it is, who is told of it, and since when.

*Overview* shows all of it, messages tell what has ``told_after``, and ``/api/readyz`` fails for
what has ``unready_after``. Source: docs/operating.md, *All that may be wrong*.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Urgency(StrEnum):
    """What is asked of people, the most urgent first."""

    #: Credits or their record may be wrong, or nothing goes on.
    NOW = "act now"
    #: It stays as it is until somebody says or does something.
    PERSON = "needs a person"
    #: It goes on by itself, and is worth knowing of.
    WATCH = "watch"


class Matter(StrEnum):
    """What may need attention, in the order in which it is told."""

    AUDIT_CHANGED = "audit changed"
    UNUSUAL = "unusual"
    DISK_FULL = "disk full"
    NO_WORKER = "no worker"
    TRUTH_AWAY = "HubSpot away"
    MIRROR_AWAY = "Supabase away"
    UNDECIDED = "undecided"
    WRITTEN_OVER = "written over"
    UNCHECKED = "not checked"
    FAILED = "failed or blocked"
    AWAITING = "awaiting approval"
    ADMIN_AWAITED = "admin awaits approval"
    DEAD_LETTERS = "dead letters"
    DEAD_EVENTS = "dead events"
    DRIFT = "drift"
    OWED = "owed"
    SWEEP_STUCK = "sweep cannot go on"
    LATE = "late"
    UNSWEPT = "not compared"
    WAITING = "waiting"
    BEHIND = "copies due"
    QUOTA = "quota"
    NEW_ADMIN = "new admin"


AT_ONCE = timedelta(0)
#: HubSpot and Supabase go away for minutes, and what waits for them goes on by itself.
PATIENCE = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What becomes of one matter. Times count from when it began."""

    urgency: Urgency
    #: It is a line of *Overview* after so long: what ends by itself within moments is none.
    shown_after: timedelta = AT_ONCE
    #: A message tells of it after so long. None: none does.
    told_after: timedelta | None = None
    #: A message tells that it is over, too. What was done or asked for is never over.
    ends: bool = True
    #: The desk counts as not ready after so long. None: it can do its work all the same.
    unready_after: timedelta | None = None


NOW, PERSON, WATCH = Urgency
HANDLING: dict[Matter, Handling] = {
    Matter.AUDIT_CHANGED: Handling(urgency=NOW, told_after=AT_ONCE),
    Matter.UNUSUAL: Handling(urgency=NOW, told_after=AT_ONCE, ends=False),
    # A full one keeps no alarm either: it is told of while it is nearly full.
    Matter.DISK_FULL: Handling(urgency=NOW, told_after=AT_ONCE, unready_after=AT_ONCE),
    # Who would tell that nobody works? Its jobs come late, and any process tells that.
    Matter.NO_WORKER: Handling(urgency=NOW, unready_after=AT_ONCE),
    # What waits for them is told, by whichever process looks.
    Matter.TRUTH_AWAY: Handling(urgency=NOW, unready_after=AT_ONCE),
    Matter.MIRROR_AWAY: Handling(urgency=NOW, unready_after=AT_ONCE),
    Matter.UNDECIDED: Handling(urgency=PERSON, told_after=AT_ONCE),
    Matter.WRITTEN_OVER: Handling(urgency=PERSON, told_after=AT_ONCE),
    Matter.UNCHECKED: Handling(urgency=PERSON),
    # Who confirmed it is told by its page.
    Matter.FAILED: Handling(urgency=PERSON),
    Matter.AWAITING: Handling(urgency=PERSON, told_after=AT_ONCE, ends=False),
    Matter.ADMIN_AWAITED: Handling(urgency=PERSON, told_after=AT_ONCE, ends=False),
    Matter.DEAD_LETTERS: Handling(urgency=PERSON, told_after=AT_ONCE),
    Matter.DEAD_EVENTS: Handling(urgency=PERSON, told_after=AT_ONCE),
    # Told above a number of them, which the settings give.
    Matter.DRIFT: Handling(urgency=PERSON, told_after=AT_ONCE),
    Matter.OWED: Handling(urgency=PERSON),
    # One that was given up goes on by nobody, and is told at once.
    Matter.SWEEP_STUCK: Handling(urgency=PERSON, told_after=PATIENCE),
    Matter.LATE: Handling(urgency=PERSON, told_after=AT_ONCE),
    Matter.UNSWEPT: Handling(urgency=PERSON),
    Matter.WAITING: Handling(urgency=WATCH, told_after=PATIENCE),
    # Copies take milliseconds, and follow an outage within a minute.
    Matter.BEHIND: Handling(
        urgency=WATCH,
        shown_after=timedelta(seconds=30),
        told_after=PATIENCE,
        unready_after=timedelta(minutes=5),
    ),
    Matter.QUOTA: Handling(urgency=WATCH),
    # Also one whose role was withdrawn at once.
    Matter.NEW_ADMIN: Handling(urgency=WATCH, told_after=AT_ONCE, ends=False),
}
_URGENCIES = dict.fromkeys(each.urgency for each in HANDLING.values())

assert list(HANDLING) == list(Matter), "every matter is handled, in its order"
assert [*_URGENCIES] == list(Urgency), "matters stand by their urgency"
