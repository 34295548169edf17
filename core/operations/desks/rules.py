"""Desks: the stores that write credits on one HubSpot account, and how one is told from another.

A desk is one operational store with the processes that share it. Each write names its desk, so that
a marker in HubSpot tells whose it is (docs/exactly-once.md, A second desk).

Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.credits.records import MARKER, History, Kind
from core.operations.foreign.changes import ForeignWrite

#: Between the desk and the rest of a write's id.
SEPARATOR = "-"
#: A process that has not renewed its entry for so long does not count as running.
LIVE_S = 60.0


def write_id(desk: str, unique: str) -> str:
    """The id of a write by this desk."""
    return f"{desk}{SEPARATOR}{unique}"


def desk_of(marker: str) -> str:
    """The desk that a marker names; empty for one from before desks were named."""
    desk, separator, _ = marker.partition(SEPARATOR)
    return desk if separator else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Takeover:
    """A person's word that this desk may write over what other desks wrote until then."""

    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """A record whose last marked write is unknown to this desk's journal."""

    kind: Kind
    record_id: str
    marker: str
    #: By HubSpot's clock; None when it does not tell.
    at: datetime | None = None

    def told(self, ours: str) -> str:
        """What it means and what to do, for people. ``ours``: this desk's own name."""
        when = "" if self.at is None else f" at {self.at:%d %b %Y %H:%M:%S} UTC"
        desk = desk_of(self.marker)
        what = f"another desk ({desk}) wrote this {self.kind.value[:-1]}{when}"
        if not desk:
            what = f"a desk of an older version wrote this {self.kind.value[:-1]}{when}"
        elif desk == ours:
            what = (
                f"this desk's own store has no record of the last write of this "
                f"{self.kind.value[:-1]}{when}: it was restored from a backup, or a copy of it runs"
            )
        return (
            f"{what} (write {self.marker}). Find out which desk that is "
            "(python -m core desks); only then take over (python -m core takeover)"
        )


def last_marked(history: History | None, marker: str) -> datetime | None:
    """When this marker was set last, None when the history does not tell."""
    versions = (history or {}).get(MARKER, ())
    return next((version.at for version in versions if version.value == marker), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A running process of a desk, as it registers itself."""

    name: str
    desk: str
    host: str
    version: str
    started_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """An entry of the register that all desks of one account share."""

    process: Process
    #: Since it was renewed last, by the register's own clock.
    seen_s: float
    #: The desk that took over from this one; empty: none did.
    taken_over_by: str = ""
    taken_over_at: datetime | None = None

    @property
    def live(self) -> bool:
        """Whether its process runs, as far as the register knows."""
        return self.seen_s <= LIVE_S


def told_of(entries: Iterable[Registered]) -> list[str]:
    """One line for each desk and host, for people."""
    newest: dict[tuple[str, str], Registered] = {}
    for entry in sorted(entries, key=lambda one: -one.seen_s):
        newest[entry.process.desk, entry.process.host] = entry
    return [
        f"desk {desk} on {host} (version {entry.process.version}, seen {entry.seen_s:.0f} s ago)"
        for (desk, host), entry in newest.items()
    ]


def met_another_desk(foreign: ForeignWrite, marker: str) -> str:
    """Two desks wrote one balance at the same moment: what is known of it, for people."""
    desk = desk_of(marker) or "of an older version"
    return (
        f"another desk ({desk}) set {foreign.credit} to {foreign.theirs} on "
        f"{foreign.at:%d %b %Y %H:%M:%S} UTC (write {marker}); this desk had read {foreign.read} "
        f"and then set {foreign.ours}. Whether both gave the same credit is not known: compare the "
        "bookings in both desks"
    )
