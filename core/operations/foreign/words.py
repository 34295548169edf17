"""How changes by others that met ours are put in words, the same on pages and command line.

Pure.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from core.credits.records import ChangeName, Kind
from core.operations.foreign.changes import Conflict, ForeignWrite
from core.operations.foreign.corrections import name_of

SOURCES = {
    "CRM_UI": "a person in HubSpot",
    "INTEGRATION": "an app",
    "API": "an app",
    "IMPORT": "an import",
    "AUTOMATION_PLATFORM": "a workflow",
    "MERGE_OBJECTS": "a merge",
}


class Remedy(StrEnum):
    """What puts a balance or a count right, or has."""

    CORRECTED = "corrected"
    OFFERED = "correction on offer"
    DECISION = "needs a decision"
    RECOUNT = "recount the exam"
    NONE = "nothing to correct"


@dataclass(frozen=True, slots=True)
class ForeignFinding:
    """A change by others with whose it is, as far as the journal knows, and what is to be done."""

    foreign: ForeignWrite
    remedy: Remedy
    #: "" where the name is not kept.
    student: str = ""


def remedy(foreign: ForeignWrite, taken: Collection[ChangeName]) -> Remedy:
    """``taken``: the names of the corrections that an operation makes, or has made."""
    if foreign.kind is Kind.EXAM:
        return Remedy.RECOUNT
    if foreign.undecided:
        return Remedy.DECISION
    if not foreign.correction:
        return Remedy.NONE
    return Remedy.CORRECTED if name_of(foreign) in taken else Remedy.OFFERED


def told(foreign: ForeignWrite) -> str:
    """What happened, with every value."""
    read, theirs, ours = foreign.read, foreign.theirs, foreign.ours
    match foreign.conflict:
        case Conflict.WRITTEN_OVER:
            return f"Changed {read} to {theirs} between our read and our write, which set {ours}"
        case Conflict.LOST:
            lost = foreign.correction
            verb = "is" if abs(lost) == 1 else "are"
            return (
                f"Set {theirs} over {ours}, counted from {read}: "
                f"{lost:+d} of this operation {verb} lost"
            )
        case Conflict.TWICE:
            return f"Our own request arrived again and set {theirs} over {ours}"
        case Conflict.UNCLEAR:
            return f"Set {theirs} over {ours}; {foreign.evidence}"


def by(foreign: ForeignWrite) -> str:
    """Who it was, as far as HubSpot tells."""
    return source_words(foreign)


class Changed(Protocol):
    """A change as HubSpot's history has it: of one property, or of several at once."""

    @property
    def source(self) -> str: ...
    @property
    def source_id(self) -> str: ...
    @property
    def user_id(self) -> str: ...


def source_words(change: Changed) -> str:
    """Where a change came from, with who it was: "a person in HubSpot (user 7)"."""
    kind = SOURCES.get(change.source, change.source or "somebody")
    who = f"user {change.user_id}" if change.user_id else change.source_id
    return f"{kind} ({who})" if who else kind
