"""Writing: carry movements into HubSpot exactly once (design, section 6, steps 3, 5 to 7, 10).

The same protocol serves contacts and exams: lease, read, save the intent, send, settle.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from core.credits.errors import GatewayError, StateConflict
from core.credits.records import Counted, Kind, WriteId
from core.credits.writes import Movement, Run, Write, WriteRefused, plan_balances
from core.hubspot.ports.crm import Crm
from core.mirror.store.outbox_port import Due
from core.operations.desks.rules import write_id
from core.operations.leftovers import About, Warned
from core.operations.protocol.barred import raise_if_barred
from core.operations.protocol.batches import at_once, batches
from core.operations.protocol.known_writes import KnownWrites
from core.operations.protocol.leases import LEASE, barred_by_former
from core.operations.protocol.settle import Consequences, Ending, Result, Settling
from core.operations.protocol.starts import NOT_BEGUN, Starts
from core.operations.states import OperationState
from core.operations.store.port import OperationStore

#: For so long what was read counts. A slower HubSpot costs another look, and no wrong write.
GOOD_FOR = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Hand:
    """One call of ``Writing.write``: of an operation's threads, each leases for itself."""

    run: Run
    kind: Kind
    holder: str


class LastLook(Protocol):
    """What is looked at once more in the moment of the balance read."""

    def read(self, contacts: Collection[str]) -> None:
        """Whatever bears on writing these records. Raises ``GatewayError``."""
        ...

    def allowed(
        self, targets: Mapping[str, Counted], wanted: Mapping[str, Sequence[Movement]]
    ) -> Mapping[str, Sequence[Movement]]:
        """The movements that may be written, by the id asked for. Raises ``GatewayError``."""
        ...


