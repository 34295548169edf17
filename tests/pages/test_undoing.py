"""Undo on the pages: from a refund's result to its preview, and what both say of it afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.access.people import Access
from core.credits.records import Kind
from core.credits.roles import Actor, Role
from core.operations.choosing.select import ByReference
from core.operations.owed.rules import waiting
from core.operations.plans import Plan
from core.operations.states import Item, ItemState, OperationState
from core.operations.verdicts import OperationKind
from pages.shared.places import BATCH_CANCELLATION, BULK_REFUND, CONTACTS, OPERATIONS
from tests.pages.acts import choose, figures, frame_with, grid, press, said, tick
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, Stage, confirmed

EXAM = "71000000003"


@pytest.fixture
def refund(made: Stage) -> str:
    """An ended refund, long enough ago."""
    operation_id = confirmed(made, exam=EXAM, kind=OperationKind.REFUND)
    made.carry(operation_id)
    made.clock.pass_(minutes=2)
    return operation_id


@pytest.fixture
def plan(made: Stage, refund: str) -> Plan:
    return made.core.undo_planner.preview(refund, ACTOR)


def undone(made: Stage, plan: Plan, reason: str = "Wrong exam") -> str:
    made.core.operation_commands.confirm(plan.id, ACTOR, reason=reason)
    made.carry(plan.id)
    return plan.id


def keys(at: AppTest) -> set[str | None]:
    return {button.key for button in at.button}


def links(at: AppTest) -> dict[str, str]:
    """Where each link leads, by its words without Markdown's escapes."""
    found: list[Any] = list(at.get("page_link"))
    return {one.label.replace("\\", ""): one.proto.query_string for one in found}


def balance(made: Stage, item: Item) -> int:
    return made.crm.balance(Kind.CONTACT, str(item.contact_id), str(item.credit))


def credits_of(made: Stage, operation_id: str) -> int:
    return abs(sum(made.journal.progress(operation_id).net.values()))


def test_from_the_result_to_the_preview_and_back_to_where_it_was(
    open_page: Open, made: Stage, refund: str
) -> None:
    given = made.journal.items(refund, states={ItemState.DONE})
    before = {one.booking_id: balance(made, one) for one in given}
    at = open_page(BULK_REFUND, operation=refund)
    assert "Undo this refund …" == at.button(key="undo").label

    press(at, "undo")

    shown = figures(at)
    assert f"{len(given)} credits" == shown["To take back"]
    assert "Preview of the undo of the refund of" in said(at)
    assert "the booking's refund mark is cleared" in said(at)
    rows = grid(at, "rows_")
    assert len(given) == len(rows)
    assert {"Take its credit back, and clear its mark"} == set(rows["Why"])
    label = at.button(key="sure").label
    assert label.startswith(f"Take back {len(given)} credits from")
    assert at.button(key="sure").disabled, "a reason comes first"
    plan_id = at.query_params["plan"]
    choose(at, f"reason_{plan_id}", "Wrong exam")
    if len(given) > 20:
        choose(at, f"typed_{plan_id}", str(len(given)))
    press(at, "sure")
    assert "credits are taken back in 10 s" in said(at)
    made.carry(plan_id)

    at = open_page(BULK_REFUND, operation=plan_id)
    told = said(at)
    n = len(given)
    assert f"{n} of {n} bookings owed again, {n} credits taken back." in told
    assert f"{len(given)} credits" == figures(at)["Taken back"]
    assert {"Credit taken back, mark cleared"} == set(frame_with(at, "State", "Why")["Why"])
    assert all(balance(made, one) < before[one.booking_id] for one in given)


def test_the_result_of_the_refund_says_who_took_it_back(
    open_page: Open, made: Stage, refund: str, plan: Plan
) -> None:
    undo = undone(made, plan)

    at = open_page(BULK_REFUND, operation=refund)

    n = credits_of(made, undo)
    (label,) = (one for one in links(at) if "taken back by" in one)
    assert label.startswith(f"{n} credits taken back by admin@example.test, asked for")
    assert undo in links(at)[label]
    assert "undo" not in keys(at), "all of it is undone"
    at = open_page(OPERATIONS, operation=undo)
    assert refund in links(at)["The refund that this takes back"]


def test_while_an_undo_is_under_way_no_second_is_offered(
    open_page: Open, made: Stage, refund: str, plan: Plan
) -> None:
    made.core.operation_commands.confirm(plan.id, ACTOR, reason="Wrong exam")

    at = open_page(BULK_REFUND, operation=refund)

    assert any("Being taken back" in one for one in links(at))
    assert "undo" not in keys(at)
    made.core.operation_commands.call_off(plan.id, ACTOR)
    at = open_page(BULK_REFUND, operation=refund)
    assert "undo" in keys(at)
    assert not any("taken back" in one for one in links(at))


def test_what_is_left_can_still_be_undone(open_page: Open, made: Stage, refund: str) -> None:
    first = made.journal.items(refund, states={ItemState.DONE})[0]
    undone(made, made.core.undo_planner.preview(refund, ACTOR, only=[first.booking_id]))

    at = press(open_page(BULK_REFUND, operation=refund), "undo")

    why = grid(at, "rows_").set_index("Booking")["Why"]
    assert "Already taken back" == why[first.booking_name]
    assert f"{credits_of(made, refund) - 1} credits" == figures(at)["To take back"]


def test_a_spent_credit_is_blocked_in_words(open_page: Open, made: Stage, refund: str) -> None:
    item = made.journal.items(refund, states={ItemState.DONE})[0]
    made.crm.foreign_write(Kind.CONTACT, str(item.contact_id), {str(item.credit): 0})

    at = press(open_page(BULK_REFUND, operation=refund), "undo")

    why = grid(at, "rows_").set_index("Booking")["Why"]
    assert "The credit is spent already: 0 left" == why[item.booking_name]


