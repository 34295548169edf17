from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from core.credits.errors import Forbidden, NotSent, OutcomeUnknown, Refused, Store, Unauthorized
from core.credits.records import Kind
from core.operations.choosing.select import ByExam
from core.operations.owed.rules import waiting
from pages.shared.places import BATCH_CANCELLATION, BULK_REFUND
from pages.shared.problems import explain
from tests.fakes.crm import Fault
from tests.pages.acts import choose, figures, grid, press, said, tick
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, Stage

UNTOUCHED = "Nothing was changed."


def previewed(at: AppTest) -> bool:
    return "plan" in at.query_params


def test_all_bookings_of_the_exams_picked_are_previewed(open_page: Open, made: Stage) -> None:
    at = open_page(BULK_REFUND)

    press(tick(at, "refund_exams_grid", [0, 2]), "preview")

    plan = made.journal.plan(at.query_params["plan"])
    exams = made.core.booking_finder.exams(ACTOR)
    assert made.core.booking_finder.bookings(ByExam(ids=(exams[0].id, exams[2].id))).ids == tuple(  # type: ignore[arg-type]
        row.booking_id for row in plan.rows
    )


def test_a_pick_stays_the_exam_it_was_when_the_search_changes(open_page: Open) -> None:
    """Streamlit keeps positions: row 0 is another exam after the search."""
    at = tick(open_page(BULK_REFUND), "refund_exams_grid", [0])
    assert "1 exam selected: Situational Judgment, 9 May 2026" in said(at).replace("**", "")

    choose(at, "refund_exams_search", "Mini")

    assert ["Mini-mock"] == sorted(set(grid(at, "refund_exams_grid")["Type"]))
    assert "1 exam selected: Situational Judgment, 9 May 2026" in said(at).replace("**", "")


def test_picks_of_several_searches_add_up(open_page: Open) -> None:
    at = tick(open_page(BULK_REFUND), "refund_exams_grid", [0])
    choose(at, "refund_exams_search", "Mini")
    tick(at, "refund_exams_grid", [0])
    choose(at, "refund_exams_search", "")

    assert "2 exams selected" in said(at)


def test_picks_can_be_cleared(open_page: Open) -> None:
    at = tick(open_page(BULK_REFUND), "refund_exams_grid", [0])

    press(at, "refund_exams_clear")

    assert "No exam selected" in said(at)


def test_nothing_picked_is_told_and_nothing_is_read(open_page: Open) -> None:
    at = press(open_page(BULK_REFUND), "preview")

    assert "No exam is selected" in said(at)
    assert UNTOUCHED in said(at)
    assert not previewed(at)


def test_a_student_is_found_by_student_id(open_page: Open, made: Stage) -> None:
    at = choose(open_page(BULK_REFUND), "refund_way", "Student")
    choose(at, "refund_contacts_search", "100207")
    press(tick(at, "refund_contacts_grid", [0]), "preview")

    plan = made.journal.plan(at.query_params["plan"])
    assert {"52000000007"} == {row.contact_id for row in plan.rows if row.contact_id}


def test_one_letter_is_no_search(open_page: Open, made: Stage) -> None:
    at = choose(open_page(BULK_REFUND), "refund_way", "Student")
    before = made.crm.usage()["total"]

    choose(at, "refund_contacts_search", "1")

    assert before == made.crm.usage()["total"]


def test_a_rerun_does_not_ask_hubspot_again(open_page: Open, made: Stage) -> None:
    at = open_page(BULK_REFUND)
    before = made.crm.usage()["total"]

    tick(at.run(), "refund_exams_grid", [1])

    assert before == made.crm.usage()["total"]


def test_the_refund_s_filter_finds_what_is_owed(open_page: Open, made: Stage) -> None:
    at = choose(open_page(BULK_REFUND), "refund_way", "Filter")
    choose(at, "refund_mock_type", "Clinical Skills")
    press(at, "preview")

    plan = made.journal.plan(at.query_params["plan"])
    assert {"Clinical Skills"} == {row.mock_type for row in plan.rows}
    assert "bookings: Cancelled, Clinical Skills, not refunded" == plan.selection


