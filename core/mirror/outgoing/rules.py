"""Outgoing events: what other apps are told of the desk's changes, and how it is signed.

Each is made of an entry of the audit and saved with it, so that nothing is changed unannounced.

Pure.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.audit.entries import Entry, Subject, What

#: What a request bears beside its body.
TIMESTAMP, SIGNATURE = "X-Credit-Desk-Timestamp", "X-Credit-Desk-Signature"
#: Names the way of signing, so that another one can be told from it.
SCHEME = "v1"


class EventType(StrEnum):
    """What happened, as the receiver reads it."""

    BOOKING_MADE = "booking.made"
    BOOKING_CANCELLED = "booking.cancelled"
    BOOKING_MOVED = "booking.moved"
    BALANCE_CHANGED = "balance.changed"
    #: Sent by ``doctor``: nothing happened.
    TEST = "test"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingEvent:
    """One change by the desk, until its receiver has taken it."""

    #: The same whenever it is sent again.
    id: str
    type: EventType
    at: datetime
    #: Ids of HubSpot records, and balances; no names.
    data: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 0
    error: str = ""
    #: It was given up until a person retries it.
    dead: bool = False
    next_try_at: datetime | None = None


def event_of(entry: Entry, id_: str) -> OutgoingEvent | None:
    """The event that goes with this entry; None: it is none of other apps' business."""
    told = _told(entry)
    if told is None:
        return None
    type_, data = told
    if entry.operation_id:
        data["operation"] = entry.operation_id
    return OutgoingEvent(id=id_, type=type_, at=entry.at, data=data)


def _told(entry: Entry) -> tuple[EventType, dict[str, Any]] | None:
    match entry.what:
        case What.BOOKED:
            return EventType.BOOKING_MADE, _booking(entry)
        case What.CANCELLED:
            return EventType.BOOKING_CANCELLED, _booking(entry)
        case What.BOOKING_MOVED:
            left = {f"from_{name}": entry.before.get(name) for name in ("exam_id", "exam_date")}
            return EventType.BOOKING_MOVED, _booking(entry) | left
        case What.WRITTEN if entry.subject == Subject.CONTACT and entry.before != entry.after:
            balances = {"before": dict(entry.before), "after": dict(entry.after)}
            return EventType.BALANCE_CHANGED, {"contact_id": entry.subject_id, **balances}
    return None


def _booking(entry: Entry) -> dict[str, Any]:
    return {
        "record_id": entry.subject_id,
        "contact_id": entry.detail.get("contact"),
        "exam_id": entry.detail.get("exam"),
        "exam_date": entry.detail.get("exam_date"),
    }


def body_of(events: Sequence[OutgoingEvent]) -> bytes:
    """The body of a request that carries these."""
    told = [
        {"id": one.id, "type": one.type.value, "at": one.at.isoformat(), **one.data}
        for one in events
    ]
    return json.dumps({"events": told}, separators=(",", ":"), ensure_ascii=False).encode()


def signature(secret: str, timestamp: int, body: bytes) -> str:
    """HMAC-SHA256 over the timestamp, a full stop and the body."""
    signed = f"{timestamp}.".encode() + body
    return f"{SCHEME}={hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()}"
