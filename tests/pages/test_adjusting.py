"""Adjust credits on the pages: from the student or the list to the preview, the result and back."""

from __future__ import annotations

import csv
import io

import pytest
from streamlit.testing.v1 import AppTest

from core.credits.records import Kind
from core.credits.roles import Role
from core.operations.choosing.adjustment_lists import Asked, from_csv
from core.operations.states import OperationState
from pages.shared import tables
from pages.shared.places import ADJUST_CREDITS, CONTACTS
from tests.csv_files import csv_bytes
from tests.pages.acts import choose, figures, frame_with, grid, press, said, tick
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, Stage

ANN, BEN, UNREAD = "52000000000", "52000000001", "52000000005"
HEADER = "student,credit,change,reason\n"


@pytest.fixture
def held(made: Stage) -> dict[str, int]:
    """What the first student has."""
    return {key: made.crm.balance(Kind.CONTACT, ANN, key) for key in ("cs_credits", "sj_credits")}


def upload(at: AppTest, text: str) -> AppTest:
    choose(at, "adjust_way", "CSV file")
    at.file_uploader(key="adjust_csv").upload("rows.csv", text.encode())
    return press(at.run(), "preview")


def plan_id(at: AppTest) -> str:
    return str(at.query_params["plan"])


def adjusted(made: Stage, *rows: tuple[str, str, str]) -> str:
    asked = [Asked(student=who, credit=key, change=change) for who, key, change in rows]
    plan = made.core.adjustment_planner.preview(asked, ACTOR)
    made.core.operation_commands.confirm(plan.id, ACTOR, reason="A test")
    made.carry(plan.id)
    made.clock.pass_(minutes=2)
    return plan.id


def test_a_colleague_s_change_of_the_same_balance_is_told_with_what_becomes_of_it(
    open_page: Open, made: Stage
) -> None:
    plans = [
        made.core.adjustment_planner.preview(
            [Asked(student=ANN, credit="cs_credits", change="+3")], ACTOR
        )
        for _ in range(2)
    ]
    made.core.operation_commands.confirm(plans[0].id, ACTOR, reason="A test")

    told = said(open_page(ADJUST_CREDITS, plan=plans[1].id))

    assert "Some of these rows are in an operation that is already confirmed" in told
    assert "Both operations would change these balances." in told
    assert "skipped here" not in told


def test_one_student_is_adjusted_from_choosing_to_the_result(
    open_page: Open, made: Stage, held: dict[str, int]
) -> None:
    at = open_page(ADJUST_CREDITS)
    choose(at, "adjust_student", "100200")
    choose(at, "adjust_credit", "cs_credits")
    choose(at, "adjust_number", 3)

    press(at, "preview")

    before = held["cs_credits"]
    row = grid(at, "rows_").iloc[0]
    assert ("+3", f"{before} → {before + 3}", "Give credits") == tuple(
        row[["Change", "Balance", "Why"]]
    )
    assert {"To give": "3 credits", "Students": "1"} == figures(at)
    assert "Adjust 1 balance of 1 student by 3 credits" == at.button(key="sure").label
    assert at.button(key="sure").disabled

    id_ = plan_id(at)
    choose(at, f"reason_{id_}", "Lift out of order")
    press(at, "sure")
    assert OperationState.HELD is made.journal.operation(id_).state
    made.carry(id_)
    at = open_page(ADJUST_CREDITS, operation=id_)

    assert "1 of 1 balance adjusted" in said(at)
    assert "Lift out of order" in said(at)
    assert "Balance adjusted" == frame_with(at, "State", "Change")["Why"].iloc[0]
    assert before + 3 == made.crm.balance(Kind.CONTACT, ANN, "cs_credits")


def test_every_fault_of_a_file_is_told_by_its_line(open_page: Open) -> None:
    at = upload(open_page(ADJUST_CREDITS), f"{HEADER}{ANN},gold,+1,\n1,cs_credits,5,\n")

    assert "Line 2: 'gold' is no credit type" in said(at)
    assert "Line 3: change '5' says neither to give nor to set" in said(at)
    assert "Nothing was changed." in said(at)
    assert "plan" not in at.query_params


