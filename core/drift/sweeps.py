"""What one sweep did: which records it knew, compared, left alone; and where it stopped. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from core.credits.records import Kind


class SweepMode(StrEnum):
    """Which records a sweep compares."""

    #: All that the mirror holds, and what the last sweep of all rows missed there.
    KNOWN = "known"
    #: Those that HubSpot's search knows to have changed since the last complete one.
    INCREMENTAL = "incremental"
    #: All that HubSpot lists, and all that the mirror holds beside them.
    FULL = "full"
    #: All that HubSpot lists; what the mirror has no row of is copied there.
    COPY = "copy"


class SweepState(StrEnum):
    """Where a sweep stands."""

    #: Nobody has begun it yet.
    ASKED = "asked for"
    #: Under way, or its process died: another goes on from the cursor.
    RUNNING = "running"
    #: HubSpot or the mirror is away; it goes on from the cursor by itself.
    PAUSED = "paused"
    COMPLETE = "complete"
    #: It was paused for so long that what it compared says nothing any more.
    GIVEN_UP = "given up"


SWEEP_ENDED = frozenset({SweepState.COMPLETE, SweepState.GIVEN_UP})


#: Sweeps that change nothing.
READING = (SweepMode.KNOWN, SweepMode.INCREMENTAL, SweepMode.FULL)
#: Sweeps whose findings stand for the whole mirror.
WHOLE = (SweepMode.KNOWN, SweepMode.FULL)


class Pass(StrEnum):
    """One way of going through the records of a kind."""

    MIRROR = "mirror"
    #: Records that the last sweep of all rows found without a row: a narrower look must not
    #: clear what only a wider one can find.
    MISSED = "missed"
    LIST = "list"
    #: Rows of the mirror that HubSpot does not list.
    UNLISTED = "unlisted"
    SEARCH = "search"


PASSES: Mapping[SweepMode, tuple[Pass, ...]] = {
    SweepMode.KNOWN: (Pass.MIRROR, Pass.MISSED),
    SweepMode.INCREMENTAL: (Pass.SEARCH,),
    SweepMode.FULL: (Pass.LIST, Pass.UNLISTED),
    SweepMode.COPY: (Pass.LIST,),
}
#: Sweeps that come upon every record of HubSpot.
LISTING = tuple(mode for mode, passes in PASSES.items() if Pass.LIST in passes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """How far a sweep is, and how long it still takes at the speed it had so far."""

    #: 0 to 1.
    part: float
    left: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """One comparison of truth and mirror, with the proof of its completeness."""

    id: str
    mode: SweepMode
    state: SweepState = SweepState.RUNNING
    #: When its first record was compared; until then, when it was asked for.
    started_at: datetime
    #: Last saved. Of a complete sweep: when it ended.
    saved_at: datetime
    #: A person, "schedule" or "command line".
    asked_by: str = ""
    #: Grows with each process that takes it up, so that an older one can do no more.
    epoch: int = 0
    #: An incremental one finds what changed from here on.
    since: datetime | None = None
    #: Where to go on: the legs done, and the last id or page of the one in hand.
    legs: int = 0
    after: str = ""
    #: Kind to the records it came upon, and to those that it compared on both sides.
    known: Mapping[str, int] = field(default_factory=dict)
    compared: Mapping[str, int] = field(default_factory=dict)
    #: Kind to the records that HubSpot's search knew of when it began; of one that lists them.
    expected: Mapping[str, int] = field(default_factory=dict)
    #: Kind to the rows that the mirror lacked and that it made there. Those that were made before a
    #: crash and not saved are there when it goes on: compared, and not among these.
    copied: Mapping[str, int] = field(default_factory=dict)
    #: Credit type to the credits that HubSpot had on the contacts which it came upon.
    balances: Mapping[str, int] = field(default_factory=dict)
    #: Pages saved so far.
    pages: int = 0
    #: Being written, or in the outbox to be copied, at that moment: not compared.
    left_alone: int = 0
    drifting: int = 0
    unexplained: int = 0
    #: Why it paused, how often in a row, and when it goes on.
    error: str = ""
    failures: int = 0
    next_try_at: datetime | None = None

    @property
    def plan(self) -> tuple[tuple[Kind, Pass], ...]:
        """All its legs, contacts first."""
        return tuple((kind, each) for kind in Kind for each in PASSES[self.mode])

    def foretold(self) -> Foretold | None:
        """How far it is; None as long as nothing can be foretold."""
        total, done = sum(self.expected.values()), sum(self.known.values())
        took = self.saved_at - self.started_at
        if self.ended or not total or not done or took <= timedelta():
            return None
        left = max(0, total - done)
        return Foretold(part=1 - left / total, left=took * (left / done))

    @property
    def complete(self) -> bool:
        """Every record that it knew of was compared, or is accounted for."""
        return self.state is SweepState.COMPLETE

    @property
    def ended(self) -> bool:
        """Nothing more happens to it."""
        return self.state in SWEEP_ENDED
