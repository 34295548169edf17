"""Every kind of operation says all of itself; one that nobody knows can do nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast

import pytest

from core.cli import reports
from core.credits.records import BookingId, ExamId, Kind
from core.credits.writes import MovementKind
from core.operations.choosing.select import ByReference
from core.operations.kinds.base import (
    ChosenKind,
    CreditKind,
    FollowUp,
    KindOfOperation,
    Planners,
    RowSubject,
    Toolbox,
)
from core.operations.kinds.permissions import act_for, second_admin_why
from core.operations.kinds.registry import (
    KINDS,
    NAMES,
    UnknownKind,
    booking_of,
    chosen_kind_of,
    credit_kind_of,
    kind_of,
    titled,
)
from core.operations.protocol.claim import claimed
from core.operations.states import ItemState, OperationState
from core.operations.verdicts import OperationKind
from pages.shared.kinds import SAID
from pages.shared.operations.confirming import act
from tests.unit.services.desk import ADMIN, TestDesk

#: As a newer version would have stored it.
LEND = cast(OperationKind, "lend")
EVERY = pytest.mark.parametrize("kind", list(KINDS.values()), ids=lambda kind: kind.key)


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    made.crm.add_contact("100", {"cs_credits": 1})
    made.booked("1", "100")
    return made


def balance(desk: TestDesk) -> int:
    return desk.held("100", "cs_credits")


def state(desk: TestDesk, operation_id: str) -> ItemState:
    (item,) = desk.journal.items(operation_id)
    return item.state


# what is registered


@EVERY
def test_each_kind_is_registered_under_its_own_name(kind: KindOfOperation) -> None:
    assert kind is kind_of(kind.key)
    assert set(KINDS) == set(OperationKind)


@pytest.mark.parametrize("name", sorted(ChosenKind.__abstractmethods__))
def test_a_kind_that_leaves_out_anything_cannot_be_made(name: str) -> None:
    said = {each: None for each in ChosenKind.__abstractmethods__ if each != name}
    half_a_kind: Callable[[], object] = type("HalfAKind", (ChosenKind,), said)

    with pytest.raises(TypeError, match=name):
        half_a_kind()


def test_nothing_of_a_kind_has_a_default_that_another_could_inherit() -> None:
    ours = {KindOfOperation, CreditKind, ChosenKind}
    said = {name for cls in ours for name in vars(cls) if not name.startswith("_")}
    abstract = set[str]().union(*(cls.__abstractmethods__ for cls in ours))

    assert {"not_undone"} == said - abstract


@EVERY
def test_whoever_approves_a_kind_can_read_its_plans_anew(kind: KindOfOperation) -> None:
    planners = Planners(
        bookings="bookings", undos="undos", corrections="corrections", adjustments="adjustments"
    )

    assert kind.second_admin is (kind.afresh(planners) is not None)
    assert kind.second_admin or not kind.renewable


@EVERY
def test_bookings_are_chosen_only_where_somebody_says_which(kind: KindOfOperation) -> None:
    assert bool(kind.words.choosing) is isinstance(kind, ChosenKind)


@EVERY
def test_a_kind_that_marks_bookings_is_of_bookings_that_hubspot_has(kind: KindOfOperation) -> None:
    if kind.mark is not None or kind.refunds or kind.cancels:
        assert kind.subject is RowSubject.BOOKING
    if FollowUp.SEATS in kind.follow_ups:
        assert kind.cancels


@EVERY
def test_every_word_of_a_kind_that_people_read_is_there(kind: KindOfOperation) -> None:
    words = kind.words
    assert all([words.name, words.effect, words.row, words.begins, words.begin, words.done])
    if kind.one_student is not None:
        told = kind.one_student.question.format(bookings="2 bookings", credits="1 credit")
        assert "{" not in told


def test_kinds_that_move_no_credit_of_their_items_have_no_movements() -> None:
    moving = {kind.key for kind in KINDS.values() if isinstance(kind, CreditKind)}

    assert {OperationKind.BOOK, OperationKind.RECOUNT} == set(OperationKind) - moving


# what is not


ASKED: dict[str, Callable[[TestDesk], object]] = {
    "its words": lambda _: kind_of(LEND).words,
    "its name": lambda _: NAMES[LEND],
    "its claims": lambda _: credit_kind_of(LEND),
    "its verdicts": lambda _: chosen_kind_of(LEND),
    "its steps": lambda _: kind_of(LEND).steps(
        Toolbox(
            refunding=1,
            undoing=2,
            correcting=3,
            booking=4,
            recounting=5,
            adjusting=6,
            forfeiting=7,
            moving=8,
        )
    ),
    "a preview": lambda desk: desk.core.operation_planner.preview(
        LEND, ByReference(references=("1",)), ADMIN
    ),
    "a verdict": lambda desk: desk.core.operation_planner.judged(
        LEND, ByReference(references=("1",)), ADMIN
    ),
}


@pytest.mark.parametrize("asked", ASKED)
def test_of_a_kind_that_nobody_knows_nothing_is_answered(desk: TestDesk, asked: str) -> None:
    before = desk.crm.usage()["total"]

    with pytest.raises(UnknownKind, match="'lend'"):
        ASKED[asked](desk)

    assert before == desk.crm.usage()["total"]
    assert not desk.journal._plans


def test_a_plan_of_an_unknown_kind_is_nobodys_to_confirm(desk: TestDesk) -> None:
    plan = desk.plan("1")
    desk.journal._plans[plan.id] = strange = replace(plan, kind=LEND)

    with pytest.raises(UnknownKind, match="'lend'"):
        act_for(strange)
    with pytest.raises(UnknownKind, match="'lend'"):
        second_admin_why(desk.core.operation_commands.second, strange)
    with pytest.raises(UnknownKind, match="'lend'"):
        desk.core.operation_commands.confirm(plan.id, ADMIN, reason="it looks like a refund")

    assert not desk.journal._operations


@pytest.mark.parametrize("begun", [False, True], ids=["held", "running"])
def test_an_operation_of_an_unknown_kind_is_not_run(desk: TestDesk, *, begun: bool) -> None:
    operation = desk.confirm("1")
    desk.time = operation.hold_until
    if begun:
        to = OperationState.RUNNING
        operation = desk.journal.move(operation.id, to, at=desk.time, actor=ADMIN.email)
    desk.journal._operations[operation.id].operation = replace(operation, kind=LEND)

    for _ in range(3):
        with pytest.raises(UnknownKind, match="'lend'"):
            desk.core.operation_runner.carry_out(operation.id)

    assert (1, ItemState.PENDING) == (balance(desk), state(desk, operation.id))
    assert set() == desk.journal.claimed([BookingId("1")], MovementKind.REFUND)


@pytest.mark.parametrize(
    "kind", [LEND, OperationKind.BOOK, OperationKind.RECOUNT], ids=["unknown", "book", "recount"]
)
def test_what_does_not_say_its_claims_claims_nothing_and_moves_nothing(
    desk: TestDesk, kind: OperationKind
) -> None:
    operation = replace(desk.confirm("1"), kind=kind)
    run, _ = desk.journal.begin_run(operation.id, at=desk.time)
    items = desk.journal.items(operation.id)

    with pytest.raises(UnknownKind):
        claimed(desk.journal, run, operation, items)
    for steps in ("refunding", "undoing", "correcting"):
        with pytest.raises(UnknownKind):
            getattr(desk.core.operation_runner.toolbox, steps).carry(run, operation, items)

    assert (1, ItemState.PENDING) == (balance(desk), state(desk, operation.id))
    assert set() == desk.journal.claimed([BookingId("1")], MovementKind.REFUND)
    assert [] == desk.journal.open_writes()


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (OperationKind.CORRECT, "item 1 of the kind 'correct' is a balance"),
        (OperationKind.UNDO, "no bookings are chosen for the kind 'undo'"),
    ],
)
def test_the_steps_of_a_refund_give_nothing_for_a_kind_whose_bookings_are_not_judged_so(
    desk: TestDesk, kind: OperationKind, told: str
) -> None:
    operation = replace(desk.confirm("1"), kind=kind)
    run, _ = desk.journal.begin_run(operation.id, at=desk.time)

    with pytest.raises(UnknownKind, match=told):
        desk.core.operation_runner.toolbox.refunding.carry(
            run, operation, desk.journal.items(operation.id)
        )

    assert 1 == balance(desk)
    assert desk.crm.histories(Kind.CONTACT, {"100"}, ["credit_desk_last_write"])["100"] in (
        {},
        {"credit_desk_last_write": ()},
        {"credit_desk_last_write": []},
    )


def test_an_operation_of_an_unknown_kind_is_not_shown_as_another(desk: TestDesk) -> None:
    with pytest.raises(UnknownKind, match="'lend'"):
        titled(replace(desk.confirm("1"), kind=LEND))


# what an item is


@EVERY
def test_only_an_item_of_a_booking_that_hubspot_has_is_sent_as_one(
    desk: TestDesk, kind: KindOfOperation
) -> None:
    (item,) = desk.journal.items(desk.confirm("1").id)

    if kind.subject is RowSubject.BOOKING:
        assert "1" == booking_of(item, kind.key)
        return
    with pytest.raises(UnknownKind, match=f"of the kind '{kind.key}' is a {kind.subject}"):
        booking_of(item, kind.key)


def test_the_rows_of_a_recount_are_known_by_their_exams(desk: TestDesk) -> None:
    (row,) = desk.core.seat_recount.preview([ExamId("70")], ADMIN).rows

    assert row.booking_id == row.exam_id == "70"


# the same words everywhere


def test_pages_command_line_and_students_api_tell_of_a_kind_in_the_same_words(
    desk: TestDesk,
) -> None:
    plan = desk.plan("1")
    operation = desk.core.operation_commands.confirm(plan.id, ADMIN, reason="a test")
    dry = reports.of_plan(plan)
    report = reports.of_operation(
        operation, desk.journal.progress(plan.id), retried_at=None, now=desk.time
    )

    assert act(plan) == dry["would"] == "Give back 1 credit to 1 student"
    assert dry["effect"] == SAID[plan.kind].effect
    assert report["title"] == titled(operation) == f"Bulk refund of {plan.selection}"
    assert {"book", "cancel"} == {k.client_word for k in KINDS.values()} - {None}


def test_a_plan_that_changes_nothing_promises_nothing_on_the_command_line(desk: TestDesk) -> None:
    desk.booked("2", "100", status="Active")

    assert "" == reports.of_plan(desk.plan("2"))["would"]
