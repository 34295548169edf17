"""What stands in the audit of a repair: each record that it put right, and how it ended. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from core.audit.entries import SUBJECTS, Entry, Subject, What
from core.drift.repairs import Repair, RepairRow, RowState

#: Columns whose values are told beside the counters. Of all others, names and e-mails among them,
#: the audit says only that they differed.
TOLD = frozenset({"is_active", "token_used", "token_refunded"})


def mended(repair: Repair, rows: Iterable[RepairRow], at: datetime) -> list[Entry]:
    """Those that both sides hold alike now, with the difference that was confirmed."""
    return [_mended(repair, row, at) for row in rows if row.state is RowState.REPAIRED]


def _mended(repair: Repair, row: RepairRow, at: datetime) -> Entry:
    drift = row.drift
    return Entry(
        at=at,
        actor=repair.asked_by,
        what=What.REPAIRED,
        subject=SUBJECTS[drift.kind],
        subject_id=drift.record_id,
        reason=repair.reason,
        before=_told(drift.mirror),
        after=_told(drift.truth),
        detail={
            "repair": repair.id,
            "cause": drift.cause.value,
            "columns": list(drift.columns),
            "outcome": row.why,
        },
    )


def _told(values: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in values.items() if name in TOLD or type(value) is int}


def ended(repair: Repair, counts: Mapping[RowState, int], at: datetime) -> Entry:
    """How many records stand where."""
    return Entry(
        at=at,
        actor=repair.asked_by,
        what=What.REPAIR_ENDED,
        subject=Subject.REPAIR,
        subject_id=repair.id,
        reason=repair.reason,
        detail={"records": {state.value: number for state, number in counts.items()}},
    )
