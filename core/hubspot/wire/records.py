"""HubSpot's objects as contacts, exams, bookings and histories."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from core.credits.account import Portal
from core.credits.catalogue import CreditType, UnreadableValue, parse_count
from core.credits.records import (
    CAPACITY,
    FORFEITED,
    MARKER,
    REFUND_MARK,
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
    NamedHistory,
    Version,
)
from core.credits.texts import quoted, storable
from core.hubspot.wire.values import day, is_nothing, moment, text, whole

Json = Mapping[str, Any]
Properties = Mapping[str, str | None]
#: HubSpot left the property out: it is archived, or never was.
ABSENT = "is not a property of this account: run python -m core doctor"
#: What ``token_refunded`` holds besides nothing, in small letters: a text, or HubSpot's yes or no.
MARKED, NOT_MARKED = "true", "false"
#: What we write there is shorter; anybody can write more.
TOLD_OF_KEPT_MAX = 600
#: HubSpot lists here the ids of the records that were merged into one. Read with every record.
MERGED = ("hs_merged_object_ids", "hs_calculated_merged_vids")
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
    balances, unreadable, held = _counts(p, portal.counters(kind))
    common: dict[str, Any] = {
        "id": text(answer["id"]),
        "balances": balances,
        "unreadable": unreadable,
        "held": held,
        "unclear": {} if MARKER in p else {MARKER: ABSENT},
        "marker": text(p.get(MARKER)),
        "modified_at": modified_at(answer),
        "created_at": moment(answer.get("createdAt")),
        "former_ids": former_ids(answer),
    }
    return _contact(p, common) if kind is Kind.CONTACT else _exam(p, common)


def former_ids(answer: Json) -> tuple[str, ...]:
    """Ids of the records that were merged into this one, if it was read with ``MERGED``."""
    held = answer.get("properties") or {}
    told = [part for name in MERGED for part in text(held.get(name)).split(";")]
    # vids come as "id:time", the record's own among them
    ids = {part.partition(":")[0].strip() for part in told}
    return tuple(sorted(ids - {"", text(answer.get("id"))}))


def modified_at(answer: Json) -> datetime:
    """HubSpot's ``updatedAt``; the epoch when it did not say, so that nothing is newer by it."""
    return moment(answer.get("updatedAt")) or datetime.fromtimestamp(0, UTC)


def _counts(
    p: Mapping[str, str | None], keys: Sequence[CreditType]
) -> tuple[dict[CreditType, int], dict[CreditType, str], dict[CreditType, str]]:
    """Those that can be read; of the others why not, and what HubSpot holds."""
    balances: dict[CreditType, int] = {}
    unreadable: dict[CreditType, str] = {}
    held: dict[CreditType, str] = {}
    for key in keys:
        if key not in p:
            # an archived property is left out of the answer: its balance is not 0 but unknown
            unreadable[key] = ABSENT
            continue
        try:
            balances[key] = parse_count(p[key])
        except UnreadableValue as fault:
            unreadable[key] = f"holds {quoted(p[key])}, which {fault}"
            held[key] = p[key] or ""
    return balances, unreadable, held


def _unread(p: Properties, reads: Mapping[str, Callable[[object], object]]) -> dict[str, str]:
    """Properties that hold something which their reader cannot read."""
    return {
        name: f"holds {quoted(p[name])}, which is not a {_WHAT[read]}"
        for name, read in reads.items()
        if not is_nothing(p.get(name)) and read(p[name]) is None
    }


_WHAT: Mapping[Callable[[object], object], str] = {day: "date", moment: "time"}


def _contact(p: Properties, common: Mapping[str, Any]) -> Contact:
    common = {**common, "unclear": common["unclear"] | _unread(p, {"ndecc_exam_date": day})}
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


def _exam(p: Properties, common: Mapping[str, Any]) -> Exam:
    capacity, fault = _capacity(p.get(CAPACITY))
    unread = _unread(p, {"exam_date": day, "scheduled_activation_datetime": moment})
    common = {**common, "unclear": common["unclear"] | unread | fault}
    return Exam(
        **common,
        name=text(p.get("mock_exam_name")),
        mock_type=text(p.get("mock_type")),
        exam_date=day(p.get("exam_date")),
        start_time=text(p.get("start_time")),
        end_time=text(p.get("end_time")),
        location=text(p.get("location")),
        capacity=capacity,
        is_active=text(p.get("is_active")),
        scheduled_activation_at=moment(p.get("scheduled_activation_datetime")),
    )


