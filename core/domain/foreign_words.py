"""How changes by others that met ours are put in words, the same on pages and command line."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from core.domain.corrections import name_of
from core.domain.foreign_writes import Conflict, ForeignWrite
from core.domain.records import ChangeName, Kind

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
    return source_words(foreign.source, foreign.user_id or foreign.source_id)


def source_words(source: str, who: str) -> str:
    """Where a change came from, as HubSpot names it, with who it was."""
    kind = SOURCES.get(source, source or "somebody")
    return f"{kind} ({who})" if who else kind
