"""Some records of a repair, judged by a fresh read of both stores and put right."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from core.credits.records import Kind
from core.drift.causes import Cause, Remedy
from core.drift.compare import Compared, Comparing
from core.drift.copying.read_once import ReadOnce
from core.drift.repairs import RepairRow, RowState
from core.drift.store.port import DriftStore
from core.mirror.copier import MirrorCopier
from core.mirror.port import Copied, Deleted, Mirror
from core.mirror.rows import ID
from core.mirror.store.outbox_port import Due

ORDER = list(Kind)
#: Why a record counts as repaired.
COPIED = "copied"
EQUAL = "equal when it was read again"


@dataclass(frozen=True, slots=True)
class RepairStep:
    """One step of a repair. Repeating one is harmless."""

    comparing: Comparing
    mirroring: MirrorCopier
    mirror: Mirror
    journal: DriftStore

    @property
    def read_once(self) -> ReadOnce:
        """What copies and proves many records with one read of HubSpot."""
        return ReadOnce(self.comparing, self.mirroring, self.mirror, self.journal)

    def mended(self, rows: Sequence[RepairRow]) -> list[RepairRow]:
        """These as they stand now: settled, or with their copies due.

        Raises:
            GatewayError: one of the stores cannot be read.
        """
        return [done for kind, group in _by_kind(rows) for done in self._of_kind(kind, group)]

    def copied(self, rows: Sequence[RepairRow]) -> list[RepairRow]:
        """Those whose copies were made, or given up."""
        found: list[RepairRow] = []
        for kind, group in _by_kind(rows):
            waiting = self._waiting(kind, [row.drift.record_id for row in group])
            found += [row for row in group if row.drift.record_id not in waiting]
        return found

    def down(self) -> str:
        """Why copies wait, to be read on; "" when they do not."""
        outage = self.mirroring.outage.down
        return f"; Supabase does not take them: {outage.why}" if outage else ""

    def _waiting(self, kind: Kind, ids: Sequence[str]) -> set[str]:
        found = self.journal.waiting(kind, ids)
        return {id_ for id_, due in found.items() if not due.dead}

    def _of_kind(self, kind: Kind, rows: Sequence[RepairRow]) -> list[RepairRow]:
        """What can be copied is, in one read; the others are looked at anew from both."""
        copyable = [row for row in rows if row.state is RowState.PENDING and _is_copyable(row)]
        ids = [row.drift.record_id for row in copyable]
        done = self.read_once.copied(kind, ids) if ids else {}
        settled = [
            _copied(row, done[row.drift.record_id])
            for row in copyable
            if row.drift.record_id in done
        ]
        rest = [row for row in rows if row.drift.record_id not in done]
        return settled + (self._looked_at(kind, rest) if rest else [])

    def _looked_at(self, kind: Kind, rows: Sequence[RepairRow]) -> list[RepairRow]:
        made = self.comparing.compare(kind, [row.drift.record_id for row in rows])
        gone = self._to_delete(kind, made)
        refused: dict[str, str] = {}
        if gone:
            answers = self.mirror.delete(kind, [made.held[id_] for id_ in gone])
            refused = {i: a.reason for i, a in answers.items() if a.deleted is Deleted.REFUSED}
            made = _proven(made, self.comparing.compare(kind, gone), gone)
        judged = [_judged(row, made, gone, refused) for row in rows]
        ids = [row.drift.record_id for row in judged if row.state is RowState.COPYING]
        self._let_overwrite(kind, made, ids)
        if put := [id_ for id_ in ids if id_ not in made.due]:
            self.mirroring.put([Due(kind=kind, record_id=id_, row=None) for id_ in put])
        return judged

    def _let_overwrite(self, kind: Kind, made: Compared, ids: Sequence[str]) -> None:
        """Rows that claim a later version than HubSpot has would keep themselves for ever.

        Whatever is copied after this was read from HubSpot after it, so that nothing is lost.
        """
        to = {id_: time for id_ in ids if (time := made.ahead.get(id_))}
        if to:
            self.mirror.backdate(kind, [made.held[id_] for id_ in to], to)

    def _to_delete(self, kind: Kind, made: Compared) -> list[str]:
        """Of a merge, the old row goes when the mirror has the new one."""
        merged = {
            drift.record_id: str(drift.truth[ID])
            for drift in made.drifts
            if drift.remedy is Remedy.REPLACE
        }
        there = self.mirror.rows(kind, sorted(set(merged.values()))) if merged else {}
        return [
            drift.record_id
            for drift in made.drifts
            if drift.record_id in made.held
            and (
                drift.remedy is Remedy.DELETE
                or (drift.record_id in merged and merged[drift.record_id] in there)
            )
        ]


def _is_copyable(row: RepairRow) -> bool:
    """Of one that a person must mend, what can be read is copied all the same.

    What was merged is not: rows of the old ids go first, or a student has two.
    """
    if row.drift.cause is Cause.CONTACT_MERGED:
        return False
    return row.drift.remedy in {Remedy.COPY, Remedy.PERSON}


def _copied(row: RepairRow, copied: Copied) -> RepairRow:
    why = COPIED if copied is Copied.WRITTEN else EQUAL
    return replace(row, state=RowState.REPAIRED, why=why, truth_now={}, mirror_now={})


def _proven(made: Compared, proof: Compared, gone: Collection[str]) -> Compared:
    """What was compared, and of the deleted what was read after, whatever the mirror answered."""
    kept = tuple(drift for drift in made.drifts if drift.record_id not in gone)
    return replace(
        made,
        drifts=(*kept, *proof.drifts),
        left_alone=(*made.left_alone, *proof.left_alone),
        due=made.due | proof.due,
    )


def _judged(
    row: RepairRow, made: Compared, gone: Collection[str], refused: Mapping[str, str]
) -> RepairRow:
    """What becomes of one of these records. ``refused``: why Supabase keeps its row."""
    id_ = row.drift.record_id
    if id_ in made.due:
        return replace(row, state=RowState.COPYING)
    if id_ in made.left_alone:
        why = "Credit Desk is writing it just now; the next check looks at it again"
        return replace(row, state=RowState.LEFT_ALONE, why=why)
    drift = next((drift for drift in made.drifts if drift.record_id == id_), None)
    if drift is None:
        why = COPIED if row.state is RowState.COPYING else EQUAL
        why = "its row was deleted" if id_ in gone else why
        return replace(row, state=RowState.REPAIRED, why=why, truth_now={}, mirror_now={})
    told = f"{drift.cause}: {drift.evidence}"
    seen = replace(row, why=told, truth_now=drift.truth, mirror_now=drift.mirror)
    if id_ in refused:
        why = f"{told}; Supabase does not let its row be deleted: {refused[id_]}"
        return replace(seen, state=RowState.STILL_DIFFERS, why=why)
    if drift.remedy is Remedy.PERSON:
        return replace(seen, state=RowState.NOT_REPAIRABLE)
    if row.state is RowState.PENDING and drift.remedy in {Remedy.COPY, Remedy.REPLACE}:
        return replace(row, state=RowState.COPYING)
    return replace(seen, state=RowState.STILL_DIFFERS)


def _by_kind(rows: Sequence[RepairRow]) -> Iterator[tuple[Kind, list[RepairRow]]]:
    """Contacts first."""
    ranked = sorted(rows, key=lambda row: ORDER.index(row.drift.kind))
    for kind, group in groupby(ranked, key=lambda row: row.drift.kind):
        yield kind, list(group)
