"""Writing: carry movements into HubSpot exactly once (design, section 6, steps 3, 5 to 7, 10).

The same protocol serves contacts and exams: lease, read, save the intent, send, settle.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.records import Counted, Kind, WriteId
from core.domain.writes import Movement, Write, WriteRefused, plan_balances
from core.gateways.ports import Crm, Journal, Run
from core.services.batches import batches
from core.services.settling import Consequences, Ending, Result, Settling

#: Longer than a write can take from its intent to its answer. Past it the open write still bars
#: others, so an expired lease can never let two writes of one record race.
LEASE = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class Writing:
    """One write for each record, saved before it is sent. Reads raise ``GatewayError``."""

    crm: Crm
    journal: Journal
    settling: Settling
    now: Callable[[], datetime]
    new_id: Callable[[], str]

    def write(
        self,
        run: Run,
        kind: Kind,
        wanted: Mapping[str, Sequence[Movement]],
        then: Consequences,
    ) -> dict[str, Result]:
        """One write for each record with all its movements; the result by the id asked for."""
        results = {id_: Result(Ending.BUSY, "another operation is writing it") for id_ in wanted}
        held = self._hold(run, kind, wanted)
        read = self.crm.counted(kind, held) if held else {}
        gone = [id_ for id_ in held if read[id_] is None]
        results |= {id_: Result(Ending.REFUSED, f"{id_} is gone from HubSpot") for id_ in gone}
        asked = {id_: target for id_, target in read.items() if target is not None}
        # a merge made one record of two: lease the survivor too, and write it once
        survivors = {target.id for target in asked.values()} - held
        held_survivors = self._hold(run, kind, survivors) | held
        by_survivor: dict[str, list[str]] = {}
        for id_, target in asked.items():
            if target.id in held_survivors:
                by_survivor.setdefault(target.id, []).append(id_)
        writes, refused = self._intents(run, kind, by_survivor, asked, wanted)
        results |= refused
        targets = {target.id: target for target in asked.values()}
        endings = self.settling.send(run, writes, targets, then)
        for write in writes:
            for id_ in by_survivor[write.target_id]:
                results[id_] = endings[write.id]
        self.journal.release_leases(run, kind, held_survivors)
        return results

    def _hold(self, run: Run, kind: Kind, ids: Collection[str]) -> set[str]:
        """Lease what is free, less the records that have an open write, ours included."""
        if not ids:
            return set()
        now = self.now()
        got = {
            id_
            for some in batches(sorted(ids))
            for id_ in self.journal.lease(run, kind, some, now=now, until=now + LEASE)
        }
        open_writes = self.journal.open_writes(kind=kind, ids=got) if got else []
        barred = {write.target_id for write in open_writes}
        self.journal.release_leases(run, kind, barred)
        return got - barred

    def _intents(
        self,
        run: Run,
        kind: Kind,
        by_survivor: Mapping[str, Sequence[str]],
        asked: Mapping[str, Counted],
        wanted: Mapping[str, Sequence[Movement]],
    ) -> tuple[list[Write], dict[str, Result]]:
        writes: list[Write] = []
        refused: dict[str, Result] = {}
        for survivor, ids in by_survivor.items():
            target = asked[ids[0]]
            movements = tuple(movement for id_ in ids for movement in wanted[id_])
            try:
                before, after = plan_balances(target, movements)
            except WriteRefused as error:
                refused |= {id_: Result(Ending.REFUSED, str(error)) for id_ in ids}
                continue
            writes.append(
                Write(
                    id=WriteId(self.new_id()),
                    operation_id=run.operation_id,
                    kind=kind,
                    target_id=survivor,
                    movements=movements,
                    before=before,
                    after=after,
                    marker_before=target.marker,
                    sent_at=self.now(),
                )
            )
        for some in batches(writes):
            self.journal.save_intents(run, some)
        return writes, refused