def test_a_list_can_be_pasted_and_no_file_is_said(open_page: Open) -> None:
    at = choose(open_page(ADJUST_CREDITS), "adjust_way", "CSV file")
    assert "no file is chosen" in said(press(at, "preview")).lower()

    choose(at, "adjust_way", "Pasted list")
    choose(at, "adjust_pasted", f"{HEADER}{ANN},cs_credits,give 1,bonus\n{BEN},cs_credits,give 1,")
    press(at, "preview")

    assert ["+1: bonus", "+1"] == list(grid(at, "rows_")["Change"])


def test_text_that_cannot_be_read_is_shown_as_it_stands(open_page: Open) -> None:
    at = upload(open_page(ADJUST_CREDITS), f"{HEADER}{UNREAD},cs_credits,set 2,\n")

    row = grid(at, "rows_").iloc[0]
    assert "'abc' → 2" == row["Balance"]
    assert "in place of what cannot be read: cs_credits holds 'abc'" in row["Why"]


def test_rows_are_left_out_and_taken_in_again(open_page: Open) -> None:
    rows = f"{HEADER}{ANN},cs_credits,give 1,\n{BEN},cs_credits,set 9,\n"
    at = upload(open_page(ADJUST_CREDITS), rows)

    press(tick(at, "rows_", [1]), "leave_out")
    assert {"To give": "1 credit", "Students": "1"} == figures(at)

    press(tick(at, "rows_", [1]), "put_back")
    assert "2" == figures(at)["Students"]


def test_the_csv_of_a_preview_can_be_uploaded_again(open_page: Open, made: Stage) -> None:
    at = upload(open_page(ADJUST_CREDITS), f"{HEADER}{ANN},cs_credits,+2,bonus\n")
    plan = made.journal.plan(plan_id(at))

    data = csv_bytes(tables.plan_table(plan.rows, plan.kind))

    (row,) = from_csv(data).rows
    assert (ANN, "cs_credits", "give 2", "bonus") == (
        row.student,
        row.credit,
        row.change,
        row.reason,
    )
    assert "balance_after" in next(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_beside_each_balance_an_admin_adjusts_it(open_page: Open, held: dict[str, int]) -> None:
    at = open_page(CONTACTS, id=ANN)
    choose(at, "adjust_sj_credits_how", "Set to")
    choose(at, "adjust_sj_credits_number", 9)

    press(at, "adjust_sj_credits_preview")

    assert f"{held['sj_credits']} → 9" == grid(at, "rows_")["Balance"].iloc[0]


def test_staff_adjust_nothing(open_page: Open, made: Stage) -> None:
    made.core.access.grant("staff@example.test", Role.STAFF, ACTOR)
    who = {"email": "staff@example.test"}

    at = open_page(CONTACTS, id=ANN, who=who)

    assert not [b for b in at.button if str(b.key).startswith("adjust_")]
    assert "Adjust credits is not open to you" in said(open_page(ADJUST_CREDITS, who=who))


def test_an_adjustment_is_undone_from_its_result(
    open_page: Open, made: Stage, held: dict[str, int]
) -> None:
    id_ = adjusted(made, (ANN, "cs_credits", "+2"), (BEN, "cs_credits", "=9"))
    at = open_page(ADJUST_CREDITS, operation=id_)
    assert "Undo this adjustment …" == at.button(key="undo").label

    press(at, "undo")

    assert "Preview of the undo of the adjustment of 2 balances of 2 students" in said(at)
    assert 2 == len(grid(at, "rows_"))
    undo = plan_id(at)
    choose(at, f"reason_{undo}", "Wrong list")
    press(at, "sure")
    made.carry(undo)
    assert held["cs_credits"] == made.crm.balance(Kind.CONTACT, ANN, "cs_credits")
    at = open_page(ADJUST_CREDITS, operation=undo)
    assert "Undo of the adjustment of" in said(at)
    assert "undo" not in {button.key for button in at.button}
    at = open_page(ADJUST_CREDITS, operation=id_)
    assert "undo" not in {button.key for button in at.button}


def test_the_history_of_the_student_says_adjustment(open_page: Open, made: Stage) -> None:
    adjusted(made, (ANN, "cs_credits", "+2"))

    frame = frame_with(open_page(CONTACTS, id=ANN), "Cause", "Of")

    assert "Adjustment" == frame["Cause"].iloc[0]
    assert frame["Of"].iloc[0].startswith("+2 by admin@example.test, operation")
