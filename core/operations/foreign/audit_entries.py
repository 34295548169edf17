"""What stands in the audit of changes by others that met ours. Pure."""

from __future__ import annotations

from datetime import datetime

from core.audit.entries import Entry, Subject, What
from core.credits.records import Kind
from core.credits.roles import Actor
from core.operations.foreign.changes import ForeignWrite
from core.operations.foreign.corrections import name_of

DESK = "credit desk"


def found(foreign: ForeignWrite, operation_id: str, at: datetime) -> Entry:
    """Who set what over which value; kept once, however often it is looked at."""
    return Entry(
        at=at,
        actor=DESK,
        what=What.CONFLICT,
        operation_id=operation_id,
        subject=_subject(foreign),
        subject_id=foreign.target_id,
        before={foreign.credit: _stood(foreign)},
        after={foreign.credit: foreign.theirs},
        detail={
            "conflict": foreign.conflict.value,
            "write": foreign.write_id,
            "read": foreign.read,
            "at": foreign.at.isoformat(),
            "source": f"{foreign.source} {foreign.source_id}".strip(),
            "user": foreign.user_id,
            "correction": foreign.correction,
        }
        | ({"evidence": foreign.evidence} if foreign.evidence else {}),
        once=f"conflict/{name_of(foreign)}",
    )


def decided(foreign: ForeignWrite, by: int, actor: Actor, why: str, *, operation_id: str,
            at: datetime) -> Entry:  # fmt: skip
    """What a person made of an unclear one."""
    return Entry(
        at=at,
        actor=actor.email,
        role=actor.role.value,
        what=What.JUDGED,
        operation_id=operation_id,
        subject=_subject(foreign),
        subject_id=foreign.target_id,
        reason=why,
        after={foreign.credit: f"{by:+d}"},
        detail={"write": foreign.write_id, "at": foreign.at.isoformat()},
    )


def _stood(foreign: ForeignWrite) -> int:
    return foreign.read if foreign.ours == foreign.theirs else foreign.ours


def _subject(foreign: ForeignWrite) -> str:
    return Subject.CONTACT if foreign.kind is Kind.CONTACT else Subject.EXAM
