"""Answers that are kept for as long as they are true."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

Q = TypeVar("Q", bound=Hashable)
T = TypeVar("T")

#: The charts of a few people at once; an answer is as long as its chart.
ANSWERS_MAX = 64


@dataclass(frozen=True, slots=True)
class KeptAnswers:
    """The newest answer to each question, with the mark of what it was made of. For all threads."""

    most: int = ANSWERS_MAX
    _answers: OrderedDict[Hashable, tuple[Hashable, Any]] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, question: Q, mark: Hashable, find: Callable[[], T]) -> T:
        """The kept answer if it bears this mark; else what ``find`` finds, from now on.

        ``mark``: changes whenever the answer may. It is read before the answer is found, so that
        what changes meanwhile is found the next time. Raises what ``find`` raises.
        """
        return self.ask_each({question: mark}, lambda _: {question: find()})[question]

    def ask_each(
        self, marks: Mapping[Q, Hashable], find: Callable[[Collection[Q]], Mapping[Q, T]]
    ) -> dict[Q, T]:
        """The same of many questions, each with its mark: the rest are found at once."""
        with self._lock:
            kept = {each: self._answers[each] for each in marks if each in self._answers}
        known = {each: found for each, (mark, found) in kept.items() if mark == marks[each]}
        rest = [each for each in marks if each not in known]
        new = find(rest) if rest else {}
        with self._lock:
            for each, found in new.items():
                self._answers[each] = (marks[each], found)
                self._answers.move_to_end(each)
            while len(self._answers) > self.most:
                self._answers.popitem(last=False)
        return known | dict(new)
