"""The invented HubSpot account: its ids, its object types and their properties."""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.hubspot.definitions import Definition
from sandbox.hubspot.object_types import ObjectType, choice, date, number, system, text
from sandbox.hubspot.standard.types import standard_types

CONTACTS, NOTES, BOOKINGS, EXAMS = "0-1", "0-46", "2-50158943", "2-50158913"
MARKER = "credit_desk_last_write"
FORFEITED = "credit_forfeited"
CREDITS = (
    "sj_credits",
    "cs_credits",
    "sjmini_credits",
    "mock_discussion_token",
    "shared_mock_credits",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Portal:
    """The account. The rollups copy an exam's properties onto the bookings linked to it."""

    id: int = 47_100_812
    app_id: int = 28_463_211
    app_name: str = "Credit Desk"
    #: with this, and the token that it was given as its secret, the app gets its token for the
    #: webhooks journal
    client_id: str = "sandbox-client"
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
            *standard_types(),
        )


def marker(group: str) -> Definition:
    """The property that names the last write that changed the credits."""
    return Definition(name=MARKER, label="Credit Desk last write", group=group)


def _forfeited(group: str) -> Definition:
    """The property that says why the credit of a cancelled booking was kept."""
    return Definition(name=FORFEITED, label="Credit forfeited", group=group)


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
            *system(group, "createdate", "lastmodifieddate"),
            *(text(name, group=group, hubspot_defined=True) for name in people),
            text("hs_calculated_merged_vids", group=group, read_only=True, hubspot_defined=True),
            Definition(
                name="hs_email_optout",
                label="Unsubscribed from all email",
                type="bool",
                field_type="booleancheckbox",
                group=group,
                options=(("true", "True"), ("false", "False")),
                hubspot_defined=True,
            ),
            number("student_id", group=group, unique=True),
            date("ndecc_exam_date", group=group),
            *(number(name, group=group) for name in CREDITS),
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
            *system(group, "hs_createdate", "hs_lastmodifieddate"),
            date("hs_timestamp", group=group, kind="datetime", hubspot_defined=True),
            text("hs_note_body", group=group, hubspot_defined=True),
            text("hs_body_preview", group=group, read_only=True, hubspot_defined=True),
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
            *system(group, "hs_createdate", "hs_lastmodifieddate"),
            text("booking_id", group=group, unique=True),
            choice("is_active", "Active", "Cancelled", "Completed", group=group),
            choice("attendance", "Yes", "No", group=group),
            *(text(name, group=group) for name in plain),
            number("student_id", group=group),
            number("token_refunded_at", group=group),
            *(text(name, group=group, calculated=True) for name in derived),
            date("exam_date", group=group, calculated=True),
            *((marker(group), _forfeited(group)) if with_marker else ()),
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
            *system(group, "hs_createdate", "hs_lastmodifieddate"),
            text("mock_exam_name", group=group),
            *(text(n, group=group) for n in ("mock_type", "start_time", "end_time", "location")),
            date("exam_date", group=group),
            date("scheduled_activation_datetime", group=group, kind="datetime"),
            number("capacity", group=group),
            number("total_bookings", group=group),
            choice("is_active", "true", "false", "scheduled", group=group),
            *((marker(group),) if with_marker else ()),
        ),
    )
