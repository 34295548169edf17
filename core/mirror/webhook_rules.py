"""HubSpot's webhooks: whether one is genuine, and which records it tells of.

What an event says of a record is never used: it may come twice, late and out of order. It only
names a record that must be read again.

Pure.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from core.credits.records import Kind, is_record_id

#: HubSpot says: older ones are to be refused.
AGE_MAX = timedelta(minutes=5)
#: How far HubSpot's clock may be before ours.
AHEAD_MAX = timedelta(minutes=1)
#: HubSpot sends a hundred in one request. Ten times that is not HubSpot.
EVENTS_MAX = 1000

#: What HubSpot decodes of the URI before it signs it (developers.hubspot.com, "Validating
#: requests", v3). The "?" before the query is never encoded, so nothing is decoded twice.
_DECODED = {"%3A": ":", "%2F": "/", "%3F": "?", "%40": "@", "%21": "!", "%24": "$", "%27": "'"}
_DECODED |= {"%28": "(", "%29": ")", "%2A": "*", "%2C": ",", "%3B": ";"}
_ENCODED = re.compile("|".join(_DECODED), re.IGNORECASE)

_SIGNATURE = re.compile(r"[A-Za-z0-9+/]{43}=")

#: The verb of a deletion that privacy law asks for.
ERASED = "privacyDeletion"

Record = tuple[Kind, str]


class NotGenuine(ValueError):
    """Not from HubSpot, or not from just now; the message is for our log alone."""


class Unreadable(ValueError):
    """Signed, and yet not a batch of events."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What one delivery tells of."""

    #: Each once, in the order told.
    records: tuple[Record, ...]
    #: Those of them that HubSpot deleted for good, for privacy.
    erased: frozenset[Record] = frozenset()
    events: int = 0
    #: Events that are no matter of ours, by subscription type.
    ignored: Mapping[str, int] = field(default_factory=dict)


def signature(secret: str, method: str, uri: str, body: bytes, timestamp: str) -> str:
    """Version 3: base64 of HMAC-SHA256 over method, URI, raw body and timestamp."""
    decoded = _ENCODED.sub(lambda found: _DECODED[found[0].upper()], uri)
    signed = f"{method}{decoded}".encode() + body + timestamp.encode()
    return base64.b64encode(hmac.digest(secret.encode(), signed, hashlib.sha256)).decode()


def check_age(timestamp: str, now: datetime) -> None:
    """Raise ``NotGenuine`` for a timestamp that is none, too old, or from the future."""
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 15):
        raise NotGenuine("its timestamp is not in milliseconds")
    age = now - (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(timestamp)))
    if not -AHEAD_MAX <= age <= AGE_MAX:
        raise NotGenuine(f"it was sent {age.total_seconds():.0f} s ago; at most {AGE_MAX} is taken")


def check_form(given: str) -> None:
    """Raise ``NotGenuine`` for what is no signature at all: 32 bytes in base64.

    It costs nothing, and can be told before there is a body.
    """
    if not _SIGNATURE.fullmatch(given):
        raise NotGenuine("its signature is none: 32 bytes in base64 are expected")


def check_signature(given: str, expected: str) -> None:
    """In constant time. Raises ``NotGenuine``."""
    if not hmac.compare_digest(given.encode(errors="replace"), expected.encode()):
        raise NotGenuine("its signature is not that of our client secret and public address")


def heard(body: bytes, types: Mapping[Kind, str]) -> Heard:
    """The records that a signed body tells of. ``types``: kind to HubSpot's object type id.

    Raises:
        Unreadable: not a JSON list of events, or of too many.
    """
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("the body is not JSON") from error
    if not isinstance(told, list) or len(told) > EVENTS_MAX:
        raise Unreadable(f"the body is not a list of at most {EVENTS_MAX} events")
    kinds = {type_: kind for kind, type_ in types.items()}
    ignored = Counter[str]()
    records: dict[Record, None] = {}
    erased: set[Record] = set()
    for event in told:
        found = list(_records(event, kinds)) if isinstance(event, dict) else []
        records.update(dict.fromkeys(found))
        if found and _verb(event) == ERASED:
            erased.update(found)
        if not found:
            ignored[_name(event)] += 1
    return Heard(
        records=tuple(records),
        erased=frozenset(erased),
        events=len(told),
        ignored=dict(ignored),
    )


def _records(event: Mapping[str, Any], kinds: Mapping[str, Kind]) -> Iterator[Record]:
    """Whatever happened to a record of ours: it is read again, and what is gone is found gone."""
    match _verb(event):
        case "creation" | "deletion" | "propertyChange" | "restore" | "privacyDeletion":
            yield from _one(kinds.get(_type(event)), event.get("objectId"))
        case "merge":
            for id_ in _merged_ids(event):
                yield from _one(kinds.get(_type(event)), id_)
        case "associationChange":
            # only a booking's row names others: its contact and its exam
            ends = (
                (event.get("fromObjectTypeId") or _type(event), event.get("fromObjectId")),
                (event.get("toObjectTypeId"), event.get("toObjectId")),
            )
            for type_, id_ in ends:
                if kinds.get(str(type_)) is Kind.BOOKING:
                    yield from _one(Kind.BOOKING, id_)


def _one(kind: Kind | None, id_: object) -> Iterator[Record]:
    text = str(id_) if isinstance(id_, int | str) and not isinstance(id_, bool) else ""
    if kind is not None and is_record_id(text):
        yield kind, text


def _merged_ids(event: Mapping[str, Any]) -> Iterator[object]:
    """What it became, and those that it was made of: an old id leads to the new record."""
    others = event.get("mergedObjectIds")
    yield from (event.get(name) for name in ("newObjectId", "primaryObjectId", "objectId"))
    yield from others if isinstance(others, list) else ()


def _verb(event: Mapping[str, Any]) -> str:
    return str(event.get("subscriptionType", "")).partition(".")[2]


def _type(event: Mapping[str, Any]) -> str:
    """``contact.*`` names its type; ``object.*`` carries the id of it."""
    family = str(event.get("subscriptionType", "")).partition(".")[0]
    return "0-1" if family == "contact" else str(event.get("objectTypeId", ""))


def _name(event: object) -> str:
    """For counting; nothing that a sender may choose freely."""
    name = event.get("subscriptionType") if isinstance(event, dict) else None
    known = isinstance(name, str) and re.fullmatch(r"[a-z_]{1,30}\.[A-Za-z]{1,30}", name)
    return str(name) if known else "unknown"
