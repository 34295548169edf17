"""HubSpot's objects as contacts, exams, bookings and histories."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.domain.credits import CreditType, UnreadableValue, parse_count
from core.domain.portal import Portal
from core.domain.records import (
    MARKER,
    Booking,
    BookingId,
    BookingStatus,
    Contact,
    ContactId,
    Counted,
    Exam,
    ExamId,
    History,
    Kind,
    Version,
)
from core.domain.texts import quoted
from core.gateways.hubspot.wire.values import day, moment, text, whole

Json = Mapping[str, Any]
STATUSES = {status.value: status for status in BookingStatus if status is not BookingStatus.UNKNOWN}


def properties(portal: Portal, kind: Kind, answer: Json) -> dict[str, str | None]:
    """An object's properties under our names. What HubSpot left out is absent."""
    held = answer.get("properties") or {}
    return {
        ours: value if (value := held[theirs]) is None else text(value)
        for ours, theirs in portal.names(kind).items()
        if theirs in held
    }


def read_counted(portal: Portal, kind: Kind, answer: Json) -> Counted:
    """A contact or an exam."""
    p = properties(portal, kind, answer)
    balances, unreadable = _counts(p, portal.counters(kind))
    common: dict[str, Any] = {
        "id": text(answer["id"]),
        "balances": balances,
        "unreadable": unreadable,
        "marker": text(p.get(MARKER)),
        "modified_at": modified_at(answer),
        "created_at": moment(answer.get("createdAt")),
    }
    return _contact(p, common) if kind is Kind.CONTACT else _exam(p, common)


def modified_at(answer: Json) -> datetime:
    """HubSpot's ``updatedAt``; the epoch when it did not say, so that nothing is newer by it."""
    return moment(answer.get("updatedAt")) or datetime.fromtimestamp(0, UTC)


def _counts(
    p: Mapping[str, str | None], keys: Sequence[CreditType]
) -> tuple[dict[CreditType, int], dict[CreditType, str]]:
    balances: dict[CreditType, int] = {}
    unreadable: dict[CreditType, str] = {}
    for key in keys:
        if key not in p:
            # an archived property is left out of the answer: its balance is not 0 but unknown
            unreadable[key] = "is not a property of this account: run python -m core doctor"
            continue
        try:
            balances[key] = parse_count(p[key])
        except UnreadableValue as fault:
            unreadable[key] = f"holds {quoted(p[key])}, which {fault}"
    return balances, unreadable


def _contact(p: Mapping[str, str | None], common: Mapping[str, Any]) -> Contact:
    return Contact(
        **common,
        student_id=_student_id(p.get("student_id")),
        email=text(p.get("email")),
        firstname=text(p.get("firstname")),
        lastname=text(p.get("lastname")),
        phone=text(p.get("phone")),
        ndecc_exam_date=day(p.get("ndecc_exam_date")),
    )


def _student_id(raw: str | None) -> str:
    """A number property may come back as "1001.0"."""
    number = whole(raw)
    return text(raw) if number is None else str(number)


def _exam(p: Mapping[str, str | None], common: Mapping[str, Any]) -> Exam:
    return Exam(
        **common,
        name=text(p.get("mock_exam_name")),
        mock_type=text(p.get("mock_type")),
        exam_date=day(p.get("exam_date")),
        start_time=text(p.get("start_time")),
        end_time=text(p.get("end_time")),
        location=text(p.get("location")),
        capacity=whole(p.get("capacity")),
        is_active=text(p.get("is_active")),
        scheduled_activation_at=moment(p.get("scheduled_activation_datetime")),
    )


def read_booking(
    portal: Portal, answer: Json, contacts: Sequence[str], exams: Sequence[str]
) -> Booking:
    """A booking; its contact and exam are the associations given."""
    p = properties(portal, Kind.BOOKING, answer)
    status = text(p.get("is_active"))
    return Booking(
        id=BookingId(text(answer["id"])),
        booking_id=text(p.get("booking_id")),
        status=STATUSES.get(status, BookingStatus.UNKNOWN),
        raw_status=status,
        token=text(p.get("token_used")),
        refunded=text(p.get("token_refunded")).strip().casefold() == "true",
        refunded_at=moment(p.get("token_refunded_at")),
        refund_admin=text(p.get("token_refund_admin")),
        contact_ids=tuple(map(ContactId, contacts)),
        exam_ids=tuple(map(ExamId, exams)),
        contact_hint=text(p.get("associated_contact_id")),
        mock_type=text(p.get("mock_type")),
        exam_date=day(p.get("exam_date")),
        start_time=text(p.get("start_time")),
        end_time=text(p.get("end_time")),
        location=text(p.get("location")),
        attending_location=text(p.get("attending_location")),
        dominant_hand=text(p.get("dominant_hand")),
        attendance=text(p.get("attendance")),
        idempotency_key=text(p.get("idempotency_key")),
        modified_at=modified_at(answer),
        created_at=moment(answer.get("createdAt")),
    )


def read_history(portal: Portal, kind: Kind, answer: Json, keys: Sequence[str]) -> History | None:
    """Versions of these properties, newest first. None: HubSpot gave no history."""
    told = answer.get("propertiesWithHistory")
    if not isinstance(told, Mapping):
        return None
    names = portal.names(kind)
    return {key: _versions(told.get(names[key]) or ()) for key in keys}


def _versions(told: Sequence[Json]) -> tuple[Version, ...]:
    """Sorted by time; those of one moment stay as HubSpot ordered them, newest first."""
    versions = [
        Version(
            value=text(one.get("value")),
            at=at,
            source=text(one.get("sourceType")),
            source_id=text(one.get("sourceId")),
            user_id=text(one.get("updatedByUserId")),
        )
        for one in told
        if (at := moment(one.get("timestamp"))) is not None
    ]
    return tuple(sorted(versions, key=lambda version: version.at, reverse=True))
