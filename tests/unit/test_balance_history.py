"""Every step of a balance names its cause."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.credits.catalogue import SCHOOL, CreditType
from core.credits.records import MARKER, Booking, BookingId, BookingStatus, History, Version
from core.credits.writes import MovementKind
from core.students.balance_history import OurWrite, Step, StepCause, steps

CS = CreditType("cs_credits")
NOON = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
OURS = ("INTEGRATION", "777")
APP = ("INTEGRATION", "28463999")


def version(value: str, hours: float, source: str = "INTEGRATION", id_: str = "1") -> Version:
    user = id_.removeprefix("userId:") if id_.startswith("userId:") else ""
    at = NOON + timedelta(hours=hours)
    return Version(value=value, at=at, source=source, source_id=id_, user_id=user)


def booking(**fields: object) -> Booking:
    usual = {"token": "Clinical Skills Token", "booking_id": "Clinical Skills-1-May 9, 2026"}
    made = {"id": BookingId("88"), "status": BookingStatus.ACTIVE, "modified_at": NOON}
    return Booking(**{**made, **usual, **fields})  # type: ignore[arg-type]


def write(kind: MovementKind, *, cancelling: bool = False) -> OurWrite:
    moved = {CS: ((kind, "88"),)}
    return OurWrite(
        write_id="w1", operation_id="op1", cancelling=cancelling, by="ann@example.test", moved=moved
    )


def found(
    *versions: Version, ours: tuple[OurWrite, ...] = (), bookings: tuple[Booking, ...] = ()
) -> list[Step]:
    """``versions``: oldest first. Those by our app carry the marker w1."""
    marks = tuple(
        Version(value="w1", at=v.at, source=v.source, source_id=v.source_id)
        for v in reversed(versions)
        if (v.source, v.source_id) == OURS
    )
    return steps({CS: tuple(reversed(versions)), MARKER: marks}, ours, list(bookings), SCHOOL)


@pytest.mark.parametrize(
    ("kind", "cancelling", "cause"),
    [
        (MovementKind.SPEND, False, StepCause.BOOKING),
        (MovementKind.REFUND, False, StepCause.REFUND),
        (MovementKind.REFUND, True, StepCause.CANCELLATION),
        (MovementKind.UNDO_REFUND, False, StepCause.UNDO),
        (MovementKind.CORRECTION, False, StepCause.CORRECTION),
    ],
)
def test_our_own_writes_are_named_by_the_journal(
    kind: MovementKind, cancelling: bool, cause: StepCause
) -> None:
    ours = (write(kind, cancelling=cancelling),)
    newest, _ = found(version("2", 0), version("3", 1, *OURS), ours=ours, bookings=(booking(),))

    assert (cause, "op1", 2, 3) == (newest.cause, newest.operation_id, newest.before, newest.after)
    assert "Clinical Skills-1-May 9, 2026 by ann@example.test" == newest.told


def test_a_write_of_the_desk_that_no_journal_knows_is_still_the_desks() -> None:
    assert StepCause.DESK is found(version("2", 0), version("3", 1, *OURS))[0].cause


@pytest.mark.parametrize(
    ("source", "id_", "cause", "told"),
    [
        ("CRM_UI", "userId:61000001", StepCause.PERSON, "user 61000001"),
        ("INTEGRATION", "28463999", StepCause.APP, "app 28463999"),
        ("IMPORT", "4711", StepCause.IMPORT, "app 4711"),
        ("MERGE_OBJECTS", "", StepCause.MERGE, "merge objects"),
        ("AUTOMATION_PLATFORM", "flow", StepCause.WORKFLOW, "app flow"),
        ("", "", StepCause.UNKNOWN, ""),
    ],
)
def test_others_are_named_as_hubspot_names_them(
    source: str, id_: str, cause: StepCause, told: str
) -> None:
    step = found(version("2", 0), version("5", 1, source, id_))[0]

    assert (cause, told, "") == (step.cause, step.told, step.operation_id)


def test_an_apps_credit_taken_as_a_booking_was_made_is_that_booking() -> None:
    made = booking(created_at=NOON + timedelta(hours=1, seconds=20))
    step = found(version("2", 0), version("1", 1, *APP), bookings=(made,))[0]

    assert (StepCause.BOOKING, True) == (step.cause, step.inferred)
    assert "Clinical Skills-1-May 9, 2026, through app 28463999" == step.told


def test_an_apps_credit_back_as_a_booking_was_marked_refunded_is_that_refund() -> None:
    back = booking(
        status=BookingStatus.CANCELLED,
        refunded=True,
        refunded_at=NOON + timedelta(hours=1),
        refund_admin="dana@school.example",
    )
    step = found(version("1", 0), version("2", 1, *APP), bookings=(back,))[0]

    assert (StepCause.REFUND, True) == (step.cause, step.inferred)
    assert step.told.endswith("through app 28463999, by dana@school.example")


@pytest.mark.parametrize(
    "other",
    [
        booking(created_at=NOON + timedelta(hours=2)),  # another time
        booking(created_at=NOON + timedelta(hours=1), token="Shared Token"),  # another credit
        booking(created_at=NOON + timedelta(hours=1), token="Gift Token"),  # none we know
        booking(created_at=None),
    ],
)
def test_a_booking_of_another_time_or_credit_explains_nothing(other: Booking) -> None:
    step = found(version("2", 0), version("1", 1, *APP), bookings=(other,))[0]

    assert StepCause.APP is step.cause


def test_a_purchase_of_several_is_no_refund_of_one() -> None:
    back = booking(refunded_at=NOON + timedelta(hours=1))
    step = found(version("1", 0), version("4", 1, *APP), bookings=(back,))[0]

    assert StepCause.APP is step.cause


def test_values_that_say_the_same_are_no_step() -> None:
    same = found(version("", 0), version("0", 1), version("2", 2), version("2.0", 3))

    assert [(None, 2)] == [(step.before or None, step.after) for step in same]


def test_an_unreadable_value_is_a_step_with_its_raw_value() -> None:
    newest, broken, _ = found(version("2", 0), version("abc", 1), version("3", 2))

    assert (2, None) == (broken.before, broken.after)
    assert "'abc', which is not a number" == broken.raw
    assert (None, 3) == (newest.before, newest.after)


def test_from_an_unreadable_value_to_nought_is_a_step() -> None:
    assert [0, None, 2] == [
        s.after for s in found(version("2", 0), version("x", 1), version("0", 2))
    ]


def test_steps_of_all_balances_stand_newest_first() -> None:
    history: History = {
        CS: (version("1", 3),),
        CreditType("sj_credits"): (version("1", 4), version("2", 2)),
    }

    assert [4, 3, 2] == [
        (step.at - NOON) / timedelta(hours=1) for step in steps(history, (), [], SCHOOL)
    ]
