"""What the admin part of the API takes and gives, as its OpenAPI page describes it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, Field, WithJsonSchema, model_validator

from api.v1.models import Line, RecordId, SchoolId, Taken
from core.operations.kinds.base import ChosenKind
from core.operations.kinds.registry import KINDS
from core.operations.leftovers import About
from core.operations.states import FollowUps, ItemState, OperationState
from core.operations.terms import Inclusion
from core.operations.verdicts import OperationKind, Verdict

#: References of one request; what is larger is chosen by exam or student.
REFERENCES_MAX = 2_000
#: Changes of balances of one request.
CHANGES_MAX = 400
#: Exams or students of one request.
OWNERS_MAX = 200

#: Kinds whose bookings somebody chooses.
CHOSEN = tuple(key.value for key, kind in KINDS.items() if isinstance(kind, ChosenKind))


def _chosen(kind: OperationKind) -> OperationKind:
    if kind.value not in CHOSEN:
        raise ValueError(f"one of {', '.join(CHOSEN)}")
    return kind


ChosenName = Annotated[
    OperationKind,
    AfterValidator(_chosen),
    WithJsonSchema({"type": "string", "enum": [*CHOSEN], "title": "Kind"}),
]
#: A school's id is never digits alone: those would be taken for HubSpot's.
BookingName = Annotated[
    str,
    Field(
        max_length=200,
        pattern=r"^[0-9]*[^0-9\x00-\x1f\x7f][^\x00-\x1f\x7f]*$",
        examples=["Clinical Skills-S1042-June 1, 2026"],
    ),
]


class PlanWish(Taken):
    """Which bookings, and what is to be done with them. Choose by exams, students or bookings."""

    kind: ChosenName
    exam_ids: list[RecordId] = Field([], max_length=OWNERS_MAX)
    contact_ids: list[RecordId] = Field([], max_length=OWNERS_MAX)
    record_ids: list[RecordId] = Field(
        [], max_length=REFERENCES_MAX, description="HubSpot's ids of the bookings"
    )
    booking_ids: list[BookingName] = Field(
        [], max_length=REFERENCES_MAX, description="The school's ids; together with record_ids"
    )
    to_exam_id: Annotated[
        RecordId | None, Field(description="Of a move, and of nothing else: where the bookings go")
    ] = None
    include: list[Inclusion] = Field(
        [], max_length=len(Inclusion), description="What would be blocked otherwise"
    )
    without_record_ids: list[RecordId] = Field(
        [], max_length=REFERENCES_MAX, description="Bookings to leave out"
    )

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = (self.exam_ids, self.contact_ids, self.record_ids or self.booking_ids)
        if sum(map(bool, ways)) != 1:
            raise ValueError(
                "choose by exactly one of exam_ids, contact_ids, or record_ids and booking_ids"
            )
        return self


class Change(Taken):
    """A change of one balance. Name the student by ``contact_id``, or by ``student``."""

    contact_id: RecordId | None = None
    student: Annotated[
        Line, Field(description="Student id, e-mail or HubSpot's id; refused if it means several")
    ] = ""
    credit: Annotated[Line, Field(min_length=1, examples=["cs_credits"])]
    change: Annotated[Line, Field(min_length=1, examples=["give 2", "take 1", "set 0"])]
    reason: Annotated[Line, Field(description="Its own, beside that of the operation")] = ""

    @model_validator(mode="after")
    def _one_student(self) -> Self:
        if (self.contact_id is None) == (not self.student):
            raise ValueError("name the student by exactly one of contact_id and student")
        return self


class AdjustmentWish(Taken):
    """Changes of balances, of one student or of many; each balance once."""

    changes: Annotated[list[Change], Field(min_length=1, max_length=CHANGES_MAX)]


class Confirmation(Taken):
    """The yes to a preview."""

    plan_id: Annotated[str, Field(pattern=r"^[0-9A-Za-z]{1,40}$")]
    reason: Annotated[
        Line, Field(min_length=1, description="Kept with the operation and in the notes")
    ]
    tell_students: Annotated[
        Line | None,
        Field(
            description="The reason that its students are told, may be empty; null: they are told "
            "nothing. Only where the desk is set to tell students"
        ),
    ] = None
    typed: Annotated[
        int | None,
        Field(
            ge=0,
            le=1_000_000,
            description="How many rows change, as the admin typed it; needed where the plan says "
            "so (`type_to_confirm`)",
        ),
    ] = None


class Stopping(Taken):
    """Why it is stopped."""

    reason: Annotated[Line, Field(description="Kept in its history")] = ""


class Retrying(Taken):
    """Nothing more is said."""


class Plan(BaseModel):
    """A preview: what confirming it would do. Its rows are asked for by themselves."""

    plan_id: str
    kind: OperationKind
    selection: Annotated[str, Field(description="What was chosen, in words")]
    would: Annotated[str, Field(description='What confirming does; "": nothing would change')]
    effect: Annotated[str, Field(description="What becomes of HubSpot and Supabase")]
    rows: Annotated[int, Field(description="Everything that was asked for")]
    counts: Annotated[dict[Verdict, int], Field(description="Rows by verdict")]
    credits: Annotated[dict[str, int], Field(description="Credits that move, by type")]
    students: Annotated[int, Field(description="Students whose rows change")]
    caveat: Annotated[str, Field(description='What may be missing, and why; "": nothing')]
    include: list[Inclusion]
    to_exam_id: Annotated[str | None, Field(description="Of a move: where the bookings go")]
    second_admin: Annotated[
        str, Field(description='Why another admin must approve it on the pages; "": none must')
    ]
    type_to_confirm: Annotated[
        int | None, Field(description="The number to type; null: none is needed")
    ]
    made_by: str
    made_at: datetime
    expires_at: Annotated[datetime, Field(description="After that it must be made anew")]


class _Row(BaseModel):
    record_id: Annotated[str | None, Field(description="HubSpot's id of the booking; null: none")]
    booking_id: SchoolId
    new_booking_id: Annotated[
        str, Field(description='Of a move: the booking id that it has there; else ""')
    ]
    change: Annotated[str, Field(description='Of an adjustment: the change; else ""')]
    contact_id: str | None
    contact_name: str
    exam_id: str | None
    exam_date: date | None
    mock_type: str
    why: Annotated[str, Field(description="In words")]
    credit: str | None
    before: Annotated[int | None, Field(description="The balance before; null: it does not move")]
    after: int | None


class PlanRow(_Row):
    """One row of a preview."""

    verdict: Verdict


class PlanRows(BaseModel):
    """A page of a preview's rows, in its order."""

    rows: list[PlanRow]
    next_offset: Annotated[int | None, Field(description="null: these are the last")]


