"""The contact page, in every state that it can be in."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.access.pacing import Limits
from core.access.rationing import Rationing
from core.audit.entries import Sought, What
from core.credits.catalogue import SCHOOL
from core.credits.records import ContactId, Kind
from core.credits.roles import Role
from core.operations.verdicts import OperationKind
from core.students.copy_status import Copy, Standing
from pages.shared import pace
from pages.shared.places import BULK_REFUND, CONTACTS
from pages.shared.students.contact import address, balances
from tests.fakes.crm import Fault
from tests.pages import lookup_scenes
from tests.pages.acts import choose, figures, frame_with, grid, press, said, tick
from tests.pages.conftest import Open
from tests.pages.desk_roles import seen_by
from tests.pages.stage import ACTOR, ADMIN, NOON, Stage, confirmed, mirrored

SOMEBODY = "52000000003"


@pytest.fixture(autouse=True)
def _copied(made: Stage) -> None:
    mirrored(made)


@pytest.fixture
def student(made: Stage) -> ContactId:
    """Somebody with bookings."""
    return lookup_scenes.some_contact(made)


def opened(open_page: Open, id_: str) -> AppTest:
    return open_page(CONTACTS, id=id_)


# the search


def test_an_empty_search_says_what_will_stand_here(open_page: Open) -> None:
    assert "Students you open appear here." in said(open_page(CONTACTS))


def test_one_letter_is_not_searched_for(open_page: Open) -> None:
    assert "at least 2 letters" in said(open_page(CONTACTS, find="o"))


def test_results_stand_with_balances_as_students_see_them(open_page: Open, made: Stage) -> None:
    at = open_page(CONTACTS, find="100203")

    frame = frame_with(at, "Found by")
    contact = made.crm.contacts([ContactId(SOMEBODY)])[ContactId(SOMEBODY)]
    assert contact is not None
    assert [contact.name] == list(frame["Student"])
    assert [contact.balances[c.key] for c in SCHOOL.credits] == [
        int(frame[c.label][0]) for c in SCHOOL.credits
    ]
    assert "student id" == frame["Found by"][0]


def test_a_typing_error_is_forgiven_and_said(open_page: Open) -> None:
    at = open_page(CONTACTS, find="okafr")

    assert "No exact match for “okafr”" in said(at)
    assert all("Okafor" in name for name in frame_with(at, "Found by")["Student"])


def test_the_first_visit_shows_balances_before_the_chart_and_reads_once(
    open_page: Open, made: Stage, student: ContactId
) -> None:
    at = opened(open_page, student)
    read = made.crm.usage()["total"]
    del at.session_state[pace.PAINTED]

    at.run()
    assert (len(SCHOOL.credits), 0) == (len(at.metric), len(at.get("plotly_chart")))

    at.run()  # as the browser asks for when it has painted them
    assert 1 == len(at.get("plotly_chart"))
    assert read == made.crm.usage()["total"]


def test_typing_asks_hubspot_nothing(open_page: Open, made: Stage) -> None:
    before = made.crm.usage()["total"]
    at = open_page(CONTACTS, find="ok")
    for text in ("oka", "okaf", "zzzzzz"):
        choose(at, "find", text)

    assert before == made.crm.usage()["total"]


def test_nobody_found_leads_to_hubspot_on_demand(open_page: Open, made: Stage) -> None:
    made.crm.add_contact("52000009999", firstname="Quentin", lastname="Newcomer")
    at = open_page(CONTACTS, find="newcomer")
    assert "No student found for “newcomer”" in said(at)

    press(at, "search_hubspot")

    assert ["Quentin Newcomer"] == list(frame_with(at, "Found by")["Student"])
    assert "1 student in HubSpot" in said(at)


def test_a_phone_number_is_said_to_be_hubspots(open_page: Open, made: Stage) -> None:
    made.crm.add_contact("52000009999", lastname="Caller", phone="+1 416 555 0199")
    at = open_page(CONTACTS, find="+1 416 555 0199")
    assert "This looks like a phone number" in said(at)
    assert "Search HubSpot for this number" == at.button(key="search_hubspot").label

    assert ["Caller"] == list(frame_with(press(at, "search_hubspot"), "Found by")["Student"])


def test_nobody_in_hubspot_either_is_said(open_page: Open) -> None:
    at = press(open_page(CONTACTS, find="zzzzzz"), "search_hubspot")

    assert "HubSpot has no such name" in said(at)


def test_a_mirror_that_is_down_is_said_and_asked_of_hubspot_once(
    open_page: Open, made: Stage
) -> None:
    made.mirror.die()
    at = open_page(CONTACTS, find="okafor")
    assert "Supabase is unreachable" in said(at)
    assert len(frame_with(at, "Found by"))

    before = made.crm.usage()["total"]
    at.run()
    assert before == made.crm.usage()["total"]


def test_both_stores_away_is_told_with_what_to_do(open_page: Open, made: Stage) -> None:
    made.mirror.die()
    made.crm.sending = lambda _: Fault.NOT_SENT

    assert "HubSpot cannot be reached" in said(open_page(CONTACTS, find="okafor"))


def test_the_best_match_opens_with_one_button(open_page: Open) -> None:
    at = press(open_page(CONTACTS, find="100203"), f"only_{b'100203'.hex()}")

    assert SOMEBODY == at.query_params[address.CONTACT]
    assert "student id 100203" in said(at)


@pytest.mark.parametrize("text", ["okafor", "chenn"], ids=["several", "spelled alike"])
def test_enter_opens_nobody_who_is_not_the_only_one_found(open_page: Open, text: str) -> None:
    """``static/keys.js`` looks for the key that has the text typed."""
    keys = {button.key for button in open_page(CONTACTS, find=text).button}

    assert "open_first" in keys
    assert not any(str(key).startswith("only_") for key in keys)


def test_whom_one_opened_stands_in_the_empty_search(open_page: Open) -> None:
    at = opened(open_page, SOMEBODY)
    name = at.header[0].value
    next(button for button in at.button if button.label == "All students").click().run()

    assert "Recently opened" in said(at)
    press(at, f"lately_{SOMEBODY}")
    assert name == at.header[0].value


# one contact


def test_the_page_says_that_both_sides_are_equal_and_when_that_was_read(open_page: Open) -> None:
    at = opened(open_page, SOMEBODY)

    assert "Supabase matches, confirmed 0.0 s ago" in said(at)
    assert [c.label for c in SCHOOL.credits] == [*figures(at)][:5]
    assert [f"Supabase {metric.value}" for metric in at.metric][:5] == [
        metric.delta for metric in at.metric
    ][:5]


def test_a_rerun_of_the_page_asks_hubspot_nothing(open_page: Open, made: Stage) -> None:
    at = opened(open_page, SOMEBODY)
    before = made.crm.usage()["total"]
    at.run()
    assert before == made.crm.usage()["total"]

    made.clock.pass_(seconds=61)
    at.run()
    assert before < made.crm.usage()["total"]


def test_read_again_reads_again(open_page: Open, made: Stage) -> None:
    at = opened(open_page, SOMEBODY)
    made.crm.foreign_write(Kind.CONTACT, SOMEBODY, {"cs_credits": 17})

    assert "17" == figures(press(at, "again"))["Clinical Skills"]


def test_a_copy_on_its_way_is_said_and_followed_until_it_is_there(
    open_page: Open, made: Stage
) -> None:
    lookup_scenes.behind(made, SOMEBODY)
    at = opened(open_page, SOMEBODY)
    assert "Supabase 3 s behind, copy queued, number 1 in the queue" in said(at)

    made.core.mirror_copier.drain()
    assert "Supabase matches" in said(at.run())


def test_a_copy_that_failed_is_said_and_an_admin_makes_it_again(
    open_page: Open, made: Stage
) -> None:
    lookup_scenes.given_up(made, SOMEBODY)
    at = opened(open_page, SOMEBODY)
    assert "Copy failed, Supabase 3 s behind" in said(at)
    assert "value too long for column email" in said(at)

    press(at, "copy_again")
    made.core.mirror_copier.drain()
    assert "Supabase matches" in said(at.run())


def test_drift_with_nothing_on_its_way_is_told_apart(open_page: Open, made: Stage) -> None:
    made.crm.foreign_write(Kind.CONTACT, SOMEBODY, {"cs_credits": 17})
    at = opened(open_page, SOMEBODY)

    assert "no copy is queued" in said(at)
    assert "copy_again" in {button.key for button in at.button}


def test_a_contact_that_the_mirror_lacks_is_said(open_page: Open, made: Stage) -> None:
    made.crm.add_contact("52000009999", lastname="Newcomer")

    assert "Not in Supabase" in said(opened(open_page, "52000009999"))


def test_an_unreadable_balance_is_no_number_and_says_why(open_page: Open, made: Stage) -> None:
    made.crm.foreign_write(Kind.CONTACT, SOMEBODY, {"cs_credits": "abc"})
    at = opened(open_page, SOMEBODY)

    assert "unreadable" == figures(at)["Clinical Skills"]
    assert "A balance in HubSpot is not a number" in said(at)


def test_supabase_away_leaves_the_truth_and_says_so(open_page: Open, made: Stage) -> None:
    made.mirror.die()
    at = opened(open_page, SOMEBODY)

    assert "Supabase is unreachable" in said(at)
    assert "Supabase –" == at.metric[0].delta


def test_hubspot_away_leaves_the_mirror_and_says_so(
    open_page: Open, made: Stage, student: ContactId
) -> None:
    made.crm.sending = lambda _: Fault.NOT_SENT
    at = opened(open_page, student)

    assert "HubSpot is unreachable" in said(at)
    assert "in Supabase" == at.metric[0].delta
    assert len(frame_with(at, "Paid with"))
    assert "refund_owed" not in {button.key for button in at.button}


def test_an_archived_contact_is_explained(open_page: Open, made: Stage) -> None:
    made.crm.archive(Kind.CONTACT, SOMEBODY)

    assert f"Contact {SOMEBODY} is archived in HubSpot" in said(opened(open_page, SOMEBODY))


@pytest.mark.parametrize("id_", ["999", "<b>", "x y"])
def test_an_address_that_names_nobody_is_explained(open_page: Open, id_: str) -> None:
    assert f"HubSpot has no contact {id_}" in said(opened(open_page, id_))


def test_a_merged_contact_is_explained(open_page: Open, made: Stage) -> None:
    survivor = made.crm.merge(Kind.CONTACT, SOMEBODY, "52000000004")

    told = said(opened(open_page, SOMEBODY))

    assert "Two contacts became one" in told
    assert survivor in told


def test_bookings_stand_with_what_became_of_their_credit(open_page: Open, made: Stage) -> None:
    made.crm.add_booking(
        "88000999999", contact=SOMEBODY, status="Cancelled", token="Clinical Skills Token"
    )
    frame = frame_with(opened(open_page, SOMEBODY), "Paid with")
    by_name = dict(zip(frame["Booking id"], frame["Credit"], strict=True))

    assert "! Owed" == by_name["booking-88000999999"]


def test_a_student_without_bookings_or_history_has_a_page(open_page: Open, made: Stage) -> None:
    made.crm.add_contact("52000009999", lastname="Newcomer")
    told = said(opened(open_page, "52000009999"))

    assert "No bookings yet" in told
    assert "No balance has changed" in told
    assert "Credit Desk has done nothing for this student" in told


def test_what_is_owed_leads_an_admin_to_the_preview_of_its_refund(
    open_page: Open, made: Stage
) -> None:
    made.crm.add_booking(
        "88000999999", contact=SOMEBODY, status="Cancelled", token="Clinical Skills Token"
    )
    at = opened(open_page, SOMEBODY)
    owed = len(made.core.contact_page.contact(ContactId(SOMEBODY), ACTOR).owed)
    assert f"Owed: {owed} credit" in said(at)

    press(at, "refund_owed")

    assert BULK_REFUND.title == at.title[0].value
    plan = made.journal.plan(at.query_params["plan"])
    assert (OperationKind.REFUND, owed) == (plan.kind, len(plan.rows))


def test_ticked_bookings_lead_an_admin_to_the_preview_of_their_cancellation(
    open_page: Open, made: Stage, student: ContactId
) -> None:
    at = tick(opened(open_page, student), "bookings_", [0])
    picked = grid(at, "bookings_")["Booking id"][0]

    press(at, "cancel_picked")

    plan = made.journal.plan(at.query_params["plan"])
    assert [(OperationKind.CANCEL, picked)] == [(plan.kind, row.booking_name) for row in plan.rows]


def test_every_step_of_a_balance_stands_with_its_cause(open_page: Open, made: Stage) -> None:
    student = lookup_scenes.lived(made)
    at = opened(open_page, student)

    frame = frame_with(at, "Cause")
    assert {"Refund", "Another app", "A person in HubSpot"} <= set(frame["Cause"])
    assert "operation" in frame["Of"][list(frame["Cause"]).index("Refund")]
    (chart,) = at.get("plotly_chart")
    assert 1 == json.loads(chart.proto.spec)["layout"]["yaxis"]["dtick"]


def test_a_history_that_hubspot_keeps_to_itself_is_said(open_page: Open, made: Stage) -> None:
    made.crm.unreadable_histories.add(SOMEBODY)

    assert "HubSpot gives no history" in said(opened(open_page, SOMEBODY))


def test_what_the_desk_did_stands_with_who_and_why(open_page: Open, made: Stage) -> None:
    operation_id = confirmed(made, kind=OperationKind.CANCEL)
    made.carry(operation_id)
    item = made.journal.items(operation_id)[0]
    frame = frame_with(opened(open_page, str(item.contact_id)), "Reason")

    assert (ACTOR.email, "Exam cancelled by the school") == (frame["Who"][0], frame["Reason"][0])
    assert item.booking_name in set(frame["Booking"])


def test_staff_look_and_are_told_who_may(open_page: Open, made: Stage) -> None:
    made.crm.add_booking(
        "88000999999", contact=SOMEBODY, status="Cancelled", token="Situational Judgment Token"
    )
    lookup_scenes.given_up(made, SOMEBODY)
    with seen_by(made, Role.STAFF):
        at = opened(open_page, SOMEBODY)

    assert "An admin can give them back" in said(at)
    assert "An admin can copy it again" in said(at)
    assert {"refund_owed", "copy_again"}.isdisjoint({button.key for button in at.button})


@pytest.mark.parametrize(
    ("standing", "told"),
    [
        (Standing(copy=Copy.EQUAL, at=NOON - timedelta(seconds=0.4)), "confirmed 0.4 s ago"),
        (Standing(copy=Copy.EQUAL, at=NOON - timedelta(minutes=2)), "confirmed 2 min ago"),
        (Standing(copy=Copy.BEHIND, at=NOON, since=NOON - timedelta(seconds=3)), "3 s behind"),
        (Standing(copy=Copy.BEHIND, at=NOON, since=NOON, place=7), "number 7 in the queue"),
    ],
)
def test_the_badge_says_how_far_behind_and_since_when(standing: Standing, told: str) -> None:
    assert told in balances.badge_words(standing, NOON)


def test_person_who_opens_the_school_is_told_why_no_more_is_shown(
    open_page: Open, made: Stage
) -> None:
    limits = Rationing(made.journal, made.clock, Limits(opened=1))
    made.core.access_log.rationing = limits
    ids = [record.id for record in made.crm.truth.all(Kind.CONTACT)][:2]
    open_page(CONTACTS, id=ids[0])

    shown = said(open_page(CONTACTS, id=ids[1]))

    assert "The limit is 1 students opened within 10 minutes: wait a little and go on" in shown
    assert "Nothing was read" in shown
    (link,) = made.journal.audit(Sought(what=(What.UNUSUAL,)))
    assert (ADMIN, "page") == (link.entry.actor, link.entry.detail["channel"])


def test_search_is_in_the_audit_with_its_hits(open_page: Open, made: Stage) -> None:
    open_page(CONTACTS, find="oka")
    open_page(CONTACTS, find="oka")

    (link,) = made.journal.audit(Sought(what=(What.SEARCHED,)))
    assert (3, "page") == (link.entry.detail["letters"], link.entry.detail["channel"])
