"""Repairing: the truth copied over the mirror, and both read again as proof.

Nothing is written to HubSpot. Rows of records that HubSpot does not have are deleted, each only if
it is still the very version that was compared.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby

from core.audit.store.event_port import Event
from core.credits.errors import BadList, GatewayError
from core.credits.records import Kind
from core.credits.roles import Act, Actor
from core.credits.typed_reasons import reason_faults
from core.drift import audit_entries
from core.drift.causes import Cause
from core.drift.compare import Comparing
from core.drift.differences import Drift
from core.drift.past_sweeps import last_whole
from core.drift.repair_step import RepairStep
from core.drift.repairs import Repair, RepairRow, RepairState, RowState, digest_of
from core.drift.store.port import DriftStore
from core.drift.sweeps import Sweep
from core.mirror.rows import ID
from core.work.backoff import pause
from core.work.engine_port import Engine
from core.work.work import Work, key_of

log = logging.getLogger(__name__)

#: Who asks for what needs no person's word.
ITSELF = "credit desk"
#: Records in one step.
PAGE = 500
#: While copies are due.
LOOK_AGAIN = timedelta(seconds=0.5)
#: As many of the newest are looked through for what was mended since a sweep.
REPAIRS_MAX = 50
#: How long repairs are kept.
KEPT = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class RepairRunner:
    """The truth always wins."""

    comparing: Comparing
    mending: RepairStep
    journal: DriftStore
    engine: Engine
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    #: Whether what only older copies of other apps caused is mended without a person's word.
    older_copies: bool = True

    # what would be repaired

    def of_record(self, record_id: str, actor: Actor) -> list[Drift]:
        """The drift of this record as it is now, whatever kind has the id.

        Raises:
            NotAllowed: this person may not watch drift.
            BadList: neither store has such a record.
        """
        actor.require(Act.WATCH)
        found = [
            drift for kind in Kind for drift in self.comparing.compare(kind, [record_id]).drifts
        ]
        if not found and not any(self.comparing.knows(kind, record_id) for kind in Kind):
            raise BadList([f"neither HubSpot nor Supabase has a record {record_id}"])
        return found

    def of_cause(self, cause: Cause, actor: Actor) -> list[Drift]:
        """What the last complete sweep found for this cause, as far as it still drifts.

        Raises:
            NotAllowed: this person may not watch drift.
            BadList: no sweep was completed yet.
        """
        actor.require(Act.WATCH)
        return self._still(self.journal.drifts(self._last_sweep().id, causes=[cause]))

    def of_all(self, actor: Actor) -> list[Drift]:
        """The same of every cause.

        Raises:
            NotAllowed: this person may not watch drift.
            BadList: no sweep was completed yet.
        """
        actor.require(Act.WATCH)
        return self._still(self.journal.drifts(self._last_sweep().id))

    def _still(self, found: Sequence[Drift]) -> list[Drift]:
        merged = {
            each.record_id
            for each in found
            if each.cause is Cause.CONTACT_MERGED and ID not in each.columns
        }
        return [
            drift
            for kind, ids in _by_kind(found)
            for drift in self.comparing.compare(kind, ids, made_by_merge=merged).drifts
        ]

    def _last_sweep(self) -> Sweep:
        if (sweep := last_whole(self.journal)) is not None:
            return sweep
        raise BadList(["no sweep was completed yet: run python -m core sweep --full"])

    # the repair

    def confirm(self, drifts: Sequence[Drift], actor: Actor, reason: str = "") -> Repair:
        """Have exactly these repaired; at once, for the engine carries it.

        Confirming the same again while it runs is the same repair.

        Raises:
            NotAllowed: this person may not repair.
            BadList: there is nothing to repair, or the reason cannot be kept.
        """
        actor.require(Act.MEND_MIRROR)
        faults = [] if drifts else ["nothing was chosen to repair"]
        if faults := faults + reason_faults(reason):
            raise BadList(faults)
        return self._ask(drifts, actor.email, reason)

    def mend_unattended(self, sweep_id: str) -> list[Repair]:
        """Have mended what a sweep found and needs no admin's word. For sweeps.

        Rows of merged records: two rows of one student fail the student app's read of it, and
        HubSpot never undoes a merge. Older copies that another app wrote over newer ones: what
        HubSpot says is copied again. What failed for good before waits for a person.
        """
        why = {Cause.CONTACT_MERGED: "merged in HubSpot"}
        if self.older_copies:
            why[Cause.OLDER_COPY] = "older copies over newer ones"
        found = {cause: self.journal.drifts(sweep_id, causes=[cause]) for cause in why}
        return [
            self._ask(fresh, ITSELF, why[cause])
            for cause, drifts in found.items()
            if (fresh := self._fresh(drifts))
        ]

    def _fresh(self, drifts: Sequence[Drift]) -> list[Drift]:
        """Those whose copy did not fail before, and is not on its way."""
        waiting = {
            (kind, id_)
            for kind in Kind
            for id_ in self.journal.waiting(
                kind, [drift.record_id for drift in drifts if drift.kind is kind]
            )
        }
        return [each for each in drifts if (each.kind, each.record_id) not in waiting]

    def _ask(self, drifts: Sequence[Drift], by: str, reason: str) -> Repair:
        asked = Repair(
            id=self.new_id(),
            asked_by=by,
            reason=reason.strip(),
            asked_at=self.now(),
            digest=digest_of(drifts),
        )
        rows = [RepairRow(drift=drift, n=n) for n, drift in enumerate(drifts)]
        repair = self.journal.ask_repair(asked, rows)
        if repair.id == asked.id:
            causes = Counter(drift.cause.value for drift in drifts)
            self._tell(repair, "asked for a repair", {"causes": causes})
        self.engine.submit(key_of(Work.REPAIR, repair.id))
        return repair

    def carry_out(self, repair_id: str) -> datetime | None:
        """For the engine. None: ended. A time: look again then; its copies are on their way.

        Raises:
            Superseded: another process has it.
        """
        repair = self.journal.take_repair(repair_id)
        if repair.ended:
            return None
        repair = replace(repair, state=RepairState.RUNNING, next_try_at=None)
        try:
            waiting = self._carry(repair)
        except GatewayError as error:
            return self._pause(repair, error)
        if waiting:
            told = f"{waiting} copies are due{self.mending.down()}"
            self.journal.save_repair(replace(repair, waiting_for=told, failures=0))
            return self.now() + LOOK_AGAIN
        self._end(repair)
        return None

    def _carry(self, repair: Repair) -> int:
        """How many records are not settled, for their copies are due."""
        while rows := self._rows(repair, RowState.PENDING):
            self._save(repair, self.mending.mended(rows))
        copying = self.journal.repair_rows(repair.id, states=[RowState.COPYING])
        ready = self.mending.copied(copying)
        for start in range(0, len(ready), PAGE):
            self._save(repair, self.mending.mended(ready[start : start + PAGE]))
        return len(self.journal.repair_rows(repair.id, states=[RowState.COPYING]))

    def _save(self, repair: Repair, done: Sequence[RepairRow]) -> None:
        self.journal.save_repair(repair, done, audit_entries.mended(repair, done, self.now()))

    def _rows(self, repair: Repair, state: RowState) -> list[RepairRow]:
        return self.journal.repair_rows(repair.id, states=[state], limit=PAGE)

    def _pause(self, repair: Repair, error: GatewayError) -> datetime:
        again = self.now() + pause(error, repair.failures)
        log.warning("repair %s waits until %s: %s", repair.id, again, error)
        paused = replace(
            repair,
            state=RepairState.PAUSED,
            waiting_for=str(error),
            failures=repair.failures + 1,
            next_try_at=again,
        )
        self.journal.save_repair(paused)
        return again

    def _end(self, repair: Repair) -> None:
        at, counts = self.now(), self.journal.repair(repair.id).counts
        done = replace(repair, state=RepairState.DONE, waiting_for="", ended_at=at)
        self.journal.save_repair(done, entries=[audit_entries.ended(repair, counts, at)])
        outcome = {state.value: number for state, number in counts.items()}
        self._tell(repair, "repaired the mirror", {"records": outcome})
        self.journal.forget_repairs(before=self.now() - KEPT)

    def _tell(self, repair: Repair, what: str, detail: dict[str, object]) -> None:
        detail = {"repair": repair.id, **detail}
        event = Event(at=self.now(), actor=repair.asked_by, what=what, detail=detail)
        self.journal.record(event)


def _by_kind(drifts: Sequence[Drift]) -> Iterator[tuple[Kind, list[str]]]:
    """At most a page of ids each."""
    order = list(Kind)
    ranked = sorted(drifts, key=lambda drift: order.index(drift.kind))
    for kind, group in groupby(ranked, key=lambda drift: drift.kind):
        ids = [drift.record_id for drift in group]
        for start in range(0, len(ids), PAGE):
            yield kind, ids[start : start + PAGE]


def repaired_of(journal: DriftStore, sweep: Sweep | None) -> int:
    """How many of its drifting records a repair has proved equal since, each counted once."""
    if sweep is None or not sweep.drifting:
        return 0
    mended = repaired_since(journal, sweep)
    if not mended:
        return 0
    return sum((d.kind, d.record_id) in mended for d in journal.drifts(sweep.id))


def repaired_since(journal: DriftStore, sweep: Sweep) -> set[tuple[Kind, str]]:
    """Records that a repair, asked for after this sweep had ended, has proved equal."""
    later = (r for r in journal.repairs(limit=REPAIRS_MAX) if r.asked_at >= sweep.saved_at)
    return {
        (row.drift.kind, row.drift.record_id)
        for repair in later
        if repair.counts.get(RowState.REPAIRED)
        for row in journal.repair_rows(repair.id, states=[RowState.REPAIRED])
    }
