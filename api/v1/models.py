"""What the API takes and gives, as its OpenAPI page describes it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from core.students.api_requests import End

#: Of one request: it is one student's.
CANCEL_MAX = 50

RecordId = Annotated[
    str, Field(pattern=r"^[0-9]{1,20}$", examples=["48151623"], description="HubSpot's record id")
]
Line = Annotated[
    str,
    Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$", description="One line, without controls"),
]
#: Of a booking in an answer: by which HubSpot knows it, and by which the school does.
HubSpotId = Annotated[str, Field(description="HubSpot's record id")]
SchoolId = Annotated[
    str,
    Field(
        description="The school's booking id, the property booking_id",
        examples=["Clinical Skills-S1042-June 1, 2026"],
    ),
]

#: What a booking must answer.
Asked = Literal["dominant_hand", "attending_location"]


class Taken(BaseModel):
    """Anything that is not named here is a slip, and told."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class BookingWish(Taken):
    """The seat that is wanted, and what its exam asks of the student."""

    exam_id: RecordId
    dominant_hand: Annotated[
        Literal["Right", "Left"] | None, Field(description="Asked by Clinical Skills")
    ] = None
    attending_location: Annotated[
        Line, Field(description="Asked by Situational Judgment and Mini-mock")
    ] = ""
    reason: Annotated[Line, Field(description="Kept with the operation and its note")] = ""


class Cancellation(Taken):
    """Why one booking is cancelled."""

    reason: Annotated[Line, Field(description="Kept with the operation and its note")] = ""


class Cancellations(Cancellation):
    """Bookings of one contact. All are cancelled, or none when one of them cannot be."""

    record_ids: Annotated[list[RecordId], Field(min_length=1, max_length=CANCEL_MAX)]


class Student(BaseModel):
    """A contact of HubSpot who is a student."""

    contact_id: Annotated[str, Field(description="HubSpot's id, by which all else is asked")]
    student_id: str
    email: str
    firstname: str
    lastname: str


class Balance(BaseModel):
    """One of the contact's credits."""

    credit: Annotated[str, Field(examples=["cs_credits"])]
    label: str
    #: None: what HubSpot holds is no number.
    balance: Annotated[int | None, Field(description="null: HubSpot holds something unreadable")]


class Balances(BaseModel):
    """What a contact holds, as HubSpot states it now."""

    contact_id: Annotated[str, Field(description="The present id, also after a merge")]
    balances: list[Balance]
    read_at: datetime


class Spending(BaseModel):
    """The credit that would be spent, and its balance before and after."""

    credit: str
    label: str
    before: int
    after: int


class Fault(BaseModel):
    """One thing that is wrong."""

    type: Annotated[str, Field(examples=["/api/v1/problems/no-credit"])]
    title: str
    detail: str
    record_id: Annotated[str | None, Field(description="HubSpot's id of its booking")] = None
    where: Annotated[str | None, Field(description="The part of the request it is about")] = None


class CreditCheck(BaseModel):
    """Whether this contact may book, and what it would spend."""

    contact_id: str
    exam_id: str | None
    mock_type: str
    may_book: bool
    spends: Annotated[Spending | None, Field(description="null: there is no credit for it")]
    faults: Annotated[list[Fault], Field(description="All that is against it")]


class Session(BaseModel):
    """An exam session that this contact may book."""

    exam_id: str
    name: str
    mock_type: str
    exam_date: date | None
    start_time: str
    end_time: str
    location: str
    seats_left: Annotated[int | None, Field(description="null: without limit")]
    asks: Annotated[
        Asked | None,
        Field(description="What a booking must answer"),
    ]
    spends: Spending


class Sessions(BaseModel):
    """Soonest first. They come from the mirror, and are judged again when one is booked."""

    contact_id: str
    sessions: list[Session]


class Booking(BaseModel):
    """A booking as HubSpot states it."""

    record_id: HubSpotId
    booking_id: SchoolId
    exam_id: str | None
    status: Literal["Active", "Cancelled", "Completed", "unknown"]
    mock_type: str
    exam_date: date | None
    start_time: str
    end_time: str
    location: str
    attending_location: str
    dominant_hand: str
    credit: Annotated[str | None, Field(description="The credit it spent")]
    refunded: bool | None = Field(description="null: HubSpot's refund mark cannot be read")


class Bookings(BaseModel):
    """The latest day first."""

    contact_id: str
    bookings: list[Booking]


class OperationBooking(BaseModel):
    """One booking of an operation."""

    record_id: Annotated[
        str | None, Field(description="null: it was not made, or HubSpot has not told its id yet")
    ]
    booking_id: SchoolId
    exam_id: str | None
    state: Annotated[str, Field(examples=["done", "failed", "pending"])]
    why: Annotated[str, Field(description="In words; of one that failed, why")]
    credit: Annotated[str | None, Field(description="The credit that moves")]
    before: Annotated[int | None, Field(description="Its balance before; null: it did not move")]
    after: int | None


class Operation(BaseModel):
    """A booking or cancellation as it is carried out, exactly once."""

    operation_id: str
    kind: Literal["book", "cancel"]
    state: End
    bookings: list[OperationBooking]
    confirmed_at: datetime
    ended_at: datetime | None
    waiting_for: Annotated[str, Field(description='What it waits for; "": nothing')]


class ProblemDetails(BaseModel):
    """RFC 9457. ``type`` stays the same for one kind of problem; the words may change."""

    model_config = ConfigDict(title="Problem")

    type: Annotated[str, Field(examples=["/api/v1/problems/no-credit"])] = "about:blank"
    title: str
    status: int
    detail: str
    faults: Annotated[list[Fault], Field(description="All that is wrong, the gravest first")] = []
    operation: Annotated[
        Operation | None, Field(description="The operation that came to nothing")
    ] = None
