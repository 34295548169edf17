"""Records that were merged in HubSpot: two ids are one booking, one student, one exam."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

import pytest

from core.credits.records import FORFEITED, TOTAL_BOOKINGS, ContactId, ExamId, Kind
from core.operations.booking_rules import Wish
from core.operations.choosing.select import ByReference
from core.operations.owed.rules import waiting
from core.operations.states import Item, ItemState, Operation
from core.operations.verdicts import OperationKind, Why
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, CS, TestDesk

KEY = "cs_credits"
CANCEL, REFUND = OperationKind.CANCEL, OperationKind.REFUND
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


def merged(desk: TestDesk, *, listed: bool = True) -> str:
    """``listed``: whether HubSpot lists the ids from before it."""
    now = desk.crm.merge(Kind.BOOKING, "500", "501")
    if not listed:
        desk.crm.truth.need(Kind.BOOKING, now).former_ids = ()
    return now


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


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("kind", [REFUND, CANCEL])
@pytest.mark.parametrize("ids", [("500", "501"), ("501", "500"), ("500", "new"), ("new", "501")])
def test_two_operations_that_name_one_booking_by_two_ids_give_its_credit_once(
    desk: TestDesk, kind: OperationKind, ids: tuple[str, str], listed: bool
) -> None:
    if kind is CANCEL:
        active(desk, "500", "501")
    now = merged(desk, listed=listed)
    one, two = (desk.confirm(now if id_ == "new" else id_, kind=kind) for id_ in ids)
    # between the credit of the first and its mark
    before(desk, "write", Kind.BOOKING, lambda: desk.carry(two), 2 if kind is CANCEL else 1)
    desk.carry(one)
    desk.carry(two)

    assert HELD + 1 == desk.held("100", KEY)
    assert ItemState.DONE is the_item(desk, one).state
    assert f"{one.id}" in the_item(desk, two).why


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("kind", [REFUND, CANCEL])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_booking_that_is_merged_after_the_preview_of_both_has_its_credit_once(
    desk: TestDesk, kind: OperationKind, nth: int, listed: bool
) -> None:
    if kind is CANCEL:
        active(desk, "500", "501")
    one, two = desk.confirm("500", kind=kind), desk.confirm("501", kind=kind)
    # at the judging of the first, or at its last look
    what = ("read", Kind.BOOKING) if nth == 1 else ("history", Kind.BOOKING)
    before(desk, *what, lambda: merged(desk, listed=listed))
    desk.carry(one)
    desk.carry(two)

    given = desk.held("100", KEY) - HELD
    assert given <= 1
    told = [the_item(desk, each) for each in (one, two) if not the_item(desk, each).after]
    assert all("merged into" in item.why for item in told if item.state is ItemState.BLOCKED)
    now = desk.crm.truth.need(Kind.BOOKING, "501").id
    if now not in {"500", "501"}:
        assert not given
        assert [ItemState.BLOCKED] * 2 == [item.state for item in told]
    if not given:  # nothing is lost: it can be chosen again, under the id that it has now
        still = desk.crm.truth.need(Kind.BOOKING, now).properties["is_active"] == "Active"
        if not still:
            desk.still_owed(now)
        desk.run(now, kind=CANCEL if still else REFUND)
        assert HELD + 1 == desk.held("100", KEY)


def test_a_booking_that_is_another_now_is_not_cancelled(desk: TestDesk) -> None:
    active(desk, "500", "501")
    operation = desk.confirm("501", kind=CANCEL)
    now = merged(desk)
    desk.carry(operation)

    held = desk.crm.truth.need(Kind.BOOKING, now).properties
    assert "Active" == held["is_active"]
    assert f"merged into booking {now}" in the_item(desk, operation).why


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


def written_ids(desk: TestDesk) -> list[tuple[str, ...]]:
    """The bookings that each write names from now on."""
    asked: list[tuple[str, ...]] = []

    def heard(request: Request) -> None:
        if (request.what, request.kind) == ("write", Kind.BOOKING):
            asked.append(request.ids)

    desk.crm.answered = heard
    return asked


def asked_to_undo(desk: TestDesk, refund: Operation) -> Operation:
    plan = desk.core.undo_planner.preview(refund.id, ADMIN)
    return desk.core.operation_commands.confirm(plan.id, ADMIN, reason="wrong exam")


def test_the_mark_is_set_on_what_the_booking_became(desk: TestDesk) -> None:
    """By the id that it has then: HubSpot may refuse another."""
    operation = desk.confirm("501")
    asked = written_ids(desk)
    before(desk, "read", Kind.BOOKING, lambda: merged(desk), 2)
    desk.carry(operation)

    now = desk.crm.truth.need(Kind.BOOKING, "501")
    assert HELD + 1 == desk.held("100", KEY)
    assert [(now.id,)] == asked
    assert "true" == now.properties["token_refunded"]
    assert ItemState.DONE is the_item(desk, operation).state


def test_the_mark_is_cleared_on_what_the_booking_became(desk: TestDesk) -> None:
    undo = asked_to_undo(desk, desk.run("501"))
    asked = written_ids(desk)
    before(desk, "read", Kind.BOOKING, lambda: merged(desk), 2)
    desk.carry(undo)

    now = desk.crm.truth.need(Kind.BOOKING, "501")
    assert HELD == desk.held("100", KEY)
    assert [(now.id,)] == asked
    assert not now.properties["token_refunded"]
    assert ItemState.DONE is the_item(desk, undo).state
    desk.still_owed(now.id)
    desk.run(now.id)
    assert HELD + 1 == desk.held("100", KEY)


def test_an_undo_leaves_the_mark_that_a_merge_brought(desk: TestDesk) -> None:
    """The credit of the other booking is still there."""
    desk.run("500")
    undo = asked_to_undo(desk, desk.run("501"))
    asked = written_ids(desk)
    before(desk, "read", Kind.BOOKING, lambda: merged(desk), 2)
    desk.carry(undo)

    now = desk.crm.truth.need(Kind.BOOKING, "501")
    item = the_item(desk, undo)
    assert HELD + 1 == desk.held("100", KEY)
    assert not asked
    assert "true" == now.properties["token_refunded"]
    assert (ItemState.DONE, None) == (item.state, item.sent_at)
    assert item.why.startswith(f"its refund mark is left as it is: it is of {ADMIN.email} at ")


def test_the_mark_of_a_kept_credit_is_set_on_what_the_booking_became(desk: TestDesk) -> None:
    active(desk, "501")
    operation = desk.confirm("501", kind=FORFEIT)
    asked = written_ids(desk)
    before(desk, "read", Kind.BOOKING, lambda: merged(desk), 2)
    desk.carry(operation)

    now = desk.crm.truth.need(Kind.BOOKING, "501")
    assert HELD == desk.held("100", KEY)
    assert [("501",), (now.id,)] == asked
    assert (now.properties[FORFEITED] or "").startswith(f"forfeited by {ADMIN.email}")
    assert ItemState.DONE is the_item(desk, operation).state


@pytest.mark.parametrize("refunded", [True, False])
def test_a_kept_credit_is_not_marked_on_what_a_merge_made_another_booking(
    desk: TestDesk, *, refunded: bool
) -> None:
    """One that was refunded, or that its student has and may cancel yet."""
    active(desk, "500", "501")
    if refunded:
        desk.run("500", kind=CANCEL)
    operation = desk.confirm("501", kind=FORFEIT)
    before(desk, "read", Kind.BOOKING, lambda: merged(desk), 2)
    desk.carry(operation)

    now = desk.crm.truth.need(Kind.BOOKING, "501")
    item = the_item(desk, operation)
    assert HELD + refunded == desk.held("100", KEY)
    assert not now.properties.get(FORFEITED)
    assert (ItemState.DONE, None) == (item.state, item.sent_at)
    why = f"it is marked refunded by {ADMIN.email} at " if refunded else "it is Active now"
    assert f"not marked as one whose credit is kept: {why}" in item.why


def refunded(desk: TestDesk, id_: str) -> Operation:
    """With its mark cleared by somebody since, who knows why."""
    operation = desk.run(id_)
    marks = dict.fromkeys(("token_refunded", "token_refunded_at", "token_refund_admin"), "")
    desk.crm.foreign_write(Kind.BOOKING, id_, marks)
    return operation


def test_a_preview_leaves_what_a_former_id_was_refunded_for_to_a_person(desk: TestDesk) -> None:
    given = refunded(desk, "501")
    now = merged(desk)

    (row,) = desk.plan(now).rows

    assert Why.MAY_BE_GIVEN_BACK is row.why
    assert given.id in row.detail


def test_what_a_former_id_was_refunded_for_is_given_again_on_a_persons_word_alone(
    desk: TestDesk,
) -> None:
    given = refunded(desk, "501")
    now = merged(desk)
    desk.still_owed(now)
    operation = desk.run(now)

    item = the_item(desk, operation)
    assert ItemState.UNDECIDED is item.state
    assert f"booking 501, whose credit operation {given.id} has, was merged into it" in item.why
    assert HELD + 1 == desk.held("100", KEY)

    resolution = desk.core.resolution
    resolution.rule(operation.id, item.booking_id, ADMIN, refunded=False, why="two were spent")
    desk.carry(operation)
    assert HELD + 2 == desk.held("100", KEY)


def test_a_retry_gives_no_credit_that_a_row_of_the_same_operation_has(desk: TestDesk) -> None:
    operation = desk.confirm("500", "501")
    desk.crm.foreign_write(Kind.BOOKING, "500", {"token_refunded": "perhaps"})
    desk.carry(operation)
    assert ItemState.BLOCKED is desk.item(operation, "500").state
    now = merged(desk)
    marks = dict.fromkeys(("token_refunded", "token_refunded_at", "token_refund_admin"), "")
    desk.crm.foreign_write(Kind.BOOKING, now, marks)

    desk.core.operation_commands.retry(operation.id, ADMIN)
    desk.carry(operation)

    assert HELD + 1 == desk.held("100", KEY)
    item = desk.item(operation, "500")
    kept = now == "500"
    assert (ItemState.UNDECIDED if kept else ItemState.BLOCKED) is item.state
    assert ("merged into it" if kept else f"merged into booking {now}") in item.why


def test_when_a_booking_was_cancelled_is_not_told_by_a_merge(desk: TestDesk) -> None:
    """Whoever cancelled it may have given its credit back long before."""
    active(desk, "501")
    now = desk.crm.merge(Kind.BOOKING, "500", "501")

    (row,) = desk.plan(now).rows

    assert Why.MAY_BE_GIVEN_BACK is row.why
    assert "hides when it was cancelled" in row.detail


@pytest.mark.parametrize("first", [CANCEL, FORFEIT])
def test_a_credit_is_kept_or_given_back_by_whichever_came_first(
    desk: TestDesk, first: OperationKind
) -> None:
    active(desk, "500", "501")
    merged(desk)
    second = FORFEIT if first is CANCEL else CANCEL
    one, two = desk.confirm("500", kind=first), desk.confirm("501", kind=second)
    before(desk, "history", Kind.BOOKING, lambda: desk.carry(two))
    desk.carry(one)

    assert HELD + (first is CANCEL) == desk.held("100", KEY)
    assert ItemState.DONE is the_item(desk, one).state
    assert f"{one.id}" in the_item(desk, two).why


def test_a_booking_moves_under_the_id_that_it_has_now(desk: TestDesk) -> None:
    active(desk, "500", "501")
    there = "71"
    desk.crm.foreign_write(Kind.CONTACT, "100", {"student_id": "9"})
    desk.crm.add_exam(there, SEATS, mock_type="Clinical Skills", exam_date="2036-07-02")
    now = merged(desk)
    planner = desk.core.operation_planner
    plan = planner.preview(
        OperationKind.MOVE, ByReference(references=("501",)), ADMIN, to=ExamId(there)
    )
    (row,) = plan.rows

    assert now == row.booking_id
    assert "asked for as 501, which was merged into it" in row.detail
    assert row.new_name


# a student or an exam by its old id and by its new one


@pytest.mark.parametrize("primary", ["100", "102"])
@pytest.mark.parametrize("named", ["other", "new"])
def test_a_write_under_way_by_an_old_id_bars_what_the_student_became(
    desk: TestDesk, primary: str, named: str
) -> None:
    desk.crm.add_contact("102", {KEY: HELD})
    desk.booked("502", "102")
    one, two = desk.confirm("500"), desk.confirm("502")
    desk.time += timedelta(minutes=1)
    faulty_write(desk, Kind.CONTACT, Fault.LATE)
    desk.core.operation_runner.carry_out(one.id)
    other = {"100": "102", "102": "100"}[primary]
    now = desk.crm.merge(Kind.CONTACT, primary, other)
    if named == "new":
        desk.still_owed("502")
        two = desk.confirm("502")
    for _ in range(3):
        desk.core.operation_runner.carry_out(one.id)
        desk.core.operation_runner.carry_out(two.id)
    assert HELD == desk.held(now, KEY)

    desk.crm.deliver_late()
    desk.carry(one)
    desk.carry(two)

    assert HELD + 2 == desk.held(now, KEY)


def faulty_write(desk: TestDesk, kind: Kind, fault: Fault) -> None:
    """What becomes of the next write of such a record."""

    def sending(request: Request) -> Fault:
        if (request.what, request.kind) == ("write", kind):
            desk.crm.sending = lambda _: Fault.NONE
            return fault
        return Fault.NONE

    desk.crm.sending = sending


def lost_and_under_way(desk: TestDesk) -> tuple[Operation, Operation]:
    """The write of 100 is lost; 50 s later that of 102 is under way; then 102 is merged into 100.

    So 70 s after the first was sent, and 20 s after the second.
    """
    desk.crm.truth.merge_ids = "kept"
    desk.crm.add_contact("102", {KEY: HELD + 5})
    desk.booked("502", "102")
    one, two = desk.confirm("500"), desk.confirm("502")
    desk.time += timedelta(minutes=1)
    for operation, fault, since in ((one, Fault.REQUEST_LOST, 50), (two, Fault.LATE, 20)):
        faulty_write(desk, Kind.CONTACT, fault)
        desk.core.operation_runner.carry_out(operation.id)
        desk.time += timedelta(seconds=since)
    desk.crm.merge(Kind.CONTACT, "100", "102")
    return one, two


def test_a_write_is_not_sent_again_while_one_by_an_id_merged_into_it_may_arrive(
    desk: TestDesk,
) -> None:
    """It would be written over, and the credit of it be lost without a word."""
    one, two = lost_and_under_way(desk)
    for _ in range(3):
        again = desk.core.operation_runner.carry_out(one.id)
        assert again is not None
        assert again > desk.time  # HubSpot is not asked without a pause
    assert HELD == desk.held("100", KEY)

    desk.crm.deliver_late()  # over the balance that HubSpot kept
    assert HELD + 6 == desk.held("100", KEY)
    desk.carry(two)
    desk.carry(one)

    assert HELD + 7 == desk.held("100", KEY)
    assert [ItemState.DONE] * 2 == [the_item(desk, each).state for each in (one, two)]


@pytest.mark.parametrize("moment", ["lease", "open_writes"])
def test_a_write_that_arrives_by_an_old_id_before_one_is_sent_again_is_not_written_over(
    desk: TestDesk, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the record was read, while it is looked for what may still arrive."""
    one, two = lost_and_under_way(desk)
    ask, arrives = getattr(desk.journal, moment), [desk.crm.deliver_late]

    def asked(*args: Any, **named: Any) -> object:
        if ["102"] in (*args, named.get("ids")) and arrives:
            arrives.pop()()
            desk.core.operation_runner.carry_out(two.id)
        return ask(*args, **named)

    monkeypatch.setattr(desk.journal, moment, asked)
    desk.carry(one)
    desk.carry(two)

    assert not arrives
    assert HELD + 7 == desk.held("100", KEY)
    assert [ItemState.DONE] * 2 == [the_item(desk, each).state for each in (one, two)]


