"""Everything that was asked for is in the result: rows in = rows accounted for."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.audit.entries import Sought, What
from core.credits.errors import BadList, StateConflict
from core.credits.records import BookingId, ExamId, Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.health.matters import Matter
from core.operations.choosing.select import ByExam, ByIds
from core.operations.commands import NotConfirmed
from core.operations.states import UNCHANGED, ItemState, Operation, OperationState
from core.operations.verdicts import OperationKind, Verdict
from tests.unit.services.desk import ADMIN, CS, TestDesk

EXAM = ByExam(ids=(ExamId("70"),))
CANCEL, REFUND = OperationKind.CANCEL, OperationKind.REFUND


@pytest.fixture
def desk() -> TestDesk:
    """An exam of four: one to cancel, one cancelled already, one blocked, one to be excluded."""
    made = TestDesk()
    for id_ in ("1", "2", "3", "4"):
        made.crm.add_contact(id_, {"cs_credits": 1})
    made.booked("51", "1", status="Active")
    made.booked("52", "2", status="Cancelled")
    made.booked("53", "3", status="Active", token="Gift Token")
    made.booked("54", "4", status="Active")
    return made


def cancelled(desk: TestDesk) -> Operation:
    plan = desk.core.operation_planner.preview(CANCEL, EXAM, ADMIN, without=["54"])
    return desk.carry(
        desk.core.operation_commands.confirm(plan.id, ADMIN, reason="the venue closed")
    )


def states(desk: TestDesk, operation: Operation) -> dict[str, ItemState]:
    return {i.booking_id: i.state for i in desk.journal.items(operation.id)}


def attention(desk: TestDesk) -> list[str]:
    found = desk.core.overview_reader.read(ADMIN).needs
    return [need.of for need in found if need.matter is Matter.FAILED]


def test_result_has_every_booking_that_was_asked_for(desk: TestDesk) -> None:
    operation = cancelled(desk)

    assert {
        "51": ItemState.DONE,
        "52": ItemState.SKIPPED,
        "53": ItemState.BLOCKED,
        "54": ItemState.EXCLUDED,
    } == states(desk, operation)
    progress = desk.journal.progress(operation.id)
    assert (4, 1, 1) == (progress.total, progress.planned, progress.settled)
    assert 1 == progress.blocked_at_preview
    assert 1 == progress.needing_eyes(operation.state)
    why = desk.item(operation, "53").why
    assert "its token is not one of the credit types: token_used is 'Gift Token'" == why


def test_bookings_that_the_preview_leaves_as_they_are_are_never_touched(desk: TestDesk) -> None:
    before = {id_: desk.crm.bookings([BookingId(id_)]) for id_ in ("52", "53", "54")}

    cancelled(desk)

    assert before == {id_: desk.crm.bookings([BookingId(id_)]) for id_ in ("52", "53", "54")}
    assert [2, 1, 1, 1] == [desk.held(id_, "cs_credits") for id_ in ("1", "2", "3", "4")]


def test_confirmation_is_audited_with_what_it_leaves_as_it_is(desk: TestDesk) -> None:
    operation = cancelled(desk)

    (link,) = desk.journal.audit(Sought(what=(What.CONFIRMED,)))
    assert operation.id == link.entry.operation_id
    assert 1 == link.entry.detail["bookings"]
    left = {"skipped": 1, "blocked": 1, "excluded": 1}
    assert left == link.entry.detail["left_as_they_are"]


def test_blocked_booking_stays_in_needs_attention_until_a_later_operation_does_it(
    desk: TestDesk,
) -> None:
    operation = cancelled(desk)
    desk.time += timedelta(days=90)
    assert [operation.id] == attention(desk)

    desk.crm.foreign_write(Kind.BOOKING, "53", {"token_used": CS})
    plan = desk.core.blocked_items.look_again(operation.id, ADMIN)
    assert [Verdict.WILL_CHANGE] == [row.verdict for row in plan.rows]
    assert [operation.id] == attention(desk), "nothing is done yet"
    desk.carry(desk.core.operation_commands.confirm(plan.id, ADMIN, reason="mended"))

    assert [] == attention(desk)
    assert f"done since by operation {plan.id}" == desk.item(operation, "53").why
    assert 2 == desk.held("3", "cs_credits")


def test_blocked_booking_that_somebody_cancelled_since_is_found_dealt_with(desk: TestDesk) -> None:
    operation = cancelled(desk)
    desk.crm.foreign_write(Kind.BOOKING, "53", {"is_active": "Cancelled"})

    plan = desk.core.blocked_items.look_again(operation.id, ADMIN)

    assert [Verdict.SKIP] == [row.verdict for row in plan.rows]
    assert [] == attention(desk)
    assert ItemState.SKIPPED is desk.item(operation, "53").state
    assert "found dealt with" == desk.journal.events(operation_id=operation.id)[0].what
    assert 1 == len(desk.journal.audit(Sought(what=(What.FOUND_DONE,))))


def test_blocked_booking_that_is_blocked_still_goes_on_needing_attention(desk: TestDesk) -> None:
    operation = cancelled(desk)

    plan = desk.core.blocked_items.look_again(operation.id, ADMIN)

    assert [Verdict.BLOCKED] == [row.verdict for row in plan.rows]
    assert [operation.id] == attention(desk)
    with pytest.raises(NotConfirmed):
        desk.core.operation_commands.confirm(plan.id, ADMIN, reason="again")


def test_retry_does_not_touch_what_was_never_confirmed(desk: TestDesk) -> None:
    operation = cancelled(desk)
    desk.crm.foreign_write(Kind.BOOKING, "53", {"token_used": CS})

    with pytest.raises(StateConflict, match="1 booking was blocked at its preview"):
        desk.core.operation_commands.retry(operation.id, ADMIN)

    assert 1 == desk.held("3", "cs_credits")


def test_dismissal_needs_a_reason_and_is_audited_with_it(desk: TestDesk) -> None:
    operation = cancelled(desk)
    with pytest.raises(BadList, match="give a reason"):
        desk.core.blocked_items.dismiss(operation.id, ADMIN, reason=" ")

    assert 1 == desk.core.blocked_items.dismiss(operation.id, ADMIN, reason="she sits it elsewhere")

    assert [] == attention(desk)
    assert ItemState.DISMISSED is desk.item(operation, "53").state
    assert desk.item(operation, "53").why.startswith(f"dismissed by {ADMIN.email}; was: its token")
    (link,) = desk.journal.audit(Sought(what=(What.DISMISSED,)))
    assert "she sits it elsewhere" == link.entry.reason
    assert ["53"] == link.entry.detail["bookings"]


def test_only_what_failed_or_is_blocked_is_dismissed(desk: TestDesk) -> None:
    operation = cancelled(desk)

    with pytest.raises(BadList, match="booking 51 neither failed nor is blocked here"):
        desk.core.blocked_items.dismiss(
            operation.id, ADMIN, reason="r", bookings=[BookingId("51"), BookingId("53")]
        )

    assert ItemState.BLOCKED is desk.item(operation, "53").state


def test_what_is_dismissed_is_not_dismissed_twice(desk: TestDesk) -> None:
    operation = cancelled(desk)
    desk.core.blocked_items.dismiss(operation.id, ADMIN, reason="first")

    with pytest.raises(BadList, match="no booking of operation"):
        desk.core.blocked_items.dismiss(operation.id, ADMIN, reason="second")


def test_a_manager_sees_blocked_bookings_and_does_not_dismiss_them(desk: TestDesk) -> None:
    operation = cancelled(desk)
    manager = Actor(email="m@example.test", role=Role.MANAGER)

    assert ["53"] == [i.booking_id for i in desk.core.blocked_items.open(operation.id, manager)]
    with pytest.raises(NotAllowed):
        desk.core.blocked_items.dismiss(operation.id, manager, reason="r")


def test_blocked_booking_of_an_operation_that_was_called_off_needs_no_attention(
    desk: TestDesk,
) -> None:
    plan = desk.core.operation_planner.preview(CANCEL, EXAM, ADMIN)
    operation = desk.core.operation_commands.confirm(plan.id, ADMIN, reason="a mistake")
    assert [] == attention(desk), "nothing of it has begun"

    desk.core.operation_commands.call_off(operation.id, ADMIN)

    assert [] == attention(desk)
    with pytest.raises(StateConflict):
        desk.core.blocked_items.look_again(operation.id, ADMIN)


def test_reason_of_a_dismissal_and_names_of_what_was_skipped_are_forgotten_in_time(
    desk: TestDesk,
) -> None:
    operation = cancelled(desk)
    desk.core.blocked_items.dismiss(operation.id, ADMIN, reason="Cy told me on the phone")
    assert all(item.contact_name for item in desk.journal.items(operation.id))

    desk.core.retention.forget(ADMIN, before=desk.now() + timedelta(days=1))

    items = desk.journal.items(operation.id)
    assert not any(item.contact_name or item.booking_name for item in items)
    assert ItemState.DISMISSED is desk.item(operation, "53").state
    told = [dict(event.detail) for event in desk.journal.events(operation_id=operation.id)]
    assert not any("reason" in detail for detail in told)
    (link,) = desk.journal.audit(Sought(what=(What.DISMISSED,)))
    assert "phone" not in link.entry.reason


def test_what_is_left_out_must_have_been_chosen(desk: TestDesk) -> None:
    with pytest.raises(BadList, match="99 is not among exam"):
        desk.core.operation_planner.preview(CANCEL, EXAM, ADMIN, without=["99"])


def test_second_admin_approves_with_the_excluded_bookings_still_left_out(desk: TestDesk) -> None:
    plan = desk.core.operation_planner.preview(CANCEL, EXAM, ADMIN, without=["54"])

    again = desk.core.operation_planner.afresh(plan)

    assert [row.verdict for row in plan.rows] == [row.verdict for row in again]


STATUSES = st.sampled_from(["Active", "Cancelled", "Completed", "Lost", ""])
TOKENS = st.sampled_from([CS, "Shared Token", "Admin Override", "", "Gift Token"])
ROWS = st.lists(
    st.tuples(STATUSES, TOKENS, st.integers(0, 3), st.booleans()), min_size=1, max_size=12
)


@given(rows=ROWS, kind=st.sampled_from([CANCEL, REFUND]), missing=st.integers(0, 2), data=st.data())
@settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_bookings_asked_for_are_accounted_for_by_plan_operation_and_report(
    rows: list[tuple[str, str, int, bool]], kind: OperationKind, missing: int, data: st.DataObject
) -> None:
    desk = TestDesk()
    for n in range(4):
        desk.crm.add_contact(str(n), {"cs_credits": "odd" if n == 3 else n})
    asked = [BookingId(str(500 + n)) for n in range(len(rows) + missing)]
    for id_, (status, token, contact, _) in zip(asked, rows, strict=False):
        desk.booked(id_, str(contact), token=token, status=status)
    without = [id_ for id_, row in zip(asked, rows, strict=False) if row[3]]
    chosen = ByIds(ids=(*asked, *asked[:2]), words="a list")

    plan = desk.core.operation_planner.preview(kind, chosen, ADMIN, without=without)

    assert asked == [row.booking_id for row in plan.rows], "each once, in the order asked"
    assert len(asked) == sum(plan.counts.values())
    assert set(without) == plan.excluded
    if not plan.will_change:
        return
    operation = desk.core.operation_commands.confirm(plan.id, ADMIN, reason="r")
    for id_ in data.draw(st.lists(st.sampled_from(asked), max_size=3), label="cancelled meanwhile"):
        if desk.crm.bookings([id_])[id_] is not None:
            desk.crm.foreign_write(Kind.BOOKING, id_, {"is_active": "Cancelled"})
    desk.carry(operation)

    items = desk.journal.items(operation.id)
    assert asked == [item.booking_id for item in items]
    assert OperationState.DONE is desk.journal.operation(operation.id).state
    progress = desk.journal.progress(operation.id)
    assert Counter(item.state for item in items) == Counter(progress.states)
    assert (len(asked), len(plan.will_change)) == (progress.total, progress.planned)
    assert progress.settled == progress.planned
    for row, item in zip(plan.rows, items, strict=True):
        if row.verdict is not Verdict.WILL_CHANGE:
            assert (UNCHANGED[row.verdict], False) == (item.state, item.planned)
        assert item.state is ItemState.DONE or item.why