def _capacity(raw: str | None) -> tuple[int | None, dict[str, str]]:
    """None without a fault: nothing is written, so the exam takes as many as come."""
    if is_nothing(raw):
        return None, {}
    try:
        return parse_count(raw), {}
    except UnreadableValue as fault:
        return None, {CAPACITY: f"holds {quoted(raw)}, which {fault}"}


def _mark(p: Properties) -> tuple[bool, dict[str, str]]:
    """Whether the booking is marked refunded, and the values found where that is unclear.

    "true" is marked. Nothing, or HubSpot's own "false", is not, provided that neither the time nor
    the admin of a refund is there. Any other word may mean that somebody gave the credit back.
    """
    names = ("token_refunded", "token_refunded_at", "token_refund_admin")
    said = text(p.get(REFUND_MARK)).strip().casefold()
    if said == MARKED:
        return True, {}
    bare = is_nothing(p.get(names[1])) and is_nothing(p.get(names[2]))
    if said in {"", NOT_MARKED} and bare and all(name in p for name in names):
        return False, {}
    absent = [f"{name} {ABSENT}" for name in names if name not in p]
    held = [f"{name} is {quoted(p[name])}" for name in names if not is_nothing(p.get(name))]
    return False, {REFUND_MARK: ", ".join([*held, *absent])}


def read_booking(
    portal: Portal, answer: Json, contacts: Sequence[str], exams: Sequence[str]
) -> Booking:
    """A booking; its contact and exam are the associations given."""
    p = properties(portal, Kind.BOOKING, answer)
    status = text(p.get("is_active"))
    refunded, unclear = _mark(p)
    unclear |= _unread(p, {"exam_date": day, "token_refunded_at": moment})
    unclear |= {"token_used": ABSENT} if "token_used" not in p else {}
    return Booking(
        id=BookingId(text(answer["id"])),
        booking_id=text(p.get("booking_id")),
        status=STATUSES.get(status, BookingStatus.UNKNOWN),
        raw_status=status,
        token=text(p.get("token_used")),
        refunded=refunded,
        refunded_at=moment(p.get("token_refunded_at")),
        refund_admin=text(p.get("token_refund_admin")),
        forfeited=storable(text(p.get(FORFEITED)).strip())[:TOLD_OF_KEPT_MAX],
        unclear=unclear,
        contact_ids=tuple(map(ContactId, contacts)),
        exam_ids=tuple(map(ExamId, exams)),
        contact_hint=text(p.get("associated_contact_id")).strip(),
        mock_type=text(p.get("mock_type")),
        exam_date=day(p.get("exam_date")),
        start_time=text(p.get("start_time")),
        end_time=text(p.get("end_time")),
        location=text(p.get("location")),
        attending_location=text(p.get("attending_location")),
        dominant_hand=portal.word(Kind.BOOKING, "dominant_hand", text(p.get("dominant_hand"))),
        raw_hand=text(p.get("dominant_hand")),
        attendance=text(p.get("attendance")),
        idempotency_key=text(p.get("idempotency_key")),
        modified_at=modified_at(answer),
        created_at=moment(answer.get("createdAt")),
        former_ids=tuple(map(BookingId, former_ids(answer))),
    )


def read_history(portal: Portal, kind: Kind, answer: Json, keys: Sequence[str]) -> History | None:
    """Versions of these properties, newest first. None: HubSpot gave no history."""
    told = answer.get("propertiesWithHistory")
    if not isinstance(told, Mapping):
        return None
    names = portal.names(kind)
    return {key: _versions(told.get(names[key]) or ()) for key in keys}


def read_named_history(
    portal: Portal, kind: Kind, answer: Json, keys: Sequence[str]
) -> NamedHistory:
    """The same, with every id of the record."""
    ids = (text(answer.get("id")), *former_ids(answer))
    return NamedHistory(ids=ids, history=read_history(portal, kind, answer, keys))


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
