from __future__ import annotations

from core.app.journal import Journal
from core.audit.entries import Sought, What
from core.credits.records import CancelledExam, ExamId
from tests.contract.journal.given import ADMIN, NOW, after

E1, E2, E3 = ExamId("e1"), ExamId("e2"), ExamId("e3")


def word(exam: ExamId = E1, *, by: str = ADMIN, seconds: float = 0) -> CancelledExam:
    return CancelledExam(exam_id=exam, by=by, at=after(seconds), reason="the room is closed")


def test_the_first_word_on_an_exam_counts(journal: Journal) -> None:
    assert word() == journal.cancel_exam(word())
    assert word() == journal.cancel_exam(word(by="eve@x.test", seconds=9))

    assert {E1: word()} == journal.cancelled_exams([E1, E2])


def test_exams_that_nobody_cancelled_are_not_named(journal: Journal) -> None:
    journal.cancel_exam(word(E2))

    assert {} == journal.cancelled_exams([])
    assert {E2: word(E2)} == journal.cancelled_exams([E1, E2, E3, E2])


def test_a_reopened_exam_is_cancelled_no_longer_and_can_be_cancelled_again(
    journal: Journal,
) -> None:
    assert journal.reopen_exam(E1, by=ADMIN, at=NOW, reason="a mistake") is None
    journal.cancel_exam(word())

    assert word() == journal.reopen_exam(E1, by=ADMIN, at=after(1), reason="a mistake")
    assert {} == journal.cancelled_exams([E1])
    assert word(seconds=2) == journal.cancel_exam(word(seconds=2))


def test_each_change_of_the_word_is_in_the_audit_once(journal: Journal) -> None:
    journal.cancel_exam(word())
    journal.cancel_exam(word(seconds=1))
    journal.reopen_exam(E1, by="eve@x.test", at=after(2), reason="a mistake")
    journal.reopen_exam(E1, by="eve@x.test", at=after(3), reason="again")

    entries = [link.entry for link in reversed(journal.audit(Sought()))]

    assert [
        (What.EXAM_CANCELLED, ADMIN, "exam", E1, "the room is closed", {}),
        (
            What.EXAM_REOPENED,
            "eve@x.test",
            "exam",
            E1,
            "a mistake",
            {"cancelled_by": ADMIN, "reason": "the room is closed"},
        ),
    ] == [(e.what, e.actor, e.subject, e.subject_id, e.reason, dict(e.before)) for e in entries]