class Item(_Row):
    """One row of an operation, with what became of it."""

    state: ItemState


class Items(BaseModel):
    """A page of an operation's rows, in its order."""

    rows: list[Item]
    next_offset: Annotated[int | None, Field(description="null: these are the last")]


class Warned(BaseModel):
    """One thing that was left undone."""

    about: About
    told: str


class AdminOperation(BaseModel):
    """A confirmed plan as it is carried out, exactly once."""

    operation_id: Annotated[str, Field(description="The id of its plan")]
    kind: OperationKind
    title: str
    state: OperationState
    to_exam_id: Annotated[str | None, Field(description="Of a move: where the bookings go")]
    reason: str
    confirmed_by: str
    via: Annotated[str, Field(description='The key it was confirmed through; "": from the desk')]
    confirmed_at: datetime
    hold_until: Annotated[
        datetime, Field(description="Until then it can be withdrawn; awaiting: approved")
    ]
    needs_approval: Annotated[str, Field(description='Why; "": no second admin is needed')]
    approved_by: str
    started_at: datetime | None
    ended_at: datetime | None
    waiting_for: Annotated[str, Field(description='What it waits for; "": nothing')]
    follow_ups: FollowUps
    rows: Annotated[int, Field(description="Everything that was asked for")]
    settled: Annotated[int, Field(description="Of the rows that it changes, those that ended")]
    to_change: Annotated[int, Field(description="Rows that it changes")]
    counts: Annotated[dict[ItemState, int], Field(description="Rows by state")]
    credits: Annotated[dict[str, int], Field(description="Credits moved so far, by type")]
    needs_attention: Annotated[int, Field(description="Rows that a person should look at")]
    retryable: Annotated[int, Field(description="Rows that a retry takes up")]
    warnings: list[Warned]
