"""Where each thing that needs attention is mended, or looked at by who may not mend it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.credits.roles import ALLOWED, Act, Actor
from core.health.facts import Need
from core.health.matters import Matter
from pages.shared import places
from pages.shared.drift import history
from pages.shared.drift.standing import NAMES as SWEEPS
from pages.shared.operations import address
from pages.shared.operations.choosing import choosing
from pages.shared.operations.record import finding
from pages.shared.places import Place

VIEW = "view"
COPIES, WORKERS = {VIEW: "Copies to Supabase"}, {VIEW: "Workers"}
OWED, QUOTA = {history.TAB: "Refunds owed"}, {history.TAB: "HubSpot quota"}


@dataclass(frozen=True, slots=True)
class Link:
    """A page, what is shown of it, and what the link says."""

    place: Place
    says: str
    params: Mapping[str, str | Sequence[str]] = field(default_factory=dict)


LINKS: dict[Matter, Link] = {
    Matter.AUDIT_CHANGED: Link(places.AUDIT, "See what does not fit"),
    Matter.UNUSUAL: Link(places.AUDIT, "See who and when"),
    Matter.DISK_FULL: Link(places.OPERATIONS, "See what waits", {finding.NARROW: "In progress"}),
    Matter.NO_WORKER: Link(places.OPERATIONS, "See workers", WORKERS),
    Matter.TRUTH_AWAY: Link(places.OPERATIONS, "See what waits", {finding.NARROW: "In progress"}),
    Matter.MIRROR_AWAY: Link(places.OPERATIONS, "See what waits", COPIES),
    Matter.UNDECIDED: Link(places.OPERATIONS, "Open"),
    Matter.WRITTEN_OVER: Link(places.OPERATIONS, "Open"),
    Matter.UNCHECKED: Link(places.OPERATIONS, "Open"),
    Matter.FAILED: Link(places.OPERATIONS, "Open"),
    Matter.AWAITING: Link(places.OPERATIONS, "Open", {finding.NARROW: "Awaiting approval"}),
    Matter.ADMIN_AWAITED: Link(places.PEOPLE, "See people"),
    Matter.DEAD_LETTERS: Link(places.OPERATIONS, "See errors", COPIES),
    Matter.DEAD_EVENTS: Link(places.OPERATIONS, "See errors", COPIES),
    Matter.DRIFT: Link(places.DRIFT, "See records"),
    Matter.OWED: Link(places.DRIFT, "See by type", OWED),
    Matter.SWEEP_STUCK: Link(places.DRIFT, "See checks"),
    Matter.LATE: Link(places.OPERATIONS, "See workers", WORKERS),
    Matter.UNSWEPT: Link(places.DRIFT, "Run a check"),
    Matter.WAITING: Link(places.OPERATIONS, "Open", {finding.NARROW: "In progress"}),
    Matter.BEHIND: Link(places.OPERATIONS, "See copies", COPIES),
    Matter.QUOTA: Link(places.DRIFT, "See quota", QUOTA),
    Matter.NEW_ADMIN: Link(places.PEOPLE, "See people"),
}
#: What the same link says to somebody who may mend it there.
MENDS: dict[Matter, str] = {
    Matter.UNDECIDED: "Decide",
    Matter.WRITTEN_OVER: "Correct",
    Matter.FAILED: "Retry or dismiss",
    Matter.AWAITING: "Approve or refuse",
    Matter.DEAD_LETTERS: "Try again",
    Matter.DRIFT: "Repair",
}
OF_OPERATIONS = frozenset(
    {
        Matter.UNDECIDED,
        Matter.WRITTEN_OVER,
        Matter.UNCHECKED,
        Matter.FAILED,
        Matter.AWAITING,
        Matter.WAITING,
    }
)

assert LINKS.keys() == set(Matter), "every matter leads somewhere"


def link_of(need: Need, actor: Actor) -> Link:
    """Where it leads this person."""
    mends = Act.RUN_BATCHES in ALLOWED[actor.role]
    link = LINKS[need.matter]
    if need.matter in OF_OPERATIONS:
        return _to_operations(need, link, mends=mends)
    if need.matter is Matter.OWED and mends:
        return Link(places.BULK_REFUND, "Refund owed", {choosing.BY: choosing.OWED})
    if link.place.act not in ALLOWED[actor.role]:
        return LINKS[Matter.UNUSUAL]  # what admins did with roles stands in the audit
    if need.matter is Matter.LATE and need.of in SWEEPS:
        return LINKS[Matter.SWEEP_STUCK]
    return Link(link.place, MENDS.get(need.matter, link.says) if mends else link.says, link.params)


def _to_operations(need: Need, link: Link, *, mends: bool) -> Link:
    if not need.of:
        return Link(link.place, "See operations", link.params)
    says = MENDS.get(need.matter, link.says) if mends else link.says
    return Link(link.place, says, {address.OPERATION: need.of})
