from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from core.credits.records import BookingId, ExamId
from core.operations.choosing.select import ByExam, ByReference
from core.operations.plans import Plan
from core.operations.states import ItemState
from core.operations.verdicts import OperationKind, Verdict
from pages.shared import tables
from pages.shared.operations.choosing.previewing import ORDER, narrowed
from pages.shared.operations.figures import planned_by_type
from pages.shared.places import BATCH_CANCELLATION, BULK_REFUND
from tests.csv_files import csv_bytes
from tests.pages.acts import choose, figures, go, grid, press, said, tick
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, ADMIN, Stage, confirmed

CANCEL, REFUND = OperationKind.CANCEL, OperationKind.REFUND


@pytest.fixture
def plan(made: Stage) -> Plan:
    """A cancellation of one exam with a row of every verdict."""
    ids = made.core.booking_finder.bookings(ByExam(ids=(ExamId("71000000001"),))).ids
    references = (*ids, "1")  # no such booking: blocked
    return made.core.operation_planner.preview(CANCEL, ByReference(references=references), ACTOR)


def verdicts(at: AppTest) -> list[str]:
    return [cell[0] for cell in grid(at, "rows_")["Verdict"]]


def test_blocked_rows_stand_first_then_those_that_will_change(open_page: Open, plan: Plan) -> None:
    at = open_page(BATCH_CANCELLATION, plan=plan.id)

    shown = verdicts(at)
    assert len(plan.rows) == len(shown)
    assert sorted(shown, key=["✕ Blocked", "✓ Will change", "– Skipped"].index) == shown
    assert 3 == len(set(shown))


def test_each_row_says_why_and_its_balance_before_and_after(open_page: Open, plan: Plan) -> None:
    frame = grid(open_page(BATCH_CANCELLATION, plan=plan.id), "rows_")

    assert all(frame["Why"])
    row = plan.will_change[0]
    booking = frame[frame["Booking"] == row.booking_name].iloc[0]
    assert f"{row.before} → {row.after}" == booking["Balance"]


def test_what_is_confirmed_over_the_same_rows_is_told_until_it_begins(
    open_page: Open, made: Stage, plan: Plan
) -> None:
    first = confirmed(made, exam="71000000001", kind=CANCEL)
    changes = len(made.journal.items(first)) - made.journal.progress(first).states.get(
        ItemState.SKIPPED, 0
    )

    told = said(open_page(BATCH_CANCELLATION, plan=plan.id))
    assert "Some of these rows are in an operation that is already confirmed" in told
    assert f"{ADMIN}: Batch cancellation of exam" in told
    assert f"{changes} bookings (starting soon)" in told

    made.carry(first)
    assert "Already confirmed" not in said(open_page(BATCH_CANCELLATION, plan=plan.id))


def test_the_table_is_narrowed_by_verdict_and_by_text(open_page: Open, plan: Plan) -> None:
    at = open_page(BATCH_CANCELLATION, plan=plan.id)

    choose(at, f"show_{plan.id}", [Verdict.BLOCKED])
    assert {"✕ Blocked"} == set(verdicts(at))

    choose(at, f"show_{plan.id}", [])
    choose(at, f"find_{plan.id}", plan.will_change[0].contact_email.upper())
    assert [plan.will_change[0].contact_name] == list(grid(at, "rows_")["Student"])


def test_nothing_fits_is_said(open_page: Open, plan: Plan) -> None:
    at = choose(open_page(BATCH_CANCELLATION, plan=plan.id), f"find_{plan.id}", "zzz")

    assert "No booking in this preview matches." in said(at)


def test_ticked_rows_are_left_out_by_id_not_by_place(
    open_page: Open, made: Stage, plan: Plan
) -> None:
    at = open_page(BATCH_CANCELLATION, plan=plan.id)
    choose(at, f"show_{plan.id}", [Verdict.WILL_CHANGE])
    tick(at, "rows_", [1])

    press(at, "leave_out")

    fresh = made.journal.plan(at.query_params["plan"])
    assert [row.booking_id for row in plan.rows] == [row.booking_id for row in fresh.rows]
    assert {plan.will_change[1].booking_id} == fresh.excluded
    assert plan.selection == fresh.selection


def test_excluded_rows_can_be_included_again(open_page: Open, made: Stage, plan: Plan) -> None:
    at = open_page(BATCH_CANCELLATION, plan=plan.id)
    choose(at, f"show_{plan.id}", [Verdict.WILL_CHANGE])
    press(tick(at, "rows_", [0, 1]), "leave_out")
    fresh = at.query_params["plan"]
    choose(at, f"show_{fresh}", [Verdict.EXCLUDED])

    press(tick(at, "rows_", [0]), "put_back")

    again = made.journal.plan(at.query_params["plan"])
    assert {plan.will_change[1].booking_id} == again.excluded
    assert len(plan.will_change) - 1 == len(again.will_change)