def test_only_those_ticked_are_previewed_and_none_becomes_a_refund(
    open_page: Open, made: Stage, plan: Plan
) -> None:
    at = tick(open_page(BULK_REFUND, plan=plan.id), "rows_", [0, 1])

    press(at, "only")

    fresh = made.journal.plan(at.query_params["plan"])
    assert (OperationKind.UNDO, plan.undoes) == (fresh.kind, fresh.undoes)
    kept = [row.booking_id for row in fresh.rows if row.booking_id not in fresh.excluded]
    assert [row.booking_id for row in plan.rows[:2]] == kept
    assert len(plan.rows) == len(fresh.rows)
    press(at, "again")
    assert fresh.excluded == made.journal.plan(at.query_params["plan"]).excluded


def test_right_after_the_refund_the_longer_hold_is_explained(open_page: Open, made: Stage) -> None:
    refund = confirmed(made, exam=EXAM, kind=OperationKind.REFUND)
    made.carry(refund)
    plan = made.core.undo_planner.preview(refund, ACTOR)
    at = open_page(BULK_REFUND, plan=plan.id)
    choose(at, f"reason_{plan.id}", "Wrong exam")
    if len(plan.will_change) > 20:
        choose(at, f"typed_{plan.id}", str(len(plan.will_change)))
    assert "may still be on its way to HubSpot" in said(at)

    press(at, "sure")

    assert "may still be on its way to HubSpot" in said(at)
    assert "call_off" in keys(at)


def test_a_cancellation_says_why_it_cannot_be_undone(open_page: Open, made: Stage) -> None:
    operation_id = confirmed(made, exam=EXAM, kind=OperationKind.CANCEL)
    made.carry(operation_id)

    at = open_page(BATCH_CANCELLATION, operation=operation_id)

    assert "A cancellation cannot be undone: the seats were given up" in said(at)
    assert "undo" not in keys(at)


def test_a_manager_reads_who_may(
    open_page: Open, refund: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager = Actor(email="manager@example.test", role=Role.MANAGER)
    monkeypatch.setattr(Access, "actor", lambda _self, _email: manager)

    at = open_page(OPERATIONS, operation=refund)

    assert "An admin can undo this refund here." in said(at)
    assert "undo" not in keys(at)


def test_the_list_of_operations_shows_what_it_took(
    open_page: Open, made: Stage, plan: Plan
) -> None:
    undo = undone(made, plan)

    frame = frame_with(open_page(OPERATIONS), "Operation", "Credits")

    n = credits_of(made, undo)
    assert [f"-{n}", f"+{n}"] == list(frame["Credits"])[:2]
    assert frame["Operation"][0].startswith("Undo of the refund of exam")


def test_what_was_taken_back_is_listed_apart_and_left_out_of_everything_owed(
    open_page: Open, made: Stage, plan: Plan
) -> None:
    before = len(waiting(made.core.owed_credits.owed(ACTOR)))
    n = credits_of(made, undone(made, plan))

    at = open_page(BULK_REFUND, by="Owed")

    assert f"{before} credits" == figures(at)["Owed"]
    assert f"{n} more credits were taken back by an undo" in said(at)
    frame = grid(at, "owed_grid")
    assert before + n == len(frame)
    told = list(frame["Undone"])
    assert {"–"} == set(told[:before])
    assert all(
        one.startswith("Taken back by admin@example.test on 4 May 2026") for one in told[before:]
    )
    press(at, "preview")
    everything = made.journal.plan(at.query_params["plan"])
    taken = {row.booking_id for row in plan.will_change}
    assert (before, set()) == (
        len(everything.rows),
        taken & {row.booking_id for row in everything.rows},
    )


def test_ticked_it_is_refunded_again_and_the_preview_says_what_it_is(
    open_page: Open, made: Stage, plan: Plan
) -> None:
    before = len(waiting(made.core.owed_credits.owed(ACTOR)))
    undone(made, plan)
    at = tick(open_page(BULK_REFUND, by="Owed"), "owed_grid", [before])

    press(at, "preview")

    (why,) = grid(at, "rows_")["Why"]
    assert why.startswith("Give its credit back: taken back by admin@example.test on 4 May 2026")


def test_the_student_s_page_tells_it_and_offers_no_refund_of_it(
    open_page: Open, made: Stage, plan: Plan
) -> None:
    undone(made, plan)
    row = plan.will_change[0]

    at = open_page(CONTACTS, id=str(row.contact_id))

    told = said(at)
    assert "taken back by admin@example.test on 4 May 2026: Wrong exam" in told
    bookings = frame_with(at, "Paid with", "Credit").set_index("Booking id")["Credit"]
    assert "↶ Taken back on 4 May 2026" == bookings[row.booking_name]
    owed = [one for one in made.core.owed_credits.owed(ACTOR) if one.contact_id == row.contact_id]
    wait = [one for one in owed if one.taken_back is None]
    assert ("refund_owed" in keys(at)) == bool(wait)


def test_the_undo_opened_on_another_page_goes_to_its_own(open_page: Open, plan: Plan) -> None:
    at = open_page(BATCH_CANCELLATION, plan=plan.id)

    assert "To take back" in figures(at)


def test_each_of_them_can_be_refunded_anew(made: Stage, plan: Plan) -> None:
    undo = undone(made, plan)

    again = made.core.operation_planner.preview(
        OperationKind.REFUND,
        ByReference(references=tuple(row.booking_id for row in plan.will_change)),
        ACTOR,
    )

    assert len(plan.will_change) == len(again.will_change)
    assert OperationState.DONE is made.journal.operation(undo).state
