"""What the desk copies of its own mark is what HubSpot keeps of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.credits.records import BookingId
from core.hubspot.ports.crm import Fate, Outcome
from core.hubspot.wire.values import milliseconds, moment
from core.operations.states import Operation, OperationState
from core.operations.steps.items import marked_due
from core.operations.verdicts import OperationKind

MOMENTS = st.datetimes(
    min_value=datetime(2010, 1, 1),  # noqa: DTZ001 - the zone comes with ``timezones``
    max_value=datetime(2090, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@given(MOMENTS)
def test_a_refund_of_the_desk_leaves_no_drift_in_its_moment(at: datetime) -> None:
    operation = Operation(
        id="op",
        kind=OperationKind.REFUND,
        state=OperationState.RUNNING,
        selection="one",
        reason="",
        confirmed_by="admin@example.test",
        confirmed_at=at,
        hold_until=at,
    )

    outcome = Outcome(fate=Fate.LANDED, modified_at=at)
    copied = marked_due(BookingId("1"), operation, outcome).row

    assert copied is not None
    assert moment(milliseconds(at)) == datetime.fromisoformat(str(copied["token_refunded_at"]))


@given(MOMENTS)
def test_a_whole_millisecond_is_told_as_itself(at: datetime) -> None:
    whole = at.replace(microsecond=at.microsecond // 1000 * 1000)

    assert whole == moment(milliseconds(whole))
    assert milliseconds(whole) == milliseconds(whole + timedelta(microseconds=999))