def test_a_cancellation_of_every_active_booking_must_be_said(open_page: Open) -> None:
    at = choose(open_page(BATCH_CANCELLATION), "cancel_way", "Filter")

    press(at, "preview")

    assert "No field is set" in said(at)
    assert not previewed(at)


def test_pasted_record_ids_and_names_are_taken_together(open_page: Open, made: Stage) -> None:
    names = made.crm.bookings(["88000000002"])["88000000002"]  # type: ignore[list-item,index]
    assert names is not None
    at = choose(open_page(BULK_REFUND), "refund_way", "Pasted list")
    choose(at, "refund_pasted", f"88000000001, 88000000003\n{names.booking_id}")

    press(at, "preview")

    assert ["88000000001", "88000000003", "88000000002"] == [
        row.booking_id for row in made.journal.plan(at.query_params["plan"]).rows
    ]


def test_all_faults_of_a_pasted_list_are_told_at_once(open_page: Open) -> None:
    at = choose(open_page(BULK_REFUND), "refund_way", "Pasted list")
    choose(at, "refund_pasted", "88000000001\nhello\nBK-7")

    press(at, "preview")

    assert "Line 2: 'hello'" in said(at)
    assert "Line 3: 'BK-7'" in said(at)
    assert UNTOUCHED in said(at)


def test_an_empty_paste_is_told(open_page: Open) -> None:
    at = press(choose(open_page(BULK_REFUND), "refund_way", "Pasted list"), "preview")

    assert "Nothing was pasted" in said(at)


def test_names_that_no_booking_has_are_told(open_page: Open) -> None:
    at = choose(open_page(BULK_REFUND), "refund_way", "Pasted list")
    choose(at, "refund_pasted", "Mini-mock-999999-May 4, 2026")

    press(at, "preview")

    assert "o booking in HubSpot has booking_id 'Mini-mock-999999-May 4, 2026'" in said(at)


def upload(at: AppTest, data: bytes, name: str = "list.csv") -> AppTest:
    choose(at, "refund_way", "CSV file")
    at.file_uploader(key="refund_csv").upload(name, data)
    return at.run()


def test_a_csv_is_counted_before_it_is_previewed(open_page: Open) -> None:
    at = upload(open_page(BULK_REFUND), b"record_id,name\n88000000001,A\n88000000001,A\n")

    assert "1 booking in 2 rows. 1 row repeated: line 3." in said(at)
    assert previewed(press(at, "preview"))


def test_a_latin_1_csv_is_read(open_page: Open) -> None:
    data = "record_id;name\n88000000001;Zoë Björn\n".encode("latin-1")

    at = press(upload(open_page(BULK_REFUND), data), "preview")

    assert previewed(at)


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "The file is empty"),
        (b"name,date\nAnn,May\n", "No booking column: found 'name', 'date'"),
        (b"record_id\nhello\n", "Line 2: 'hello' is neither"),
        (b"PK\x03\x04rest", "An Excel workbook, not a CSV"),
    ],
    ids=["empty", "wrong columns", "bad cell", "Excel"],
)
def test_a_csv_that_cannot_be_used_says_why_once_and_cannot_be_previewed(
    open_page: Open, data: bytes, told: str
) -> None:
    at = upload(open_page(BULK_REFUND), data)

    assert 1 == said(at).count(told)
    assert 1 == len(at.error)
    assert at.button(key="preview").disabled


def test_after_a_csv_that_cannot_be_used_another_one_can(open_page: Open) -> None:
    at = upload(open_page(BULK_REFUND), b"name,date\nAnn,May\n")
    at.file_uploader(key="refund_csv").upload("better.csv", b"record_id\n88000000001\n")

    assert previewed(press(at.run(), "preview"))


def test_no_file_is_told(open_page: Open) -> None:
    at = press(choose(open_page(BULK_REFUND), "refund_way", "CSV file"), "preview")

    assert "No file is chosen" in said(at)


def test_no_hubspot_is_told_calmly(open_page: Open, made: Stage) -> None:
    made.crm.sending = lambda _: Fault.NOT_SENT

    at = open_page(BULK_REFUND)

    assert "HubSpot cannot be reached" in said(at)
    assert "nothing was changed" in said(at)
    assert not at.exception


