"""The store as pages read it: what they ask at each click is answered once between two commits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

from core.app.journal import Journal
from core.work.kept_answers import KeptAnswers

#: What pages are drawn of, and nobody is let in by, and no act is decided by.
KEPT = frozenset(
    {
        "audit",
        "audit_head",
        "drift_counts",
        "drift_page",
        "events_called",
        "following_up",
        "gaps",
        "levels",
        "marks_of",
        "measured_at",
        "moved_since",
        "needs_eyes",
        "operations",
        "outbox",
        "outbox_rows",
        "outgoing",
        "refunds_landed",
        "repair_rows",
        "repairs",
        "role_requests",
        "saved_filters",
        "sweep",
        "sweeps",
        "warnings_of",
        "workers",
        "written_over",
    }
)
#: Some questions name the time, and are asked once: they must not drive out the others.
KEPT_MAX = 500


@dataclass(frozen=True, slots=True)
class KeptReads:
    """Everything else is the store's own. For all threads."""

    store: Journal
    _kept: KeptAnswers = field(default_factory=partial(KeptAnswers, KEPT_MAX))

    def __getattr__(self, name: str) -> Any:
        """A method of the store."""
        plain = getattr(self.store, name)
        return partial(self._asked, name, plain) if name in KEPT else plain

    def _asked(self, name: str, plain: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        mark = self.store.commits()
        if mark is None:
            return plain(*args, **kwargs)
        question = (name, *map(_fixed, args), *((k, _fixed(v)) for k, v in sorted(kwargs.items())))
        answer = self._kept.ask(question, mark, lambda: plain(*args, **kwargs))
        return type(answer)(answer) if isinstance(answer, list | dict) else answer


def kept_reads(store: Journal) -> Journal:
    """The store for services that read for pages."""
    return cast("Journal", KeptReads(store))


def _fixed(value: Any) -> Any:
    """What a question is told apart by."""
    if isinstance(value, set | frozenset):
        return frozenset(value)
    return tuple(value) if isinstance(value, list | tuple) else value