@dataclass(frozen=True, slots=True)
class Writing:
    """One write for each record, saved before it is sent. Reads raise ``GatewayError``."""

    crm: Crm
    journal: OperationStore
    settling: Settling
    starts: Starts
    now: Callable[[], datetime]
    new_id: Callable[[], str]
    #: The name of this desk, for the ids of its writes.
    desk: Callable[[], str]
    #: Why this desk may write nothing; empty: it may.
    barred: Callable[[], str]

    def write(
        self,
        run: Run,
        kind: Kind,
        wanted: Mapping[str, Sequence[Movement]],
        then: Consequences,
        *,
        begins: bool = False,
        last_look: LastLook | None = None,
    ) -> dict[str, Result]:
        """One write for each record with all its movements; the result by the id asked for.

        ``begins``: nothing was changed for their bookings before, so a stop still bars them.

        Raises:
            GatewayError: the records could not be read; or HubSpot refuses the token (``Barred``),
                and all that is known of these writes is saved.
        """
        results = {id_: Result(Ending.BUSY, "another operation is writing it") for id_ in wanted}
        hand = Hand(run, kind, self.new_id())
        held = self._hold(hand, wanted)
        asked_at = self.now()
        read = self._read(hand, held, last_look=last_look)
        gone = [id_ for id_ in held if read[id_] is None]
        results |= {id_: Result(Ending.REFUSED, f"{id_} is gone from HubSpot") for id_ in gone}
        asked = {id_: target for id_, target in read.items() if target is not None}
        survivors = self._survivors(hand, asked, held)
        targets = {i: t for i, t in asked.items() if t.id == i and not t.former_ids} | survivors
        by_survivor: dict[str, list[str]] = {}
        for id_, target in asked.items():
            if target.id in targets:
                by_survivor.setdefault(target.id, []).append(id_)
        strange = self._strange(hand, targets.values(), held | survivors.keys())
        if last_look is not None:
            may = targets.keys() - strange.keys()
            fresh = {id_: targets[t.id] for id_, t in asked.items() if t.id in may}
            wanted = self._allowed(hand, last_look, fresh, wanted, {*held, *survivors})
        if self.now() - asked_at > GOOD_FOR:
            by_survivor = {}  # looked at again: too much may have happened since it was read
        writes, refused = self._planned(hand, by_survivor, targets, wanted, strange)
        results |= refused
        self._tell_of_merges(hand, {i: t.id for i, t in asked.items() if t.id != i})
        send = partial(self._save_and_send, hand, targets, then, begins)
        endings = {id_: result for part in at_once(send, writes) for id_, result in part.items()}
        for write in writes:
            if write.id in endings:
                results |= dict.fromkeys(by_survivor[write.target_id], endings[write.id])
        self.journal.release_leases(run, kind, held | survivors.keys(), holder=hand.holder)
        raise_if_barred(results.values())
        return results

    def strangers(self, run: Run, kind: Kind, read: Iterable[Counted]) -> dict[str, str]:
        """Why some of these must not be written, by id; the operation is stopped if any.

        Raises ``GatewayError``.
        """
        records = list(read)
        if why := self.barred():
            found = {record.id: why for record in records}
        else:
            strangers = KnownWrites(self.crm, self.journal).strangers(kind, records)
            found = {id_: each.told(self.desk()) for id_, each in strangers.items()}
        if found:
            self._stop(run, next(iter(found.values())))
        return found

    def _stop(self, run: Run, why: str) -> None:
        """Nothing more is begun until a person has looked; what was begun comes to its end."""
        self.journal.still_ours(run)
        at, to = self.now(), OperationState.STOPPING
        with suppress(StateConflict):  # it stops or has ended already
            self.journal.move(run.operation_id, to, at=at, actor="credit desk", detail=why)

    def _tell_of_merges(self, hand: Hand, merged: Mapping[str, str]) -> None:
        """The rows of the old ids must go from Supabase; of balances, HubSpot kept one record's."""
        if not merged:
            return
        at = self.now()
        self.journal.put_due([Due(kind=hand.kind, record_id=i, row=None) for i in merged], at=at)
        if hand.kind is Kind.CONTACT:
            told = [_merged(old, new) for old, new in sorted(merged.items())]
            self.journal.warn(hand.run, told, at=at)

    def _hold(self, hand: Hand, ids: Collection[str]) -> set[str]:
        """Lease what is free, less the records that have an open write, ours included."""
        if not ids:
            return set()
        run, kind, holder = hand.run, hand.kind, hand.holder
        now = self.now()
        until = now + LEASE
        got = {
            id_
            for some in batches(sorted(ids))
            for id_ in self.journal.lease(run, kind, some, now=now, until=until, holder=holder)
        }
        open_writes = self.journal.open_writes(kind=kind, ids=got) if got else []
        barred = {write.target_id for write in open_writes}
        self.journal.release_leases(run, kind, barred, holder=holder)
        return got - barred

    def _read(
        self,
        hand: Hand,
        ids: Collection[str],
        also_held: Collection[str] = (),
        last_look: LastLook | None = None,
    ) -> Mapping[str, Counted | None]:
        """As HubSpot states them now. When it does not, all that is held is free for others."""
        try:
            return self._read_all(hand.kind, ids, last_look) if ids else {}
        except GatewayError:
            held = {*ids, *also_held}
            self.journal.release_leases(hand.run, hand.kind, held, holder=hand.holder)
            raise

    def _strange(
        self, hand: Hand, read: Iterable[Counted], held: Collection[str]
    ) -> Mapping[str, str]:
        """As ``strangers``. When HubSpot does not answer, all that is held is free for others."""
        try:
            return self.strangers(hand.run, hand.kind, read)
        except GatewayError:
            self.journal.release_leases(hand.run, hand.kind, held, holder=hand.holder)
            raise

    def _read_all(
        self, kind: Kind, ids: Collection[str], last_look: LastLook | None
    ) -> Mapping[str, Counted | None]:
        """What bears on writing these records, then the records: nearest to their write."""
        if last_look is not None:
            last_look.read(ids)
        return self.crm.counted(kind, ids)

    def _allowed(
        self,
        hand: Hand,
        last_look: LastLook,
        fresh: Mapping[str, Counted],
        wanted: Mapping[str, Sequence[Movement]],
        held: Collection[str],
    ) -> Mapping[str, Sequence[Movement]]:
        """What is wanted, of the fresh ones what may go out. What is strange is not judged."""
        try:
            return {**wanted, **last_look.allowed(fresh, wanted)}
        except GatewayError:
            self.journal.release_leases(hand.run, hand.kind, held, holder=hand.holder)
            raise

    def _survivors(
        self, hand: Hand, asked: Mapping[str, Counted], before: set[str]
    ) -> dict[str, Counted]:
        """What merges made of several: leased like the others, and only then read to be written.

        Whoever read one of them under a former id has lost its lease from then on, and so can save
        no intent; a write of it that is open bars this one. One that was merged on since is left
        for the next look.
        """
        merged = {t.id: t for id_, t in asked.items() if t.id != id_ or t.former_ids}
        if not merged:
            return {}
        held = self._hold(hand, merged.keys() - before) | (merged.keys() & before)
        barred = barred_by_former(
            self.journal,
            hand.run,
            hand.kind,
            {id_: merged[id_].former_ids for id_ in held},
            but=before,
            now=self.now(),
            holder=hand.holder,
        )
        if barred:
            self.journal.release_leases(hand.run, hand.kind, barred - before, holder=hand.holder)
        read = self._read(hand, held - barred, before | held)
        return {id_: t for id_, t in read.items() if t is not None and t.id == id_}

    def _save_and_send(
        self,
        hand: Hand,
        targets: Mapping[str, Counted],
        then: Consequences,
        begins: bool,
        writes: Sequence[Write],
    ) -> dict[WriteId, Result]:
        """Those saved. One whose lease was lost since the read is not, and stays busy."""
        with self.starts.turn(hand.run) if begins else nullcontext(True) as may:
            if not may:
                return dict.fromkeys((w.id for w in writes), Result(Ending.NOT_SENT, NOT_BEGUN))
            fresh = [replace(write, sent_at=self.now()) for write in writes]
            saved = self.journal.save_intents(hand.run, fresh, holder=hand.holder)
            todo = [write for write in fresh if write.id in saved]
            return self.settling.send(hand.run, todo, targets, then)

    def _planned(
        self,
        hand: Hand,
        by_survivor: Mapping[str, Sequence[str]],
        targets: Mapping[str, Counted],
        wanted: Mapping[str, Sequence[Movement]],
        strange: Mapping[str, str],
    ) -> tuple[list[Write], dict[str, Result]]:
        """A write for each record, and why there is none. ``strange``: what must not be written."""
        writes: list[Write] = []
        refused: dict[str, Result] = {}
        desk = self.desk()
        for survivor, ids in by_survivor.items():
            target = targets[survivor]
            if survivor in strange:
                refused |= {id_: Result(Ending.REFUSED, strange[survivor]) for id_ in ids}
                continue
            movements = tuple(movement for id_ in ids for movement in wanted[id_])
            if not movements:
                continue
            try:
                before, after = plan_balances(target, movements)
            except WriteRefused as error:
                refused |= {id_: Result(Ending.REFUSED, str(error)) for id_ in ids}
                continue
            writes.append(
                Write(
                    id=WriteId(write_id(desk, self.new_id())),
                    operation_id=hand.run.operation_id,
                    kind=hand.kind,
                    target_id=survivor,
                    movements=movements,
                    before=before,
                    after=after,
                    marker_before=target.marker,
                    sent_at=self.now(),
                )
            )
        return writes, refused


def _merged(old: str, new: str) -> Warned:
    kept = f"HubSpot kept the balances of one of the two records in {new}"
    told = (
        f"student {old} was merged into {new} in HubSpot: {kept}; the other's went with the merge"
    )
    return Warned(about=About.MERGED, record=old, told=told)
