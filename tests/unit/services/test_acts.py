"""What the services have on record of acts that the journal alone does not know."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from core.audit.entries import Entry, Sought, What
from core.credits.errors import GatewayError
from core.credits.records import ContactId, ExamId, Kind
from core.credits.sessions import ExamChange, Opening
from core.credits.writes import QUIET_PERIOD
from core.students.exam_sessions import TRIES
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, TestDesk
from tests.unit.services.test_operations import desk, undecided

__all__ = ["desk"]  # a fixture

OPEN = ExamChange(opening=Opening.ACTIVE)
CLOSED = ExamChange(opening=Opening.INACTIVE)


def told(desk: TestDesk, *what: What) -> Sequence[Entry]:
    """Oldest first."""
    found = desk.journal.audit(Sought(what=what))
    return [link.entry for link in reversed(found)]


def test_a_decision_stands_before_the_write_that_it_settles(desk: TestDesk) -> None:
    operation_id, write_id = undecided(desk)
    desk.core.resolution.decide(operation_id, write_id, ADMIN, landed=True, why="seen")

    acts = [link.entry for link in desk.journal.audit(Sought(operation_id=operation_id))][::-1]

    assert [
        What.PLANNED,
        What.CONFIRMED,
        What.BEGAN,
        What.UNDECIDED,
        What.ENDED,
        What.TAKEN_UP,
        What.DECIDED,
        What.WRITTEN,
    ] == [entry.what for entry in acts]
    decided, written = acts[6:]
    assert (ADMIN.email, "admin", "seen") == (decided.actor, decided.role, decided.reason)
    assert ({"cs_credits": 1}, {"cs_credits": 2}) == (written.before, written.after)


def test_a_change_of_an_exam_is_asked_for_on_record_and_then_answered(desk: TestDesk) -> None:
    desk.core.exam_sessions.change(ExamId("70"), OPEN, ADMIN)

    asked, answered = told(desk, What.EXAM_ASKED, What.EXAM_ANSWERED)

    assert ("exam", "70", {"is_active": "true"}) == (
        answered.subject,
        answered.subject_id,
        answered.after,
    )
    assert "landed" == answered.detail["outcome"]
    assert (What.EXAM_ASKED, answered.before) == (asked.what, asked.before)


def test_a_change_of_an_exam_whose_end_nobody_knows_is_on_record(desk: TestDesk) -> None:
    sent = list[Request]()

    def away(request: Request) -> Fault:
        if request.changes:
            sent.append(request)
            return Fault.ANSWER_LOST
        return Fault.REQUEST_LOST if sent else Fault.NONE

    desk.crm.sending = away

    with pytest.raises(GatewayError):
        desk.core.exam_sessions.change(ExamId("70"), OPEN, ADMIN)

    assert [What.EXAM_ASKED] == [e.what for e in told(desk, What.EXAM_ASKED, What.EXAM_ANSWERED)]


class Killed(BaseException):
    """The process dies here."""


def test_an_exam_whose_change_lands_as_the_process_dies_is_copied_all_the_same(
    desk: TestDesk,
) -> None:
    def dies(request: Request) -> None:
        if request.changes:
            raise Killed

    desk.crm.answered = dies
    with pytest.raises(Killed):
        desk.core.exam_sessions.change(ExamId("70"), CLOSED, ADMIN)
    desk.crm.answered = lambda _: None
    desk.drain()

    desk.time += QUIET_PERIOD
    desk.drain()

    assert "false" == desk.mirror.rows(Kind.EXAM, ["70"])["70"]["is_active"]


def test_an_exam_whose_change_arrives_late_is_copied_when_it_has(desk: TestDesk) -> None:
    """Whatever was read and copied meanwhile stands as it was before."""
    faults = [Fault.LATE] * TRIES
    desk.crm.sending = lambda r: faults.pop() if r.changes and faults else Fault.NONE
    desk.core.exam_sessions.change(ExamId("70"), CLOSED, ADMIN)
    desk.drain()
    desk.time += QUIET_PERIOD * 0.9
    desk.crm.deliver_late(0)

    desk.time += QUIET_PERIOD * 0.1
    desk.drain()

    assert "false" == desk.mirror.rows(Kind.EXAM, ["70"])["70"]["is_active"]


def test_exams_that_a_person_opens_and_that_the_schedule_opens_are_on_record(
    desk: TestDesk,
) -> None:
    for id_ in ("71", "72"):
        due = f"{desk.time - timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"
        desk.crm.add_exam(
            id_, 0, is_active="scheduled", scheduled_activation_datetime=due, mock_type="x"
        )
        if id_ == "71":
            desk.core.exam_activation.activate(ADMIN)
        else:
            desk.core.exam_activation.on_schedule(desk.time)
    desk.core.exam_activation.on_schedule(desk.time)

    acts = told(desk, What.ACTIVATION_ASKED, What.ACTIVATED)

    assert [
        (What.ACTIVATION_ASKED, ADMIN.email, None),
        (What.ACTIVATED, ADMIN.email, ["71"]),
        (What.ACTIVATED, "the schedule", ["72"]),
    ] == [(entry.what, entry.actor, entry.detail.get("opened")) for entry in acts]


def test_a_copy_that_is_asked_for_is_on_record(desk: TestDesk) -> None:
    desk.core.contact_page.copy_again(ContactId("100"), ADMIN)

    (entry,) = told(desk, What.COPY)

    assert ("contact", "100", ADMIN.email) == (entry.subject, entry.subject_id, entry.actor)


def test_a_crm_that_answers_nothing_has_a_look_on_record_all_the_same(desk: TestDesk) -> None:
    desk.crm.sending = lambda _: Fault.REQUEST_LOST

    desk.core.contact_page.contact(ContactId("100"), ADMIN)

    assert ["100"] == [entry.subject_id for entry in told(desk, What.LOOKED)]
