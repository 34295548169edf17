"""Exams that are cancelled as one act, while processes die between and within its steps."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.credits.errors import GatewayError, Superseded
from core.credits.records import TOTAL_BOOKINGS, BookingStatus, ContactId, ExamId, Kind
from core.operations.verdicts import OperationKind
from core.students.exam_acts import ExamActState
from tests.fakes.crm import Fault, Request
from tests.simulation.seeds import Block, blocks
from tests.simulation.world import Crash
from tests.unit.services.desk import ADMIN, CS, TestDesk

HERE, THERE = ExamId("80"), ExamId("81")
FREE = "cs_credits"
CAPACITY = 10
#: Steps of the journal before or after which the process may die.
DEADLY = (
    "take_exam_act",
    "save_exam_act",
    "cancel_exam",
    "save_plan",
    "confirm_plan",
    "begin_run",
    "update_items",
    "settle",
    "end",
)
CRASH, FAULT = 0.08, 0.06
LOOKS_MAX = 3_000


class History:
    """One exam, a few students, and another exam with too few seats or enough."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.desk = desk = TestDesk()
        self.students = [f"10{n}" for n in range(self.rng.randint(1, 4))]
        self.left = self.rng.randint(0, 4)
        exam = {"mock_type": "Clinical Skills", "capacity": str(CAPACITY)}
        desk.crm.add_exam(HERE, len(self.students), exam_date="2026-06-01", **exam)
        desk.crm.add_exam(THERE, CAPACITY - self.left, exam_date="2026-06-08", **exam)
        for n, student in enumerate(self.students):
            desk.crm.add_contact(student, {FREE: 2}, student_id=f"S{n}")
            desk.crm.add_booking(
                f"50{n}", contact=student, exam=HERE, token=CS,
                booking_id=f"Clinical Skills-S{n}-June 1, 2026",
            )  # fmt: skip
        self.keeps = self.rng.random() < 0.4
        self.to = THERE if self.rng.random() < 0.8 else None
        self.crashes = 0

    def play(self) -> None:
        core = self.desk.core.whole_exam_cancellation
        act = core.ask(HERE, ADMIN, to=self.to, keeps=self.keeps, reason="the simulation")
        for name in DEADLY:
            setattr(self.desk.journal, name, self._deadly(getattr(self.desk.journal, name)))
        self.desk.crm.sending = self._sending
        for _ in range(LOOKS_MAX):
            self.desk.time += timedelta(milliseconds=1)
            tasks = self.desk.journal.unended(at=self.desk.time)
            if not tasks:
                break
            task = self.rng.choice(tasks)
            try:
                again = self.desk.core.carries[task.work](task.id)
            except (Crash, GatewayError, Superseded):
                again = None  # whoever takes it up next finds all in the journal
            if again is not None and self.rng.random() < 0.5:
                self.desk.time = max(self.desk.time, again)
        self.desk.crm.sending = lambda _: Fault.NONE
        self.holds(act.id)

    def holds(self, act_id: str) -> None:
        report = self.desk.core.whole_exam_cancellation.report(HERE, ADMIN)
        assert report is not None
        assert (act_id, ExamActState.DONE) == (report.act.id, report.act.state), report.act
        assert report.closed
        assert () == report.not_done
        moved = 0 if self.to is None else min(self.left, len(self.students))
        done = [part.done if part else 0 for part in (report.move, report.cancel)]
        assert [moved, len(self.students) - moved] == done
        kinds = [operation.kind for operation in self.desk.journal.operations()]
        assert len(kinds) == len(set(kinds)) <= 2, "each step has one operation"
        assert kinds.count(OperationKind.MOVE) == bool(moved)
        self._students(moved)
        seats = [self.desk.crm.balance(Kind.EXAM, id_, TOTAL_BOOKINGS) for id_ in (HERE, THERE)]
        assert [0, CAPACITY - self.left + moved] == seats

    def _students(self, moved: int) -> None:
        """Each has the seat there and the same credits, or no seat, and one credit more or kept."""
        there = 0
        for student in self.students:
            (booking,) = self.desk.crm.bookings_of(ContactId(student))
            goes = booking.status is BookingStatus.ACTIVE
            there += goes
            assert (THERE if goes else HERE,) == booking.exam_ids
            back = not goes and not self.keeps
            assert 2 + back == self.desk.held(student, FREE)
        assert moved == there

    def _deadly(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def dies(*args: Any, **kwargs: Any) -> Any:
            self._may_die()
            done = method(*args, **kwargs)
            self._may_die()
            return done

        return dies

    def _may_die(self) -> None:
        if self.rng.random() < CRASH:
            self.crashes += 1
            raise Crash

    def _sending(self, request: Request) -> Fault:
        if self.rng.random() >= FAULT:
            return Fault.NONE
        faults = [Fault.REQUEST_LOST, Fault.ANSWER_LOST] if request.changes else [Fault.NOT_SENT]
        return self.rng.choice(faults)


@pytest.mark.parametrize("block", blocks("exam act", range(60), fresh=40, block=50))
def test_each_step_is_made_once_whoever_dies_between_them(block: Block) -> None:
    crashes = 0

    def play(seed: int) -> None:
        nonlocal crashes
        history = History(seed)
        history.play()
        crashes += history.crashes

    block.play(play)

    assert crashes > len(block.seeds)
