"""What we need of each property, held against what HubSpot says of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from core.credits.account import Portal
from core.credits.catalogue import ADMIN_OVERRIDE
from core.credits.records import FORFEITED, HANDS, MARKER, TOTAL_BOOKINGS, BookingStatus, Kind
from core.credits.sessions import Opening
from core.hubspot.ports.inspection import Finding, Health
from core.hubspot.wire.records import Json
from core.hubspot.wire.values import text

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
    #: Options that an enumeration must have: what is written, and what is decided by.
    options: frozenset[str] = frozenset()
    #: Whether a yes and no will do, if it has other values to be written in the portal.
    worded: bool = False
    #: Without it the desk would be wrong, not only poorer.
    vital: bool = False


NUMBER = frozenset({"number"})
COUNTER = Need(types=NUMBER, written=True, vital=True)
OURS = Need(types=frozenset({"string"}), written=True, vital=True)
DAY = Need(types=frozenset({"date"}))
#: As a text of the school's clock, or as a moment.
CLOCK = Need(types=WORDS | {"datetime", "number"})
#: By which a booking is known to be the desk's own.
NOTED = Need(types=frozenset({"string"}), written=True)
OPENINGS = frozenset(opening.value for opening in Opening)

NEEDS: Mapping[Kind, Mapping[str, Need]] = {
    Kind.CONTACT: {MARKER: OURS, "student_id": Need(types=frozenset({"number", "string"}))},
    Kind.BOOKING: {
        "booking_id": Need(types=frozenset({"string"}), written=True, unique=True),
        "is_active": Need(types=WORDS, written=True, options=STATUSES, vital=True),
        "token_used": Need(types=WORDS, written=True, vital=True),
        "token_refunded": Need(types=WORDS | {"bool"}, written=True, vital=True),
        "token_refunded_at": Need(
            types=frozenset({"number", "datetime"}), written=True, vital=True
        ),
        "token_refund_admin": Need(types=frozenset({"string"}), written=True, vital=True),
        FORFEITED: NOTED,
        "idempotency_key": NOTED,
        "associated_contact_id": Need(types=frozenset({"string", "number"}), written=True),
        "attending_location": Need(types=WORDS, written=True),
        "dominant_hand": Need(
            types=WORDS | {"bool"}, written=True, options=frozenset(HANDS), worded=True
        ),
        "attendance": Need(types=WORDS | {"bool"}),
        "mock_type": Need(types=WORDS),
        "start_time": CLOCK,
        "end_time": CLOCK,
        "exam_date": DAY,
        MARKER: OURS,
    },
    Kind.EXAM: {
        MARKER: OURS,
        TOTAL_BOOKINGS: COUNTER,
        "exam_date": DAY,
        "capacity": Need(types=NUMBER),
        "mock_type": Need(types=WORDS),
        "start_time": CLOCK,
        "end_time": CLOCK,
        "is_active": Need(types=WORDS | {"bool"}, written=True, options=OPENINGS),
        "scheduled_activation_datetime": Need(
            types=frozenset({"datetime", "number"}), written=True
        ),
    },
}

_MARKER = {
    MARKER: (
        "Credit Desk last write",
        "Names the last write of Credit Desk. Please leave it alone.",
    )
}
#: Properties that are ours alone, which ``provision`` makes: label and description.
OWN: Mapping[Kind, Mapping[str, tuple[str, str]]] = {
    Kind.CONTACT: _MARKER,
    Kind.BOOKING: {
        **_MARKER,
        FORFEITED: (
            "Credit forfeited",
            "Who kept the credit of this cancelled booking, when and why. Written by Credit Desk.",
        ),
    },
    Kind.EXAM: _MARKER,
}


def needs(portal: Portal, kind: Kind) -> dict[str, Need]:
    """What each of our properties of this kind has to be, by our name."""
    told = {**NEEDS[kind], **dict.fromkeys(map(str, portal.counters(kind)), COUNTER)}
    if kind is Kind.BOOKING:
        tokens = frozenset({ADMIN_OVERRIDE, *(one.token for one in portal.catalogue.credits)})
        told["token_used"] = replace(told["token_used"], options=tokens)
    return {name: told.get(name, Need()) for name in portal.names(kind)}


def judge(portal: Portal, kind: Kind, definitions: Mapping[str, Json]) -> Iterator[Finding]:
    """A finding for each property. ``definitions`` by HubSpot's name."""
    names = portal.names(kind)
    for ours, need in needs(portal, kind).items():
        theirs = names[ours]
        faults = list(_faults(need, kind, ours, theirs, definitions.get(theirs)))
        faults = faults or list(_worded(portal, need, kind, ours, definitions[theirs]))
        health = Health.FAULT if need.vital else Health.WARNING
        what = f"{kind}: property {theirs}"
        for said, mend in faults:
            yield Finding(health=health, what=what, said=said, mend=mend, property_=ours)
        if not faults:
            yield Finding(health=Health.FINE, what=what, said="is as needed")


def _faults(
    need: Need, kind: Kind, ours: str, theirs: str, told: Json | None
) -> Iterator[tuple[str, str]]:
    if told is None or told.get("archived"):
        named = f'Make it in HubSpot, or in portal.toml set [properties.{kind}] {ours} = "..."'
        mend = PROVISION if ours in OWN[kind] else named
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
    if type_ == "enumeration" and not need.worded and (lacking := sorted(need.options - held)):
        yield f"lacks the option {', '.join(lacking)}", "Add it to the property in HubSpot"


def _worded(
    portal: Portal, need: Need, kind: Kind, ours: str, told: Json
) -> Iterator[tuple[str, str]]:
    """Whether our words can be written as the values that the portal has for them."""
    if not need.worded or text(told.get("type")) == "string":
        return
    is_bool = text(told.get("type")) == "bool"
    held = {text(option.get("value")) for option in told.get("options") or ()}
    may = {"true", "false"} if is_bool else held
    values = {word: portal.value(kind, ours, word) for word in sorted(need.options)}
    if wrong := {word: value for word, value in values.items() if value not in may}:
        said = f"cannot hold {', '.join(wrong.values())}: it takes {', '.join(sorted(may))}"
        lines = ", ".join(f'{word} = "..."' for word in wrong)
        yield said, f"In portal.toml set [values.{kind}.{ours}] {lines}"


def missing_own(
    portal: Portal, kind: Kind, definitions: Mapping[str, Json]
) -> list[dict[str, str]]:
    """Our own properties that there are not yet, in the group of what is written with them."""
    names, group = portal.names(kind), group_of(portal, kind, definitions)
    return [
        {
            "name": names[ours],
            "label": label,
            "description": description,
            "groupName": group,
            "type": "string",
            "fieldType": "text",
        }
        for ours, (label, description) in OWN[kind].items()
        if names[ours] not in definitions
    ]


def group_of(portal: Portal, kind: Kind, definitions: Mapping[str, Json]) -> str:
    """The group of what our own properties are written with."""
    beside = portal.names(kind)[next(iter(portal.counters(kind)), "is_active")]
    return text((definitions.get(beside) or {}).get("groupName")) or "contactinformation"
