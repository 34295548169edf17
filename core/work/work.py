"""Work: whatever is begun once and then carried to its end by one live process after another.

Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Work(StrEnum):
    """The kinds of work. Each has places of its own, so that none holds another up."""

    OPERATION = "operation"
    #: Of an operation that has ended, by its id.
    FOLLOW_UPS = "follow-ups"
    SWEEP = "sweep"
    REPAIR = "repair"
    #: The cancellation of an exam as one act, by its id.
    EXAM = "exam act"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of work that has not ended."""

    work: Work
    id: str
    #: Where it stands, in the words of its kind: a change wakes whoever waits to look again.
    state: str = ""

    @property
    def key(self) -> str:
        """Its name among the work of all kinds."""
        return key_of(self.work, self.id)


def key_of(work: Work, id_: str) -> str:
    """``sweep/<id>``; of an operation its bare id."""
    return id_ if work is Work.OPERATION else f"{work}/{id_}"


def parted(key: str) -> tuple[Work, str]:
    """The kind and the id of a key."""
    kind, slash, id_ = key.partition("/")
    return (Work(kind), id_) if slash else (Work.OPERATION, key)