def test_hubspot_failing_at_the_preview_leaves_the_choice(open_page: Open, made: Stage) -> None:
    at = tick(open_page(BULK_REFUND), "refund_exams_grid", [0])
    made.crm.sending = lambda _: Fault.NOT_SENT

    press(at, "preview")

    assert "Try again in a moment. Nothing was changed." in said(at)
    assert "1 exam selected" in said(at)
    assert not previewed(at)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Unauthorized("401 from HubSpot"), "HUBSPOT_TOKEN"),
        (Forbidden("403", missing=("crm.objects.contacts.write",)), "crm.objects.contacts.write"),
    ],
    ids=["bad token", "missing scope"],
)
def test_a_setting_that_hubspot_refuses_is_named(
    open_page: Open, made: Stage, error: Exception, told: str
) -> None:
    def refuse(_: object) -> Fault:
        raise error

    made.crm.sending = refuse

    at = open_page(BULK_REFUND)

    assert told in said(at)


def test_supabase_that_is_away_is_not_called_hubspot() -> None:
    """Both stores fail alike; the words name the one that did."""
    for error in (NotSent("x"), OutcomeUnknown("x"), Refused("x")):
        assert "HubSpot" in explain(error).title
        error.store = Store.SUPABASE
        assert "Supabase" in explain(error).title
        assert "HubSpot" not in f"{explain(error).title} {explain(error).mend}"


def test_no_worker_alive_is_told(open_page: Open, made: Stage) -> None:
    made.clock.pass_(minutes=5)

    assert "No worker is running" in said(open_page(BULK_REFUND))


def test_the_totals_are_the_plan_s(open_page: Open, made: Stage) -> None:
    at = press(tick(open_page(BULK_REFUND), "refund_exams_grid", [0]), "preview")

    plan = made.journal.plan(at.query_params["plan"])
    assert {
        "To give back": f"{sum(plan.credits.values())} credits",
        "Students": f"{plan.contacts}",
    } == figures(at)


def owed(made: Stage) -> list[str]:
    return [one.booking.id for one in waiting(made.core.owed_credits.owed(ACTOR))]


def test_everything_owed_is_previewed_at_one_click_from_a_link(
    open_page: Open, made: Stage
) -> None:
    at = open_page(BULK_REFUND, by="Owed")
    assert f"{len(owed(made))} credits" == figures(at)["Owed"]

    press(at, "preview")

    plan = made.journal.plan(at.query_params["plan"])
    assert set(owed(made)) == {row.booking_id for row in plan.rows}
    assert "everything owed" == plan.selection


def test_only_those_ticked_of_the_owed_are_previewed(open_page: Open, made: Stage) -> None:
    at = tick(open_page(BULK_REFUND, by="Owed"), "owed_grid", [0, 3])

    press(at, "preview")

    plan = made.journal.plan(at.query_params["plan"])
    assert [owed(made)[0], owed(made)[3]] == [row.booking_id for row in plan.rows]


def test_the_way_chosen_after_a_link_stays_chosen(open_page: Open) -> None:
    at = choose(open_page(BULK_REFUND, by="Owed"), "refund_way", "Exam")

    assert grid(at, "refund_exams_grid") is not None


def test_where_nothing_is_owed_nothing_can_be_previewed(open_page: Open, made: Stage) -> None:
    for id_ in owed(made):
        made.crm.foreign_write(Kind.BOOKING, id_, {"token_refunded": "true"})
    at = open_page(BULK_REFUND, by="Owed")
    assert "No refunds owed" in said(at)

    press(at, "preview")

    assert not previewed(at)
    assert "Nothing is owed" in said(at)


def test_a_cancellation_cannot_be_chosen_by_what_is_owed(open_page: Open) -> None:
    at = open_page(BATCH_CANCELLATION, by="Owed")

    assert "Owed" not in figures(at)


def test_an_owed_list_that_cannot_be_read_is_told_and_is_no_empty_list(
    open_page: Open, made: Stage
) -> None:
    made.mirror.die()

    at = open_page(BULK_REFUND, by="Owed")

    assert "cannot be reached" in said(at)
    assert "No refunds owed" not in said(at)
