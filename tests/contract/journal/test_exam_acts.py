from __future__ import annotations

from dataclasses import replace

import pytest

from core.app.journal import Journal
from core.audit.entries import Sought, What
from core.audit.retention_rules import NOT_KEPT
from core.credits.errors import Superseded, UnknownId
from core.credits.records import CancelledExam, ExamId
from core.students.exam_acts import ExamAct, ExamActState
from tests.contract.journal.given import ADMIN, after

E1, E2 = ExamId("e1"), ExamId("e2")


def act(id_: str = "a1", exam: ExamId = E1, seconds: float = 0) -> ExamAct:
    return ExamAct(
        id=id_,
        exam_id=exam,
        exam_name="Ölprüfung, 4 May 2026",
        to_exam=ExamId("e9"),
        keeps=True,
        reason="the room is closed",
        tell="the room is closed for repairs",
        asked_by=ADMIN,
        asked_at=after(seconds),
        needs_approval="more than 50 bookings",
    )


def ended(found: ExamAct) -> ExamAct:
    return replace(found, state=ExamActState.DONE, move_id="m1", ended_at=after(60))


def test_one_act_of_an_exam_goes_on_at_a_time(journal: Journal) -> None:
    assert act() == journal.ask_exam_act(act())
    assert act() == journal.ask_exam_act(act("a2", seconds=1))
    assert act("a3", E2) == journal.ask_exam_act(act("a3", E2))
    journal.save_exam_act(ended(act()))

    assert ended(act()) == journal.ask_exam_act(act())
    assert act("a4", seconds=9) == journal.ask_exam_act(act("a4", seconds=9))
    assert act("a4", seconds=9) == journal.last_exam_act(E1)


def test_an_exam_without_an_act_has_none(journal: Journal) -> None:
    assert journal.last_exam_act(E1) is None
    with pytest.raises(UnknownId):
        journal.exam_act("a1")
    with pytest.raises(UnknownId):
        journal.take_exam_act("a1")


def test_whoever_takes_an_act_up_bars_those_before(journal: Journal) -> None:
    journal.ask_exam_act(act())
    older, newer = journal.take_exam_act("a1"), journal.take_exam_act("a1")

    with pytest.raises(Superseded):
        journal.save_exam_act(replace(older, waiting_for="x"))
    journal.save_exam_act(saved := replace(newer, state=ExamActState.MOVING, failures=2))

    assert saved == journal.exam_act("a1")


def test_asking_and_ending_are_in_the_audit(journal: Journal) -> None:
    journal.ask_exam_act(act())
    journal.ask_exam_act(act("a2"))
    journal.save_exam_act(replace(act(), waiting_for="x"))
    journal.save_exam_act(ended(act()))

    asked, done = (link.entry for link in reversed(journal.audit(Sought())))

    assert (What.EXAM_ACT_ASKED, ADMIN, E1, "the room is closed") == (
        asked.what, asked.actor, asked.subject_id, asked.reason,
    )  # fmt: skip
    assert {"act": "a1", "to_exam": "e9", "keeps_credits": True} == asked.detail
    assert (What.EXAM_ACT_ENDED, {"act": "a1", "state": "done", "operations": ["m1"]}) == (
        done.what, done.detail,
    )  # fmt: skip


def test_what_was_typed_for_an_exam_is_forgotten_with_the_reasons_of_the_audit(
    journal: Journal,
) -> None:
    """Of an act that goes on it is needed."""
    journal.ask_exam_act(act())
    journal.save_exam_act(ended(act()))
    journal.ask_exam_act(act("a2", E2))
    journal.cancel_exam(CancelledExam(exam_id=E1, by=ADMIN, at=after(1), reason="Ada is ill"))

    journal.forget_reasons(before=after(100), by=ADMIN, at=after(200))

    kept = journal.exam_act("a1")
    assert (NOT_KEPT, NOT_KEPT) == (kept.reason, kept.tell)
    assert "the room is closed" == journal.exam_act("a2").reason
    assert NOT_KEPT == journal.cancelled_exams([E1])[E1].reason
