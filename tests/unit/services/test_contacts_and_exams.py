"""Looking up, presenting, sitting and activating, over the fakes."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from core.audit.entries import What
from core.credits.catalogue import CreditType
from core.credits.errors import NotSent
from core.credits.records import BookingStatus, ContactId, ExamId, Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.credits.sessions import Activated, ExamChange, Opening
from core.hubspot.ports.crm import Fate
from core.mirror.found_by import FoundBy
from core.mirror.store.outbox_port import Due
from core.operations.choosing.select import ByReference
from core.operations.verdicts import OperationKind
from core.students.activate_exams import NotActivated
from core.students.balance_history import StepCause
from core.students.contact_page import Gone, Presented
from core.students.copy_status import Copy
from core.students.search_rules import Where
from tests.fakes.crm import Fault, Request
from tests.pages.stage import ACTOR, Stage, confirmed, fill, mirrored, stage

STAFF = Actor(email="staff@example.test", role=Role.STAFF)
NOBODY = ContactId("999")
CS = CreditType("cs_credits")


@pytest.fixture
def made() -> Stage:
    made = stage()
    fill(made, contacts=60, exams=8)
    mirrored(made)
    return made


def calls(made: Stage) -> Counter[str]:
    return Counter({name: n for name, n in made.crm.usage().items() if name != "total"})


# looking up


def test_typing_costs_no_call_to_hubspot(made: Stage) -> None:
    before = calls(made)
    for end in range(2, 6):
        made.core.student_search.find("okafor"[:end], STAFF)

    assert before == calls(made)


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("52000000003", FoundBy.ID),
        ("100203", FoundBy.STUDENT_ID),
        ("Situational Judgment-100203-", FoundBy.BOOKING),
    ],
)
def test_an_id_finds_its_one_contact(made: Stage, text: str, by: FoundBy) -> None:
    made.crm.add_booking(
        "88000999999",
        contact="52000000003",
        booking_id="Situational Judgment-100203-July 1, 2026",
    )
    made.core.mirror_copier.put([Due(kind=Kind.BOOKING, record_id="88000999999", row=None)])
    made.core.mirror_copier.drain()

    hits = made.core.student_search.find(text, STAFF)

    assert [("52000000003", by)] == [(hit.contact_id, hit.by) for hit in hits.hits]


def test_a_record_id_of_a_booking_finds_who_sits_there(made: Stage) -> None:
    booking = next(b for b in made.crm.truth.all(Kind.BOOKING) if b.linked(Kind.CONTACT))

    (hit,) = made.core.student_search.find(booking.id, STAFF).hits

    assert booking.linked(Kind.CONTACT)[0].id == hit.contact_id
    assert booking.properties["booking_id"] == hit.booking


def test_parts_of_words_are_found_before_words_spelled_alike(made: Stage) -> None:
    right = made.core.student_search.find("okafor", STAFF)
    wrong = made.core.student_search.find("okafr", STAFF)

    assert {FoundBy.NAME} == {hit.by for hit in right.hits}
    assert {FoundBy.LIKE} == {hit.by for hit in wrong.hits}
    assert {hit.contact_id for hit in right.hits} == {hit.contact_id for hit in wrong.hits}


def test_a_mirror_that_is_down_is_said_and_hubspot_is_asked(made: Stage) -> None:
    made.mirror.die()

    hits = made.core.student_search.find("okafor", STAFF)

    assert hits.hits
    assert Where.HUBSPOT is hits.where
    assert "Supabase cannot be reached" in hits.mirror_fault


def test_one_letter_asks_nobody(made: Stage) -> None:
    made.mirror.die()

    assert () == made.core.student_search.find("o", STAFF).hits


# presenting


def opened(made: Stage, id_: str = "52000000003") -> Presented:
    return made.core.contact_page.contact(ContactId(id_), STAFF)


def test_a_contact_is_opened_in_four_calls_and_one_for_bookings_without_a_mark(made: Stage) -> None:
    before = calls(made)
    presented = opened(made, _with_bookings(made))

    assert presented.bookings
    unmarked = sum(one.status is BookingStatus.CANCELLED for one in presented.bookings)
    assert unmarked, "the history of their status takes one call for all"
    assert 5 == sum((calls(made) - before).values())


def test_what_is_due_is_said_until_it_is_there(made: Stage) -> None:
    id_ = "52000000003"
    made.crm.foreign_write(Kind.CONTACT, id_, {"cs_credits": 9})
    assert Copy.DIFFERS is opened(made, id_).standing.copy

    made.journal.put_due([Due(kind=Kind.CONTACT, record_id=id_, row=None)], at=made.clock())
    made.clock.pass_(seconds=3)
    presented = opened(made, id_)
    assert (Copy.BEHIND, 1, (CS,)) == (
        presented.standing.copy,
        presented.standing.place,
        presented.standing.differing,
    )

    made.core.mirror_copier.drain()
    assert presented.contact is not None
    assert Copy.EQUAL is made.core.contact_page.stands(presented.contact, STAFF).copy


def test_looking_at_the_badge_again_costs_no_call_to_hubspot(made: Stage) -> None:
    presented = opened(made)
    before = calls(made)
    assert presented.contact is not None

    made.core.contact_page.stands(presented.contact, STAFF)

    assert before == calls(made)


def test_a_copy_that_was_given_up_is_made_again_on_demand(made: Stage) -> None:
    id_ = "52000000003"
    made.crm.foreign_write(Kind.CONTACT, id_, {"cs_credits": 9})
    made.journal.put_due([Due(kind=Kind.CONTACT, record_id=id_, row=None)], at=made.clock())
    (due,) = made.journal.take_due(now=made.clock(), until=made.clock(), limit=1)
    made.journal.copy_failed([replace(due, attempts=8, dead=True, error="too long")])
    failed = opened(made, id_).standing
    assert (Copy.FAILED, "too long") == (failed.copy, failed.error)

    made.core.contact_page.copy_again(ContactId(id_), ACTOR)
    made.core.mirror_copier.drain()

    assert Copy.EQUAL is opened(made, id_).standing.copy
    (asked,) = [entry for entry in made.journal.recorded() if entry.what == What.COPY]
    assert (ACTOR.email, id_) == (asked.actor, asked.subject_id)


def test_staff_may_not_retry_copies(made: Stage) -> None:
    with pytest.raises(NotAllowed):
        made.core.contact_page.copy_again(ContactId("52000000003"), STAFF)


def test_an_archived_and_an_unknown_contact_are_told_apart(made: Stage) -> None:
    made.crm.archive(Kind.CONTACT, "52000000003")

    archived, unknown = opened(made), opened(made, NOBODY)

    assert (Gone.ARCHIVED, Gone.UNKNOWN) == (archived.gone, unknown.gone)
    assert archived.row is not None


def test_a_merged_contact_opens_as_the_one_that_remained(made: Stage) -> None:
    survivor = made.crm.merge(Kind.CONTACT, "52000000003", "52000000004")
    made.core.mirror_copier.put([Due(kind=Kind.CONTACT, record_id=survivor, row=None)])
    made.core.mirror_copier.drain()

    presented = opened(made, "52000000004")

    assert presented.merged
    assert presented.contact is not None
    assert survivor == presented.contact.id
    assert Copy.EQUAL is presented.standing.copy
    assert {survivor} == {booking.contact_id for booking in presented.bookings}


def test_without_hubspot_the_mirror_shows_what_it_has(made: Stage) -> None:
    id_ = _with_bookings(made)
    made.crm.sending = lambda _: Fault.NOT_SENT

    presented = opened(made, id_)

    assert presented.contact is None
    assert presented.truth_fault
    assert presented.row is not None
    assert presented.held


def test_without_the_mirror_the_truth_is_shown_and_the_badge_says_so(made: Stage) -> None:
    made.mirror.die()

    presented = opened(made)

    assert presented.contact is not None
    assert Copy.UNKNOWN is presented.standing.copy


def test_a_cancellation_names_itself_in_history_trail_and_nothing_stays_owed(made: Stage) -> None:
    operation_id = confirmed(made, kind=OperationKind.CANCEL)
    made.carry(operation_id)
    item = next(i for i in made.journal.items(operation_id) if i.credit)
    presented = opened(made, str(item.contact_id))

    assert presented.steps is not None
    newest = presented.steps[0]
    assert (StepCause.CANCELLATION, operation_id) == (newest.cause, newest.operation_id)
    assert operation_id == presented.trail[0].operation.id
    assert item.booking_id not in {one.booking.id for one in presented.owed}


def test_what_is_owed_is_listed_until_it_is_given_back(made: Stage) -> None:
    made.crm.add_booking(
        "88000999999", contact="52000000003", status="Cancelled", token="Clinical Skills Token"
    )
    before = {one.booking.id for one in opened(made).owed}
    plan_ids = tuple(before)
    assert "88000999999" in before

    plan = made.core.operation_planner.preview(
        OperationKind.REFUND, ByReference(references=plan_ids), ACTOR
    )
    made.core.operation_commands.confirm(plan.id, ACTOR, reason="Owed")
    made.carry(plan.id)

    assert () == opened(made).owed


def test_a_history_that_hubspot_does_not_give_is_said(made: Stage) -> None:
    made.crm.unreadable_histories.add("52000000003")

    assert opened(made).steps is None


# sessions


def test_the_list_counts_in_the_mirror_and_the_session_in_hubspot(made: Stage) -> None:
    listed = made.core.exam_sessions.sessions(None, None, STAFF)
    first = listed.sessions[0]
    detailed = made.core.exam_sessions.session(ExamId(first.exam.id), STAFF)

    assert detailed is not None
    assert first.counts == detailed.session.counts
    assert 48 == first.counted


def test_days_narrow_the_list_at_both_ends(made: Stage) -> None:
    everything = made.core.exam_sessions.sessions(None, None, STAFF).sessions
    days = [each.exam.exam_date for each in everything]

    assert days[1:3] == [
        each.exam.exam_date
        for each in made.core.exam_sessions.sessions(days[1], days[2], STAFF).sessions
    ]


def test_without_the_mirror_sessions_are_listed_uncounted(made: Stage) -> None:
    made.mirror.die()

    listed = made.core.exam_sessions.sessions(None, None, STAFF)

    assert 8 == len(listed.sessions)
    assert {None} == {each.counts for each in listed.sessions}
    assert listed.mirror_fault


EXAM = ExamId("71000000002")
CLOSE = ExamChange(opening=Opening.INACTIVE)


def state(made: Stage, id_: str = EXAM) -> str | None:
    return made.crm.truth.need(Kind.EXAM, id_).properties["is_active"]


def held(made: Stage, id_: str = EXAM) -> object:
    made.core.mirror_copier.drain()
    return made.mirror.rows(Kind.EXAM, [id_])[id_]["is_active"]


def test_an_exam_is_closed_in_both_stores_and_the_journal_says_by_whom(made: Stage) -> None:
    outcome = made.core.exam_sessions.change(EXAM, CLOSE, ACTOR)

    assert (Fate.LANDED, "false", "false") == (outcome.fate, state(made), held(made))
    entry = made.journal.recorded()[-1]
    assert (What.EXAM_ANSWERED, ACTOR.email) == (entry.what, entry.actor)
    assert ("true", "false") == (entry.before["is_active"], entry.after["is_active"])


def test_only_an_admin_changes_an_exam(made: Stage) -> None:
    with pytest.raises(NotAllowed):
        made.core.exam_sessions.change(EXAM, CLOSE, STAFF)
    assert "true" == state(made)


def test_a_schedule_is_kept_with_its_time(made: Stage) -> None:
    at = made.clock() + timedelta(days=2)
    made.core.exam_sessions.change(EXAM, ExamChange(opening=Opening.SCHEDULED, at=at), ACTOR)

    detailed = made.core.exam_sessions.session(EXAM, STAFF)

    assert detailed is not None
    assert ("scheduled", at) == (
        detailed.session.exam.is_active,
        detailed.session.exam.scheduled_activation_at,
    )


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.REQUEST_LOST, Fault.NOT_SENT])
def test_a_lost_request_is_read_back_and_the_change_is_made(made: Stage, fault: Fault) -> None:
    faults = [fault]
    made.crm.sending = lambda r: faults.pop() if r.changes and faults else Fault.NONE

    assert Fate.LANDED is made.core.exam_sessions.change(EXAM, CLOSE, ACTOR).fate
    assert ("false", "false") == (state(made), held(made))


def test_what_hubspot_refuses_is_said_and_kept(made: Stage) -> None:
    made.crm.sending = lambda request: Fault.REFUSED if request.changes else Fault.NONE

    outcome = made.core.exam_sessions.change(EXAM, CLOSE, ACTOR)

    assert Fate.REFUSED is outcome.fate
    assert "refused" == made.journal.recorded()[-1].detail["outcome"]


# activation


def schedule(made: Stage, id_: str, hours: float) -> None:
    at = made.clock() + timedelta(hours=hours)
    values = {"is_active": "scheduled", "scheduled_activation_datetime": at.isoformat()}
    made.crm.foreign_write(Kind.EXAM, id_, values)


def test_only_what_is_due_is_opened_in_both_stores(made: Stage) -> None:
    schedule(made, "71000000001", -1)
    schedule(made, "71000000002", +1)

    done = made.core.exam_activation.activate(ACTOR)

    assert ["71000000001"] == [row.exam_id for row in done.having(Activated.ACTIVATED)]
    assert ("true", "true") == (state(made, "71000000001"), held(made, "71000000001"))
    assert "scheduled" == state(made, "71000000002")
    assert [done] == made.core.exam_activation.past(STAFF)


def test_a_dry_run_changes_nothing_and_leaves_no_record(made: Stage) -> None:
    schedule(made, "71000000001", -1)

    due = made.core.exam_activation.due(STAFF)

    assert ["71000000001"] == [row.exam_id for row in due.having(Activated.WOULD_ACTIVATE)]
    assert "scheduled" == state(made, "71000000001")
    assert [] == made.core.exam_activation.past(STAFF)


def test_a_second_run_finds_nothing_to_do(made: Stage) -> None:
    schedule(made, "71000000001", -1)
    made.core.exam_activation.activate(ACTOR)

    assert () == made.core.exam_activation.activate(ACTOR).rows


def test_hundreds_are_opened_in_batches_of_a_hundred(made: Stage) -> None:
    for n in range(230):
        made.crm.add_exam(f"7200000{n:04d}")
        schedule(made, f"7200000{n:04d}", -1)
    before = calls(made)

    done = made.core.exam_activation.activate(ACTOR)

    assert 230 == len(done.having(Activated.ACTIVATED))
    assert 3 == (calls(made) - before)["write exams"]


def test_one_that_hubspot_refuses_is_told_and_the_others_are_opened(made: Stage) -> None:
    for id_ in ("71000000001", "71000000002"):
        schedule(made, id_, -1)

    def refuse(request: Request) -> Fault | dict[str, Fault]:
        return {"71000000001": Fault.REFUSED} if request.changes else Fault.NONE

    made.crm.sending = refuse
    done = made.core.exam_activation.activate(ACTOR)

    assert ["71000000001"] == [row.exam_id for row in done.having(Activated.FAILED)]
    assert ["71000000002"] == [row.exam_id for row in done.having(Activated.ACTIVATED)]


def test_the_scheduler_hears_of_what_stayed_closed(made: Stage) -> None:
    schedule(made, "71000000001", -1)
    made.crm.sending = lambda request: Fault.REFUSED if request.changes else Fault.NONE

    with pytest.raises(NotActivated, match="Clinical Skills"):
        made.core.exam_activation.on_schedule(made.clock())


def test_one_that_search_names_in_vain_is_left_alone(made: Stage) -> None:
    schedule(made, "71000000001", -1)
    due = made.core.exam_activation.due(STAFF)

    def closed_meanwhile(request: Request) -> Fault:
        if (request.what, request.kind) == ("read", Kind.EXAM):
            made.crm.foreign_write(Kind.EXAM, "71000000001", {"is_active": "false"})
        return Fault.NONE

    made.crm.sending = closed_meanwhile
    done = made.core.exam_activation.activate(ACTOR)

    assert 1 == len(due.rows)
    assert ["71000000001"] == [row.exam_id for row in done.having(Activated.NOT_DUE)]
    assert "false" == state(made, "71000000001")


def test_hubspot_away_leaves_no_record_of_a_run(made: Stage) -> None:
    made.crm.sending = lambda _: Fault.NOT_SENT

    with pytest.raises(NotSent):
        made.core.exam_activation.activate(ACTOR)
    assert [] == made.core.exam_activation.past(STAFF)


def _with_bookings(made: Stage) -> str:
    contacts = made.crm.truth.all(Kind.CONTACT)
    return next(contact.id for contact in contacts if contact.linked(Kind.BOOKING))
