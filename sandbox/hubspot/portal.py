"""The invented HubSpot account: its ids, its object types and their properties."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypedDict, Unpack

from sandbox.hubspot.definitions import Definition

CONTACTS, NOTES, BOOKINGS, EXAMS = "0-1", "0-46", "2-50158913", "2-50158915"
MARKER = "credit_desk_last_write"
CREDITS = (
    "sj_credits",
    "cs_credits",
    "sjmini_credits",
    "mock_discussion_token",
    "shared_mock_credits",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectType:
    """An object type, with what HubSpot calls it."""

    id: str
    name: str  # singular, as in the schema
    plural: str  # as in the paths
    definitions: tuple[Definition, ...]
    defaults: tuple[str, ...]  # properties sent when none are asked for
    created: str = "hs_createdate"
    modified: str = "hs_lastmodifieddate"
    custom: bool = False
    primary: str = ""
    required: tuple[str, ...] = ()
    associated: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """The account. The rollups copy an exam's properties onto the bookings linked to it."""

    id: int = 47_100_812
    app_id: int = 28_463_211
    app_name: str = "Credit Desk"
    with_marker: bool = True
    #: people who click in the HubSpot screen: user id -> email
    people: dict[int, str] = field(
        default_factory=lambda: {
            61_000_001: "dana@school.example",
            61_000_002: "lee@school.example",
        }
    )
    rollup_from: str = EXAMS
    rollup_to: str = BOOKINGS
    rollup_names: tuple[str, ...] = (
        "mock_type",
        "exam_date",
        "location",
        "start_time",
        "end_time",
    )

    def object_types(self) -> tuple[ObjectType, ...]:
        """The object types that a new sandbox starts with."""
        return (
            _contacts(self.with_marker),
            _notes(),
            _bookings(self.with_marker),
            _exams(self.with_marker),
        )


class _Flags(TypedDict, total=False):
    unique: bool
    read_only: bool
    calculated: bool
    hubspot_defined: bool


def _text(name: str, *, group: str, **more: Unpack[_Flags]) -> Definition:
    return Definition(name=name, label=_label(name), group=group, **more)


def _number(name: str, *, group: str, **more: Unpack[_Flags]) -> Definition:
    return Definition(
        name=name, label=_label(name), type="number", field_type="number", group=group, **more
    )


def _choice(name: str, *values: str, group: str) -> Definition:
    return Definition(
        name=name,
        label=_label(name),
        type="enumeration",
        field_type="select",
        group=group,
        options=tuple((value, value.capitalize()) for value in values),
    )


def _date(name: str, *, group: str, kind: str = "date", **more: Unpack[_Flags]) -> Definition:
    return Definition(
        name=name, label=_label(name), type=kind, field_type="date", group=group, **more
    )


def _label(name: str) -> str:
    return name.removeprefix("hs_").replace("_", " ").capitalize()


def _system(group: str, created: str, modified: str) -> tuple[Definition, ...]:
    """What HubSpot itself keeps on every object."""
    return (
        _number("hs_object_id", group=group, read_only=True, hubspot_defined=True),
        _date(created, group=group, kind="datetime", read_only=True, hubspot_defined=True),
        _date(modified, group=group, kind="datetime", read_only=True, hubspot_defined=True),
        _text("hs_merged_object_ids", group=group, read_only=True, hubspot_defined=True),
        _text("hubspot_owner_id", group=group, hubspot_defined=True),
    )


def marker(group: str) -> Definition:
    """The property that names the last write that changed the credits."""
    return Definition(name=MARKER, label="Credit Desk last write", group=group)


def _contacts(with_marker: bool) -> ObjectType:
    group = "contactinformation"
    people = ("email", "firstname", "lastname", "phone", "company", "lifecyclestage")
    return ObjectType(
        id=CONTACTS,
        name="contact",
        plural="contacts",
        created="createdate",
        modified="lastmodifieddate",
        primary="email",
        defaults=(
            "createdate",
            "email",
            "firstname",
            "hs_object_id",
            "lastmodifieddate",
            "lastname",
        ),
        definitions=(
            *_system(group, "createdate", "lastmodifieddate"),
            *(_text(name, group=group, hubspot_defined=True) for name in people),
            _text("hs_calculated_merged_vids", group=group, read_only=True, hubspot_defined=True),
            _number("student_id", group=group, unique=True),
            _date("ndecc_exam_date", group=group),
            *(_number(name, group=group) for name in CREDITS),
            *((marker(group),) if with_marker else ()),
        ),
    )


def _notes() -> ObjectType:
    group = "note"
    return ObjectType(
        id=NOTES,
        name="note",
        plural="notes",
        primary="hs_body_preview",
        required=("hs_timestamp",),
        defaults=("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
        definitions=(
            *_system(group, "hs_createdate", "hs_lastmodifieddate"),
            _date("hs_timestamp", group=group, kind="datetime", hubspot_defined=True),
            _text("hs_note_body", group=group, hubspot_defined=True),
            _text("hs_body_preview", group=group, read_only=True, hubspot_defined=True),
        ),
    )


def _bookings(with_marker: bool) -> ObjectType:
    group = "bookings_information"
    plain = (
        "token_used",
        "token_refunded",
        "token_refund_admin",
        "attending_location",
        "dominant_hand",
        "idempotency_key",
        "associated_contact_id",
        "student_name",
        "student_email",
    )
    derived = ("mock_type", "location", "start_time", "end_time")
    return ObjectType(
        id=BOOKINGS,
        name="bookings",
        plural="bookings",
        custom=True,
        primary="booking_id",
        required=("booking_id",),
        associated=("CONTACT", EXAMS),
        defaults=("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
        definitions=(
            *_system(group, "hs_createdate", "hs_lastmodifieddate"),
            _text("booking_id", group=group, unique=True),
            _choice("is_active", "Active", "Cancelled", "Completed", group=group),
            _choice("attendance", "Yes", "No", group=group),
            *(_text(name, group=group) for name in plain),
            _number("student_id", group=group),
            _number("token_refunded_at", group=group),
            *(_text(name, group=group, calculated=True) for name in derived),
            _date("exam_date", group=group, calculated=True),
            *((marker(group),) if with_marker else ()),
        ),
    )


def _exams(with_marker: bool) -> ObjectType:
    group = "mock_exams_information"
    return ObjectType(
        id=EXAMS,
        name="mock_exams",
        plural="mock_exams",
        custom=True,
        primary="mock_exam_name",
        required=("mock_exam_name",),
        associated=("CONTACT", BOOKINGS),
        defaults=("hs_createdate", "hs_lastmodifieddate", "hs_object_id"),
        definitions=(
            *_system(group, "hs_createdate", "hs_lastmodifieddate"),
            _text("mock_exam_name", group=group),
            *(_text(n, group=group) for n in ("mock_type", "start_time", "end_time", "location")),
            _date("exam_date", group=group),
            _date("scheduled_activation_datetime", group=group, kind="datetime"),
            _number("capacity", group=group),
            _number("total_bookings", group=group),
            _choice("is_active", "true", "false", "scheduled", group=group),
            *((marker(group),) if with_marker else ()),
        ),
    )
