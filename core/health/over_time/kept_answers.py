"""Answers that are kept for as long as they are true."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, TypeVar

T = TypeVar("T")

#: The charts of a few people at once; an answer is as long as its chart.
ANSWERS_MAX = 64


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """The newest answer to each question, with the mark of what it was made of. For all threads."""

    most: int = ANSWERS_MAX
    _answers: OrderedDict[Hashable, tuple[Hashable, Any]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, question: Hashable, mark: Hashable, find: Callable[[], T]) -> T:
        """The kept answer if it bears this mark; else what ``find`` finds, from now on.

        ``mark``: changes whenever the answer may. It is read before the answer is found, so that
        what changes meanwhile is found the next time. Raises what ``find`` raises.
        """
        with self._lock:
            kept = self._answers.get(question)
        if kept is not None and kept[0] == mark:
            found: T = kept[1]
            return found
        found = find()
        with self._lock:
            self._answers[question] = (mark, found)
            self._answers.move_to_end(question)
            while len(self._answers) > self.most:
                self._answers.popitem(last=False)
        return found
