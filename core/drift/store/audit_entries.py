"""What the audit says of checks and repairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from core.audit.entries import SUBJECTS, Entry, Subject, What
from core.drift.repairs import Repair, RepairRow
from core.drift.sweeps import READING, Sweep


def by_a_person(actor: str) -> bool:
    """And not by the schedule."""
    return "@" in actor


def swept(sweep: Sweep) -> list[Entry]:
    """Only if a person asked for it: the schedule asks every two hours."""
    if not by_a_person(sweep.asked_by):
        return []
    entry = Entry(
        at=sweep.started_at,
        actor=sweep.asked_by,
        what=What.SWEEP if sweep.mode in READING else What.COPY,
        subject=Subject.SWEEP,
        subject_id=sweep.id,
        detail={"mode": sweep.mode.value},
    )
    return [entry]


def repaired(repair: Repair, rows: Sequence[RepairRow]) -> Entry:
    """Which rows of the mirror are to be as the truth has them: one by its id, many counted."""
    causes = Counter(row.drift.cause.value for row in rows)
    one = {(SUBJECTS[row.drift.kind].value, row.drift.record_id) for row in rows}
    subject, subject_id = one.pop() if len(one) == 1 else (Subject.REPAIR.value, repair.id)
    return Entry(
        at=repair.asked_at,
        actor=repair.asked_by,
        what=What.REPAIR,
        subject=subject,
        subject_id=subject_id,
        reason=repair.reason,
        detail={"repair": repair.id, "records": len(rows), "causes": dict(causes)},
    )
