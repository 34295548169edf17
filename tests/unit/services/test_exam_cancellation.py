"""A cancelled exam: closed for good in HubSpot and at the desk, until it is reopened on purpose."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.audit.entries import Entry, Sought, What
from core.credits.errors import BadList, GatewayError
from core.credits.records import ExamId, Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.credits.sessions import Activated, ExamChange, Opening
from core.hubspot.ports.crm import Fate
from core.students.exam_closing import Closing
from core.students.exam_sessions import TRIES
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, TestDesk

EXAM = ExamId("70")
OPEN = ExamChange(opening=Opening.ACTIVE)
BEN = Actor(email="ben@example.test", role=Role.ADMIN)


@pytest.fixture
def desk() -> TestDesk:
    return TestDesk()


def cancel(desk: TestDesk, reason: str = "the room is closed", actor: Actor = ADMIN) -> Closing:
    return desk.core.exam_cancellation.cancel(EXAM, actor, reason=reason)


def held(desk: TestDesk) -> str | None:
    return desk.crm.truth.need(Kind.EXAM, EXAM).properties["is_active"]


def told(desk: TestDesk, *what: What) -> list[Entry]:
    return [link.entry for link in reversed(desk.journal.audit(Sought(what=what)))]


def schedule(desk: TestDesk) -> None:
    at = (desk.time - timedelta(hours=1)).isoformat()
    values = {"is_active": "scheduled", "scheduled_activation_datetime": at}
    desk.crm.foreign_write(Kind.EXAM, EXAM, values)


def test_a_cancelled_exam_is_closed_in_hubspot_and_in_supabase(desk: TestDesk) -> None:
    closing = cancel(desk)
    desk.drain()

    assert (Fate.LANDED, "false") == (closing.outcome.fate, held(desk))
    assert "false" == desk.mirror.rows(Kind.EXAM, [EXAM])[EXAM]["is_active"]
    found = desk.core.exam_sessions.session(EXAM, ADMIN)
    assert found is not None
    assert closing.cancelled == found.session.exam.cancelled
    assert [closing.cancelled] == [
        each.exam.cancelled for each in desk.core.exam_sessions.sessions(None, None, ADMIN).sessions
    ]


def test_a_cancellation_is_in_the_audit_with_its_reason_before_hubspot_is_asked(
    desk: TestDesk,
) -> None:
    cancel(desk)

    cancelled, asked, answered = told(
        desk, What.EXAM_CANCELLED, What.EXAM_ASKED, What.EXAM_ANSWERED
    )

    assert (ADMIN.email, "the room is closed", "exam", EXAM) == (
        cancelled.actor,
        cancelled.reason,
        cancelled.subject,
        cancelled.subject_id,
    )
    assert [What.EXAM_ASKED, What.EXAM_ANSWERED] == [asked.what, answered.what]
    assert {"is_active": "false"} == asked.after


def test_a_second_cancellation_keeps_the_first_word(desk: TestDesk) -> None:
    first = cancel(desk)
    second = cancel(desk, "another reason", BEN)

    assert first.cancelled == second.cancelled
    assert Fate.LANDED is second.outcome.fate
    assert 1 == len(told(desk, What.EXAM_CANCELLED))


@pytest.mark.parametrize("reason", ["", "  "])
def test_a_cancellation_needs_a_reason(desk: TestDesk, reason: str) -> None:
    with pytest.raises(BadList, match="give a reason"):
        cancel(desk, reason)

    assert "true" == held(desk)


def test_a_cancellation_needs_an_exam(desk: TestDesk) -> None:
    with pytest.raises(BadList, match="HubSpot has no exam 99"):
        desk.core.exam_cancellation.cancel(ExamId("99"), ADMIN, reason="r")


def test_managers_cancel_no_exam(desk: TestDesk) -> None:
    with pytest.raises(NotAllowed):
        cancel(desk, actor=Actor(email="mia@example.test", role=Role.MANAGER))

    assert "true" == held(desk)


@pytest.mark.parametrize("fault", [Fault.ANSWER_LOST, Fault.REQUEST_LOST])
def test_a_lost_answer_is_settled_by_reading(desk: TestDesk, fault: Fault) -> None:
    faults = [fault]
    desk.crm.sending = lambda r: faults.pop() if r.changes and faults else Fault.NONE

    assert Fate.LANDED is cancel(desk).outcome.fate
    assert "false" == held(desk)


def test_desk_books_nobody_while_hubspot_is_away_and_the_same_call_closes_it_later(
    desk: TestDesk,
) -> None:
    faults = [Fault.REQUEST_LOST] * TRIES

    def away(request: Request) -> Fault:
        if not request.changes and len(faults) == TRIES:
            return Fault.NONE
        return faults.pop() if faults else Fault.NONE

    desk.crm.sending = away
    with pytest.raises(GatewayError):
        cancel(desk)

    assert EXAM in desk.journal.cancelled_exams([EXAM])
    assert "true" == held(desk)
    faults.clear()
    assert Fate.LANDED is cancel(desk).outcome.fate
    assert "false" == held(desk)


@pytest.mark.parametrize(
    "change", [OPEN, ExamChange(opening=Opening.SCHEDULED, at=TestDesk().time + timedelta(days=1))]
)
def test_a_cancelled_exam_is_not_opened_or_scheduled(desk: TestDesk, change: ExamChange) -> None:
    cancel(desk)

    outcome = desk.core.exam_sessions.change(EXAM, change, BEN)

    assert (Fate.REFUSED, "false") == (outcome.fate, held(desk))
    assert "cancelled by ann@example.test on 4 May 2026: the room is closed" in outcome.reason


def test_a_cancelled_exam_can_be_closed_again(desk: TestDesk) -> None:
    cancel(desk)
    desk.crm.foreign_write(Kind.EXAM, EXAM, {"is_active": "true"})

    cancel(desk)

    assert "false" == held(desk)


def test_the_schedule_leaves_a_cancelled_exam_alone(desk: TestDesk) -> None:
    cancel(desk)
    schedule(desk)

    (due,) = desk.core.exam_activation.due(ADMIN).rows
    (row,) = desk.core.exam_activation.activate(ADMIN).rows
    desk.core.exam_activation.on_schedule(desk.time)

    assert [Activated.NOT_DUE] * 2 == [due.what, row.what]
    assert "cancelled by ann@example.test" in row.why
    assert "scheduled" == held(desk)


def test_an_exam_that_is_cancelled_as_the_schedule_opens_it_ends_closed(desk: TestDesk) -> None:
    schedule(desk)
    meanwhile = [lambda: cancel(desk)]

    def as_it_is_sent(request: Request) -> Fault:
        if request.changes and meanwhile:
            meanwhile.pop()()
        return Fault.NONE

    desk.crm.sending = as_it_is_sent

    (row,) = desk.core.exam_activation.activate(BEN).rows

    assert (Activated.FAILED, "false") == (row.what, held(desk))
    assert "cancelled by ann@example.test" in row.why


def test_a_reopened_exam_stays_inactive_until_it_is_opened(desk: TestDesk) -> None:
    word = cancel(desk).cancelled

    assert word == desk.core.exam_cancellation.reopen(EXAM, BEN, reason="another room")

    assert "false" == held(desk)
    assert Fate.LANDED is desk.core.exam_sessions.change(EXAM, OPEN, BEN).fate
    assert "true" == held(desk)
    (entry,) = told(desk, What.EXAM_REOPENED)
    assert (BEN.email, "another room") == (entry.actor, entry.reason)


def test_an_exam_that_is_not_cancelled_is_not_reopened(desk: TestDesk) -> None:
    with pytest.raises(BadList, match="exam 70 is not cancelled"):
        desk.core.exam_cancellation.reopen(EXAM, ADMIN, reason="a mistake")


def test_reopening_needs_a_reason(desk: TestDesk) -> None:
    cancel(desk)

    with pytest.raises(BadList, match="give a reason"):
        desk.core.exam_cancellation.reopen(EXAM, ADMIN, reason=" ")

    assert EXAM in desk.journal.cancelled_exams([EXAM])