def test_ticks_do_not_outlive_the_rows_they_were_of(open_page: Open, plan: Plan) -> None:
    at = tick(open_page(BATCH_CANCELLATION, plan=plan.id), "rows_", [0, 1])
    assert "Exclude 2 selected" in [button.label for button in at.button]

    choose(at, f"show_{plan.id}", [Verdict.WILL_CHANGE])

    assert "Exclude 2 selected" not in [button.label for button in at.button]


def test_all_but_the_ticked_rows_can_be_excluded(open_page: Open, made: Stage, plan: Plan) -> None:
    at = tick(open_page(BATCH_CANCELLATION, plan=plan.id), "rows_", [0])

    press(at, "only")

    fresh = made.journal.plan(at.query_params["plan"])
    assert len(plan.rows) == len(fresh.rows)
    assert len(plan.rows) - 1 == len(fresh.excluded)


def test_reading_again_makes_a_new_plan_of_the_same_bookings(
    open_page: Open, made: Stage, plan: Plan
) -> None:
    at = press(open_page(BATCH_CANCELLATION, plan=plan.id), "again")

    again = made.journal.plan(at.query_params["plan"])
    assert plan.id != again.id
    assert [row.booking_id for row in plan.rows] == [row.booking_id for row in again.rows]


def test_a_plan_opened_on_the_other_page_goes_to_its_own(open_page: Open, plan: Plan) -> None:
    at = go(open_page(BULK_REFUND), BULK_REFUND, plan=plan.id)

    assert "Batch cancellation" == at.title[0].value
    assert f"{len(plan.will_change)} bookings" == figures(at)["To cancel"]


def test_an_unknown_plan_is_told(open_page: Open) -> None:
    at = open_page(BULK_REFUND, plan="nonsense")

    assert "There is nothing at this address" in said(at)
    assert not at.exception


def test_an_hour_old_preview_cannot_be_confirmed(open_page: Open, made: Stage, plan: Plan) -> None:
    made.clock.pass_(hours=1, seconds=1)

    at = open_page(BATCH_CANCELLATION, plan=plan.id)

    assert "This preview is too old to confirm" in said(at)
    assert "sure" not in [button.key for button in at.button]


def test_a_plan_that_changes_nothing_says_so(open_page: Open, made: Stage) -> None:
    plan = made.core.operation_planner.preview(REFUND, ByReference(references=("1", "2")), ACTOR)

    at = open_page(BULK_REFUND, plan=plan.id)

    assert "Nothing to confirm" in said(at)
    assert "sure" not in [button.key for button in at.button]


def test_a_long_plan_goes_to_the_browser_a_page_at_a_time(
    open_page: Open, made: Stage, plan: Plan
) -> None:
    row = plan.will_change[0]
    rows = tuple(replace(row, booking_id=BookingId(f"{n}")) for n in range(10_000))
    made.journal.save_plan(replace(plan, id="long", rows=rows))

    at = open_page(BATCH_CANCELLATION, plan="long")

    assert tables.PAGE_ROWS == len(grid(at, "rows_"))
    assert "1 to 500 of 10,000" in said(at)
    assert "10,000" == figures(at)["To cancel, bookings"]

    at.text_input("find_long").set_value("9999").run()

    assert 1 == len(grid(at, "rows_")), "the search is in all rows, and not in the page alone"
    assert "10,000" == figures(at)["To cancel, bookings"]


def test_totals_by_type_count_each_student_s_balance_once(made: Stage, plan: Plan) -> None:
    table = planned_by_type(plan.rows, made.core.catalogue)

    assert sum(plan.credits.values()) == sum(table["Credits"])
    row = plan.will_change[0]
    assert row.after is not None
    more = replace(row, booking_id=BookingId("2"), before=row.after, after=row.after + 1)
    two = planned_by_type((row, more), made.core.catalogue)
    assert [(2, 1, f"{row.before} → {more.after}")] == list(
        two[["Credits", "Students", "Balances"]].itertuples(index=False, name=None)
    )


def test_the_csv_has_every_row_and_no_formula(plan: Plan) -> None:
    evil = replace(plan.rows[0], contact_name='=HYPERLINK("http://x")', booking_name="+1")

    table = list(
        csv.reader(
            io.StringIO(
                csv_bytes(tables.plan_table((evil, *plan.rows), plan.kind)).decode("utf-8-sig")
            )
        )
    )

    assert len(plan.rows) + 2 == len(table)
    assert '\'=HYPERLINK("http://x")' == table[1][table[0].index("student")]
    assert "'+1" == table[1][table[0].index("booking_id")]
    assert all(cell[:1] not in tuple("=+-@") for row in table for cell in row if cell)


def test_narrowing_keeps_the_plan_s_order_within_a_verdict(plan: Plan) -> None:
    found = narrowed(plan, ORDER, "")

    assert [row for row in plan.rows if row.verdict is Verdict.SKIP] == [
        row for row in found if row.verdict is Verdict.SKIP
    ]
