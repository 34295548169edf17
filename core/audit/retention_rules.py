"""What the desk stops knowing of students after a while: names and e-mails, never ids or counts.

Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

#: In place of a name in the words of a selection.
SOMEBODY = "a student"
#: In place of a reason, where an operation is taken up again.
NOT_KEPT = "not kept any more"
#: Of an event's details, those that hold what people typed.
TYPED = frozenset({"reason", "why", "detail", "reason_for_students"})
#: Columns of a contact's row that tell who it is.
PERSONAL = frozenset({"student_id", "email", "firstname", "lastname", "ndecc_exam_date"})
_NAMED = re.compile(r"\bcontacts? .+", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """What one run did, or would do."""

    #: Only what is older.
    before: datetime
    #: The plans and operations whose bookings name nobody any more, oldest first.
    ids: tuple[str, ...] = ()
    #: Rows of plans and items of operations in them.
    rows: int = 0
    #: Sweeps and repairs of which only the counts are kept.
    sweeps: int = 0
    repairs: int = 0
    #: Reasons that the audit does not tell any more.
    reasons: int = 0


def unsaid(detail: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of an event, without what somebody typed."""
    return {name: value for name, value in detail.items() if name not in TYPED}


def impersonal(values: Mapping[str, Any]) -> dict[str, Any]:
    """A row's values without those that tell whose it is."""
    return {name: value for name, value in values.items() if name not in PERSONAL}


def nameless(selection: str, names: Iterable[str]) -> str:
    """How bookings were chosen, without the students that it names."""
    told = _NAMED.sub("students", selection)
    for name in sorted({name for name in names if name.strip()}, key=len, reverse=True):
        told = told.replace(name, SOMEBODY)
    return told
