"""Records that were merged in HubSpot: two ids are one booking, one student, one exam."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest

from core.credits.records import TOTAL_BOOKINGS, BookingId, Kind
from core.credits.writes import QUIET_PERIOD, MovementKind
from core.operations.choosing.select import ByReference
from core.operations.owed.rules import waiting
from core.operations.states import Item, ItemState, Operation
from core.operations.verdicts import OperationKind, Why
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, CS, TestDesk

KEY = "cs_credits"
CANCEL, REFUND, MOVE = OperationKind.CANCEL, OperationKind.REFUND, OperationKind.MOVE
FORFEIT = OperationKind.FORFEIT
HELD, SEATS = 3, 10


@pytest.fixture(params=["all", "kept"])
def desk(request: pytest.FixtureRequest) -> TestDesk:
    """Two cancelled bookings of one student; a merge makes a new record, or keeps the first id."""
    made = TestDesk()
    made.crm.truth.merge_ids = request.param
    made.crm.add_contact("100", {KEY: HELD})
    for id_ in ("500", "501"):
        made.booked(id_, "100")
    made.time += timedelta(hours=1)
    return made


def active(desk: TestDesk, *ids: str) -> None:
    for id_ in ids:
        desk.crm.foreign_write(Kind.BOOKING, id_, {"is_active": "Active"})


def merged(desk: TestDesk) -> str:
    return desk.crm.merge(Kind.BOOKING, "500", "501")


def the_item(desk: TestDesk, operation: Operation) -> Item:
    (item,) = desk.journal.items(operation.id)
    return item


def before(desk: TestDesk, what: str, kind: Kind, act: Callable[[], object], nth: int = 1) -> None:
    """Something happens right before the nth request of this sort."""
    left = [nth]

    def sending(request: Request) -> Fault | Mapping[str, Fault]:
        if (request.what, request.kind) == (what, kind):
            left[0] -= 1
            if not left[0]:
                desk.crm.sending = lambda _: Fault.NONE
                act()
        return Fault.NONE

    desk.crm.sending = sending


# a booking by its old id and by its new one


@pytest.mark.parametrize("kind", [REFUND, CANCEL])
@pytest.mark.parametrize("ids", [("500", "501"), ("501", "500"), ("500", "new"), ("new", "501")])
def test_two_operations_that_name_one_booking_by_two_ids_give_its_credit_once(
    desk: TestDesk, kind: OperationKind, ids: tuple[str, str]
) -> None:
    if kind is CANCEL:
        active(desk, "500", "501")
    now = merged(desk)
    one, two = (desk.confirm(now if id_ == "new" else id_, kind=kind) for id_ in ids)
    # between the credit of the first and its mark
    before(desk, "write", Kind.BOOKING, lambda: desk.carry(two), 2 if kind is CANCEL else 1)
    desk.carry(one)
    desk.carry(two)

    assert HELD + 1 == desk.held("100", KEY)
    assert ItemState.DONE is the_item(desk, one).state
    assert f"{one.id}" in the_item(desk, two).why


@pytest.mark.parametrize("kind", [REFUND, CANCEL])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_booking_that_is_merged_after_the_preview_of_both_has_its_credit_once(
    desk: TestDesk, kind: OperationKind, nth: int
) -> None:
    if kind is CANCEL:
        active(desk, "500", "501")
    one, two = desk.confirm("500", kind=kind), desk.confirm("501", kind=kind)
    # at the judging of the first, or at its last look
    what = ("read", Kind.BOOKING) if nth == 1 else ("history", Kind.BOOKING)
    before(desk, *what, lambda: merged(desk))
    desk.carry(one)
    desk.carry(two)

    given = desk.held("100", KEY) - HELD
    assert given <= 1
    told = [the_item(desk, each) for each in (one, two) if not the_item(desk, each).after]
    assert all("merged into" in item.why for item in told if item.state is ItemState.BLOCKED)
    now = desk.crm.truth.need(Kind.BOOKING, "501").id
    if not given:  # nothing is lost: it can be chosen again, under the id that it has now
        desk.still_owed(now)
        desk.run(now)
        assert HELD + 1 == desk.held("100", KEY)


@pytest.mark.parametrize("kind", [REFUND, CANCEL])
def test_two_rows_of_one_operation_that_became_one_booking_give_one_credit(
    desk: TestDesk, kind: OperationKind
) -> None:
    if kind is CANCEL:
        active(desk, "500", "501")
    operation = desk.confirm("500", "501", kind=kind)
    now = merged(desk)
    desk.carry(operation)

    given = desk.held("100", KEY) - HELD
    assert given <= 1
    for item in desk.journal.items(operation.id):
        assert item.state is ItemState.DONE or f"merged into booking {now}" in item.why


def test_a_credit_that_was_given_and_not_yet_marked_counts_after_a_merge(desk: TestDesk) -> None:
    one = desk.confirm("500")

    def meanwhile() -> None:
        now = merged(desk)
        desk.still_owed(now) if waiting_for(desk, now) else None
        plan = desk.plan(now)
        if plan.will_change:
            desk.carry(desk.core.operation_commands.confirm(plan.id, ADMIN, reason="again"))

    before(desk, "write", Kind.BOOKING, meanwhile)
    desk.carry(one)

    assert HELD + 1 == desk.held("100", KEY)


def waiting_for(desk: TestDesk, id_: str) -> bool:
    found = desk.core.owed_decisions.choice(ByReference(references=(id_,)), ADMIN)
    return bool(waiting(found.open))


def test_a_word_that_nothing_is_owed_holds_for_what_the_booking_became(desk: TestDesk) -> None:
    choice = ByReference(references=("501",))
    found = desk.core.owed_decisions.choice(choice, ADMIN)
    desk.core.owed_decisions.decide(found.open, owed=False, reason="paid in cash", actor=ADMIN)
    now = merged(desk)

    (row,) = desk.plan(now).rows

    assert Why.NOT_OWED is row.why
    assert "paid in cash" in row.detail


def test_the_mark_is_set_on_what_the_booking_became(desk: TestDesk) -> None:
    operation = desk.confirm("501")
    before(desk, "read", Kind.BOOKING, lambda: merged(desk), 2)
    desk.carry(operation)

    assert HELD + 1 == desk.held("100", KEY)
    held = desk.crm.truth.need(Kind.BOOKING, "501").properties
    assert "true" == held["token_refunded"]
    assert ItemState.DONE is the_item(desk, operation).state
