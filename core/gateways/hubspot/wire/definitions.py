"""What we need of each property, held against what HubSpot says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from core.domain.portal import Portal
from core.domain.records import MARKER, TOTAL_BOOKINGS, BookingStatus, Kind
from core.gateways.hubspot.wire.records import Json
from core.gateways.hubspot.wire.values import text
from core.gateways.ports.inspecting import Finding, Health

#: How to mend a missing marker.
PROVISION = "Run python -m core provision"
WORDS = frozenset({"string", "enumeration"})
STATUSES = frozenset(s.value for s in BookingStatus if s is not BookingStatus.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one property has to be."""

    #: HubSpot's types that will do; empty: any.
    types: frozenset[str] = frozenset()
    written: bool = False
    unique: bool = False
    #: Options that an enumeration must have.
    options: frozenset[str] = frozenset()
    #: Without it the desk would be wrong, not only poorer.
    vital: bool = False


NUMBER = frozenset({"number"})
COUNTER = Need(types=NUMBER, written=True, vital=True)
OURS = Need(types=frozenset({"string"}), written=True, vital=True)
DAY = Need(types=frozenset({"date"}))

NEEDS: Mapping[Kind, Mapping[str, Need]] = {
    Kind.CONTACT: {MARKER: OURS, "student_id": Need(types=frozenset({"number", "string"}))},
    Kind.BOOKING: {
        "booking_id": Need(types=frozenset({"string"}), unique=True),
        "is_active": Need(types=WORDS, written=True, options=STATUSES, vital=True),
        "token_used": Need(types=WORDS, vital=True),
        "token_refunded": Need(types=WORDS | {"bool"}, written=True, vital=True),
        "token_refunded_at": Need(
            types=frozenset({"number", "datetime"}), written=True, vital=True
        ),
        "token_refund_admin": Need(types=frozenset({"string"}), written=True, vital=True),
        "exam_date": DAY,
        MARKER: OURS,
    },
    Kind.EXAM: {
        MARKER: OURS,
        TOTAL_BOOKINGS: COUNTER,
        "exam_date": DAY,
        "capacity": Need(types=NUMBER),
        "is_active": Need(types=WORDS | {"bool"}),
    },
}


def needs(portal: Portal, kind: Kind) -> dict[str, Need]:
    """What each of our properties of this kind has to be, by our name."""
    told = NEEDS[kind]
    counters = dict.fromkeys(map(str, portal.counters(kind)), COUNTER)
    return {name: {**told, **counters}.get(name, Need()) for name in portal.names(kind)}


def judge(portal: Portal, kind: Kind, definitions: Mapping[str, Json]) -> Iterator[Finding]:
    """A finding for each property. ``definitions`` by HubSpot's name."""
    names = portal.names(kind)
    for ours, need in needs(portal, kind).items():
        theirs = names[ours]
        faults = list(_faults(need, kind, ours, theirs, definitions.get(theirs)))
        health = Health.FAULT if need.vital else Health.WARNING
        what = f"{kind}: property {theirs}"
        for said, mend in faults:
            yield Finding(health=health, what=what, said=said, mend=mend)
        if not faults:
            yield Finding(health=Health.FINE, what=what, said="is as needed")


def _faults(
    need: Need, kind: Kind, ours: str, theirs: str, told: Json | None
) -> Iterator[tuple[str, str]]:
    if told is None or told.get("archived"):
        named = f'Make it in HubSpot, or in portal.toml set [properties.{kind}] {ours} = "..."'
        mend = PROVISION if ours == MARKER else named
        yield "does not exist" if told is None else "is archived", mend
        return
    type_ = text(told.get("type"))
    if need.types and type_ not in need.types:
        wanted = " or ".join(sorted(need.types))
        yield f"is of type {type_}", f"It has to be of type {wanted}: make a new one of that type"
    readonly = (told.get("modificationMetadata") or {}).get("readOnlyValue")
    if need.written and (readonly or told.get("calculated")):
        yield "cannot be written", f"Let {theirs} be a plain property, not a calculated one"
    if need.unique and not told.get("hasUniqueValue"):
        yield "does not hold unique values", "Bookings cannot be found by name until it does"
    held = {text(option.get("value")) for option in told.get("options") or ()}
    if type_ == "enumeration" and (lacking := sorted(need.options - held)):
        yield f"lacks the option {', '.join(lacking)}", "Add it to the property in HubSpot"


def marker_definition(
    portal: Portal, kind: Kind, definitions: Mapping[str, Json]
) -> dict[str, str]:
    """The marker property, in the group of what is written with it."""
    names = portal.names(kind)
    beside = definitions.get(names[next(iter(portal.counters(kind)), "is_active")]) or {}
    return {
        "name": names[MARKER],
        "label": "Credit Desk last write",
        "description": "Names the last write of Credit Desk. Please leave it alone.",
        "groupName": text(beside.get("groupName")) or "contactinformation",
        "type": "string",
        "fieldType": "text",
    }
