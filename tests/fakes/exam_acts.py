"""The acts by which exams are cancelled, in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from core.credits.errors import Superseded, UnknownId
from core.credits.records import ExamId
from core.students.exam_acts import ExamAct
from core.students.store import exam_acts


class MemoryExamActs:
    _lock: threading.RLock
    _exam_acts: dict[str, ExamAct]
    record: Callable[..., Any]

    def ask_exam_act(self, act: ExamAct) -> ExamAct:
        with self._lock:
            for held in self._exam_acts.values():
                if held.id == act.id or (held.exam_id == act.exam_id and not held.ended):
                    return held
            self._exam_acts[act.id] = act
            self.record(exam_acts.exam_act_asked(act))
            return act

    def exam_act(self, act_id: str) -> ExamAct:
        with self._lock:
            if act_id not in self._exam_acts:
                raise UnknownId(f"there is no exam act {act_id}")
            return self._exam_acts[act_id]

    def last_exam_act(self, exam_id: ExamId) -> ExamAct | None:
        with self._lock:
            found = [act for act in self._exam_acts.values() if act.exam_id == exam_id]
        return max(sorted(found, key=lambda a: a.id), key=lambda a: a.asked_at, default=None)

    def take_exam_act(self, act_id: str) -> ExamAct:
        with self._lock:
            held = self.exam_act(act_id)
            taken = self._exam_acts[act_id] = replace(held, epoch=held.epoch + 1)
            return taken

    def save_exam_act(self, act: ExamAct) -> None:
        with self._lock:
            held = self._exam_acts.get(act.id, act)
            if held.epoch != act.epoch:
                raise Superseded(act.id, act.epoch, now=held.epoch, work="exam act")
            self._exam_acts[act.id] = act
            if act.ended:
                self.record(exam_acts.exam_act_ended(act))
