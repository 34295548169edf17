"""Telling the students from the pages: asked for, previewed, listed, told again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.errors import AppTestError

from core.app import wiring
from core.credits.records import BookingStatus, ContactId, ExamId, Kind
from core.credits.roles import Role
from core.hubspot.ports.channels import Channel, TellBy
from core.operations.choosing.select import ByExam, ByReference
from core.operations.plans import Plan
from core.operations.states import ItemState
from core.operations.telling.rules import TellingState
from core.operations.verdicts import OperationKind
from pages.shared.places import BATCH_CANCELLATION, CONTACTS, EXAMS
from tests.pages.acts import choose, frame_with, press, said
from tests.pages.conftest import Open
from tests.pages.desk_roles import seen_by
from tests.pages.stage import ACTOR, Stage, fill, stage

WHY = "The examiner is ill"


@pytest.fixture
def made() -> Iterator[Stage]:
    """A school whose students can be told."""
    made = stage(tell_by=TellBy(channel=Channel.SINGLE_SEND, email_id=77))
    fill(made, contacts=40, exams=2)
    with wiring.use(made.core):
        yield made


@pytest.fixture
def plan(made: Stage) -> Plan:
    chosen = ByExam(ids=(ExamId("71000000000"),))
    return made.core.operation_planner.preview(OperationKind.CANCEL, chosen, ACTOR)


def asked(at: AppTest, plan: Plan) -> AppTest:
    choose(at, f"reason_{plan.id}", "Internal")
    choose(at, f"typed_{plan.id}", str(len(plan.will_change)))
    at.checkbox(key=f"tell_{plan.id}").check().run()
    return at


def text_of(at: AppTest) -> str:
    return "\n".join(str(each.value) for each in at.text)


def test_the_preview_is_the_text_that_one_student_gets(
    open_page: Open, made: Stage, plan: Plan
) -> None:
    at = asked(open_page(BATCH_CANCELLATION, plan=plan.id), plan)
    choose(at, f"students_{plan.id}", WHY)
    shown = text_of(at)
    assert f"Reason: {WHY}" in shown

    press(at, "sure")
    made.carry(plan.id)

    first = next(row.contact_id for row in plan.will_change if row.contact_id)
    (sent,) = [m for m in made.crm.mails.values() if m.message.contact_id == first]
    assert shown == sent.message.text
    kept = made.journal.operation(plan.id)
    assert ("Internal", WHY) == (kept.reason, kept.reason_for_students)


def test_students_are_not_told_without_a_reason_of_their_own(open_page: Open, plan: Plan) -> None:
    at = asked(open_page(BATCH_CANCELLATION, plan=plan.id), plan)

    assert "Give a reason for students, or do not tell them." in said(at)
    with pytest.raises(AppTestError):
        at.button(key="sure").click()


def test_nobody_is_told_unless_it_is_ticked(open_page: Open, made: Stage, plan: Plan) -> None:
    at = open_page(BATCH_CANCELLATION, plan=plan.id)
    choose(at, f"reason_{plan.id}", "Internal")
    choose(at, f"typed_{plan.id}", str(len(plan.will_change)))
    press(at, "sure")
    made.carry(plan.id)

    assert not made.crm.mails
    assert Channel.OFF is made.journal.operation(plan.id).tell


def test_where_the_settings_tell_nobody_nothing_is_offered(open_page: Open) -> None:
    off = stage()
    fill(off, contacts=40, exams=2)
    with wiring.use(off.core):
        plan = off.core.operation_planner.preview(
            OperationKind.CANCEL, ByExam(ids=(ExamId("71000000000"),)), ACTOR
        )
        at = open_page(BATCH_CANCELLATION, plan=plan.id)

    assert not at.checkbox


def failing(made: Stage) -> tuple[str, str]:
    """An operation of whose students one has no e-mail address: both ids."""
    chosen = ByExam(ids=(ExamId("71000000000"),))
    plan = made.core.operation_planner.preview(OperationKind.CANCEL, chosen, ACTOR)
    student = next(str(row.contact_id) for row in plan.will_change if row.contact_id)
    made.crm.foreign_write(Kind.CONTACT, student, {"email": ""})
    made.core.operation_commands.confirm(plan.id, ACTOR, reason="Internal", tell=WHY)
    made.carry(plan.id)
    return plan.id, student


def test_who_was_not_told_is_listed_and_told_again_alone(open_page: Open, made: Stage) -> None:
    operation_id, student = failing(made)
    before = dict(made.crm.mails)
    at = open_page(BATCH_CANCELLATION, operation=operation_id)
    assert f"Students are told: {WHY}" in said(at)
    assert f"{len(before)} students were told, 1 failed." in said(at)
    listed = frame_with(at, "Told", "Why")
    assert [["Failed", "HubSpot has no e-mail address of this student"]] == (
        listed[["Told", "Why"]].to_numpy().tolist()
    )

    made.crm.foreign_write(Kind.CONTACT, student, {"email": "new@example.test"})
    assert "Tell 1 student again" == at.button(key="tell_again").label
    press(at, "tell_again")
    made.carry(f"follow-ups/{operation_id}")

    new = [mail for id_, mail in made.crm.mails.items() if id_ not in before]
    assert ["new@example.test"] == [mail.to for mail in new]
    at = open_page(BATCH_CANCELLATION, operation=operation_id)
    assert f"{len(before) + 1} students were told." in said(at)
    with pytest.raises(KeyError):
        at.button(key="tell_again")


def test_staff_tell_one_student_whose_booking_they_cancel(open_page: Open, made: Stage) -> None:
    booking = next(
        record
        for record in made.crm.truth.all(Kind.BOOKING)
        if record.properties["is_active"] == BookingStatus.ACTIVE
        and record.linked(Kind.CONTACT)
        and "Gift" not in (record.properties["token_used"] or "")
    )
    contact = ContactId(booking.linked(Kind.CONTACT)[0].id)
    chosen = ByReference(references=(booking.id,))
    plan = made.core.operation_planner.preview(OperationKind.CANCEL, chosen, ACTOR)
    with seen_by(made, Role.STAFF):
        at = open_page(CONTACTS, id=contact, plan=plan.id)
        at.checkbox(key="tell_doing").check().run()
        assert at.button(key="doing_confirm").disabled
        choose(at, "students_doing", WHY)
        press(at, "doing_confirm")
    made.carry(plan.id)

    assert [contact] == [mail.message.contact_id for mail in made.crm.mails.values()]
    assert {TellingState.TOLD: 1} == made.core.student_notices.counts(
        made.journal.operation(plan.id)
    )
    states = [item.state for item in made.journal.items(plan.id)]
    assert [ItemState.DONE] == states


def test_those_of_an_exam_that_is_cancelled_as_one_act_are_told(
    open_page: Open, made: Stage
) -> None:
    exam = "71000000000"
    at = press(open_page(EXAMS, exam=exam), "ask_cancel_exam")
    choose(at, "exam_bookings", "Cancel them, keep credits (forfeit)")
    choose(at, "reason_cancel", "Internal")
    press(at, "exam_act_preview")
    number = at.button(key="exam_act_sure").label.split()[-2]
    choose(at, "exam_act_typed", number)
    at.checkbox(key="tell_exam_act").check().run()
    assert at.button(key="exam_act_sure").disabled
    choose(at, "students_exam_act", WHY)
    assert "was cancelled.\nNo credit is given back." in text_of(at)

    press(at, "exam_act_sure")

    act = made.journal.last_exam_act(ExamId(exam))
    assert act is not None
    assert ("Internal", WHY) == (act.reason, act.tell)