def test_a_credit_that_never_arrived_by_an_old_id_is_given_once_on_a_persons_word(
    desk: TestDesk,
) -> None:
    one, two = lost_and_under_way(desk)
    desk.crm.late.clear()
    desk.carry(two)
    desk.carry(one)
    assert HELD + 1 == desk.held("100", KEY)
    (doubt,) = desk.core.resolution.undecided(two.id, ADMIN)
    assert "merged into 100" in doubt.reason

    desk.core.resolution.decide(
        two.id, doubt.write.id, ADMIN, landed=False, why="the history shows nothing of it"
    )
    desk.core.operation_commands.retry(two.id, ADMIN)
    desk.carry(two)

    assert HELD + 2 == desk.held("100", KEY)
    assert [ItemState.DONE] * 2 == [the_item(desk, each).state for each in (one, two)]


@pytest.mark.parametrize("named", ["other", "new"])
def test_who_read_a_student_before_a_merge_writes_nothing_after_it(
    desk: TestDesk, named: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between its read and its intent: only whoever leases what the student became can tell."""
    desk.crm.add_contact("102", {KEY: HELD})
    desk.booked("502", "102")
    one, two = desk.confirm("500"), desk.confirm("502")
    desk.time += timedelta(minutes=1)
    save = desk.journal.save_intents
    now = []

    def meanwhile() -> None:
        now.append(desk.crm.merge(Kind.CONTACT, "100", "102"))
        if named == "new":
            desk.still_owed("502")
        desk.carry(desk.confirm("502") if named == "new" else two)

    pauses = [meanwhile]

    def slept(*args: object, **kwargs: object) -> object:
        if pauses:
            pauses.pop()()
        return save(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(desk.journal, "save_intents", slept)
    desk.carry(one)

    assert HELD + 2 == desk.held(now[0], KEY)


def test_a_seat_under_way_by_an_old_id_bars_what_the_exam_became(desk: TestDesk) -> None:
    desk.crm.add_exam("71", SEATS, mock_type="Clinical Skills")
    desk.crm.add_contact("102", {KEY: HELD})
    desk.crm.add_booking("502", contact="102", exam="71", token=CS)
    active(desk, "500")
    one = desk.confirm("500", kind=CANCEL)
    desk.time += timedelta(minutes=1)
    faulty_write(desk, Kind.EXAM, Fault.LATE)
    desk.core.operation_runner.carry_out(one.id)
    now = desk.crm.merge(Kind.EXAM, "70", "71")
    two = desk.confirm("502", kind=CANCEL)
    desk.time += timedelta(seconds=20)
    for _ in range(3):
        desk.core.operation_runner.carry_out(two.id)
        desk.core.operation_runner.follow_up(two.id)
    assert SEATS == desk.crm.balance(Kind.EXAM, now, TOTAL_BOOKINGS)

    desk.crm.deliver_late()
    desk.carry(one)
    desk.carry(two)

    assert SEATS - 2 == desk.crm.balance(Kind.EXAM, now, TOTAL_BOOKINGS)


def test_a_seat_is_not_freed_again_while_one_by_an_id_merged_into_it_may_arrive(
    desk: TestDesk,
) -> None:
    desk.crm.truth.merge_ids = "kept"
    desk.crm.add_exam("71", SEATS + 5, mock_type="Clinical Skills")
    desk.crm.add_contact("102", {KEY: HELD})
    desk.crm.add_booking("502", contact="102", exam="71", token=CS)
    active(desk, "500")
    one, two = desk.confirm("500", kind=CANCEL), desk.confirm("502", kind=CANCEL)
    desk.time += timedelta(minutes=1)
    for operation, fault, since in ((one, Fault.REQUEST_LOST, 50), (two, Fault.LATE, 20)):
        faulty_write(desk, Kind.EXAM, fault)
        desk.core.operation_runner.carry_out(operation.id)
        desk.time += timedelta(seconds=since)
    desk.crm.merge(Kind.EXAM, "70", "71")
    for _ in range(3):
        desk.core.operation_runner.carry_out(one.id)
    assert SEATS == desk.crm.balance(Kind.EXAM, "70", TOTAL_BOOKINGS)

    desk.crm.deliver_late()
    desk.carry(two)
    desk.carry(one)

    assert SEATS + 5 - 2 == desk.crm.balance(Kind.EXAM, "70", TOTAL_BOOKINGS)
    assert not desk.journal.open_writes()


def test_students_who_became_one_get_one_booking_on_a_day(desk: TestDesk) -> None:
    operations = []
    for contact, exam in (("100", "80"), ("102", "81")):
        if contact == "102":
            desk.crm.add_contact("102", {KEY: HELD})
        desk.crm.foreign_write(Kind.CONTACT, contact, {"student_id": contact})
        desk.crm.add_exam(exam, 0, mock_type="Clinical Skills", exam_date="2036-07-02")
        wish = Wish(contact_id=ContactId(contact), exam_id=ExamId(exam), dominant_hand="Left")
        plan = desk.core.booking_preview.preview(wish, ADMIN)
        operations.append(desk.core.operation_commands.confirm(plan.id, ADMIN, reason="by phone"))
    now = desk.crm.merge(Kind.CONTACT, "100", "102")
    first, second = operations
    # the first has judged the day, and not made its booking yet
    before(desk, "write", Kind.EXAM, lambda: desk.carry(second))
    desk.carry(first)
    desk.carry(second)

    made = [item for each in operations if (item := the_item(desk, each)).state is ItemState.DONE]
    assert len(made) == (now == "100")
    assert HELD - len(made) == desk.held(now, KEY)
    assert len(made) == sum(
        desk.crm.balance(Kind.EXAM, id_, TOTAL_BOOKINGS) for id_ in ("80", "81")
    )
