"""The mirror asked for people and exams: what is sent, and what the answers mean."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from core.credits.errors import OutcomeUnknown
from core.credits.likeness import inner_grams, telling_grams
from core.credits.records import Kind
from core.credits.sessions import Counts
from core.mirror.found_by import FoundBy
from core.mirror.names import MirrorNames
from core.mirror.port import Candidate, MirrorRow
from core.mirror.rows import ID

FIND, SESSIONS = "credit_desk_find", "credit_desk_sessions"
UNREFUNDED = "credit_desk_unrefunded"
_FOUND_BY = {
    "id": FoundBy.ID,
    "student_id": FoundBy.STUDENT_ID,
    "email": FoundBy.EMAIL,
    "booking": FoundBy.BOOKING,
    "words": FoundBy.NAME,
    "like": FoundBy.LIKE,
}


def find_params(text: str, limit: int) -> dict[str, Any]:
    """For ``credit_desk_find``."""
    return {
        "asked": text,
        "must": sorted(inner_grams(text)),
        "alike": sorted(telling_grams(text)),
        "most": limit,
    }


def ids(answer: Any) -> list[str]:
    """The ids that a function answered."""
    return [str(row[ID]) for row in _rows(answer)]


def candidates(answer: Any, names: MirrorNames) -> list[Candidate]:
    """Each contact once, by the first that it was found by.

    Raises:
        OutcomeUnknown: the answer is none that we know.
    """
    once: dict[str, Candidate] = {}
    for row in _rows(answer):
        if row.get("found_by") not in _FOUND_BY or not isinstance(row.get("contact"), dict):
            raise OutcomeUnknown("Supabase's answer to a search is not as supabase/migrations say")
        found = Candidate(
            row=names.read(Kind.CONTACT, row["contact"]),
            by=_FOUND_BY[row["found_by"]],
            booking=row.get("booking") or "",
        )
        once.setdefault(str(found.row["hubspot_id"]), found)
    return list(once.values())


def sessions_params(
    since: date | None, until: date | None, tokens: Collection[str], limit: int
) -> dict[str, Any]:
    """For ``credit_desk_sessions``."""
    return {
        "since": since.isoformat() if since else None,
        "until": until.isoformat() if until else None,
        "tokens": sorted(token.lower() for token in tokens),
        "most": limit,
    }


def sessions(answer: Any, names: MirrorNames) -> list[tuple[MirrorRow, Counts]]:
    """Exams with their counts, in the order given."""
    counts = ("active", "completed", "cancelled", "owed")
    return [
        (names.read(Kind.EXAM, row["exam"]), Counts(**{name: row[name] for name in counts}))
        for row in _rows(answer)
    ]


def _rows(answer: Any) -> list[dict[str, Any]]:
    if not isinstance(answer, list):
        raise OutcomeUnknown("Supabase's answer is not a list of rows")
    return answer
