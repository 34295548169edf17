"""Settling: send saved writes, and find out what became of each (design, section 6, steps 6, 7).

Whatever a failure leaves unknown stays open in the journal, and an open write bars every other
write of that record until it is known what became of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from core.credits.errors import GatewayError
from core.credits.records import Counted, Kind, WriteId
from core.credits.writes import Belief, Run, Settlement, Write, WriteState, judge_outcome
from core.hubspot.ports.crm import Crm, Fate, Outcome
from core.mirror.store.outbox_port import Due
from core.operations.protocol.batches import at_once
from core.operations.protocol.leases import barred_by_former
from core.operations.protocol.record import Recording
from core.operations.states import Item
from core.operations.store.port import OperationStore
from core.work.steady_clock import QuietPeriod

#: When HubSpot does not answer, or somebody else writes the same record, by whatever id.
LOOK_AGAIN = timedelta(seconds=2)

NOT_TOLD = "HubSpot has not told what became of it"


class Ending(StrEnum):
    """What became of the movements of one record in this attempt."""

    LANDED = "landed"
    #: Understood and denied, or not to be written; ``reason`` is for people.
    REFUSED = "refused"
    #: Nothing was sent. Worth another attempt soon.
    NOT_SENT = "not sent"
    #: Another write of this record is open, or somebody else holds its lease.
    BUSY = "busy"
    #: Sent, and it is not known yet what became of it.
    OPEN = "open"
    #: HubSpot does not tell. A person decides.
    UNDECIDED = "undecided"


_ENDINGS = {
    Fate.LANDED: Ending.LANDED,
    Fate.REFUSED: Ending.REFUSED,
    Fate.NOT_SENT: Ending.NOT_SENT,
    Fate.UNKNOWN: Ending.OPEN,
}
assert _ENDINGS.keys() == set(Fate), "every fate has its ending"


@dataclass(frozen=True, slots=True)
class Result:
    """The ending of one record's movements."""

    ending: Ending
    reason: str = ""
    #: See ``Outcome.barred``.
    barred: str = ""


class Consequences(Protocol):
    """What follows from a settled write, recorded in the same transaction."""

    def of_landed(self, write: Write, target: Counted) -> tuple[list[Item], list[Due]]:
        """Items to save and copies that are due, now that ``target`` holds the write.

        ``target`` is a contact or exam read after it, else the counters alone that it set.
        """
        ...

    def of_undecided(self, write: Write, reason: str) -> list[Item]:
        """Items to save, now that a person must decide."""
        ...


@dataclass(frozen=True, slots=True)
class Settling:
    """Reads back what is unknown. What was written is never lost by a failing read."""

    crm: Crm
    journal: OperationStore
    recording: Recording
    now: Callable[[], datetime]
    quiet: QuietPeriod

    def settle_open(self, run: Run, then: Consequences) -> datetime | None:
        """Find out about this operation's open writes. When to look again, None: none is open."""
        for kind in (Kind.CONTACT, Kind.EXAM):
            if writes := self.journal.open_writes(operation_id=run.operation_id, kind=kind):
                self._read_back(run, kind, writes, then, may_send=True)
        still = self.journal.open_writes(operation_id=run.operation_id)
        if not still:
            return None
        left = min(self.quiet.left(write.sent_at) for write in still)
        return self.now() + max(left, LOOK_AGAIN)

    def send(
        self,
        run: Run,
        writes: Sequence[Write],
        targets: Mapping[str, Counted],
        then: Consequences,
    ) -> dict[WriteId, Result]:
        """Send saved writes once, record what is known, and read back what is not.

        Batches go at once and each is recorded as it lands: a copy should not wait for others.
        """
        parts = at_once(lambda some: self._send_batch(run, some, targets, then), writes)
        return {id_: result for part in parts for id_, result in part.items()}

    def _send_batch(
        self,
        run: Run,
        writes: Sequence[Write],
        targets: Mapping[str, Counted],
        then: Consequences,
    ) -> dict[WriteId, Result]:
        self.recording.mirroring.offer_read(targets[write.target_id] for write in writes)
        outcomes = self.crm.write_counts(writes)
        by_fate: dict[Fate, list[Write]] = {fate: [] for fate in Fate}
        for write in writes:
            by_fate[outcomes[write.id].fate].append(write)
        sure = by_fate[Fate.LANDED]
        self._landed(
            run,
            [(w, _written(w, outcomes[w.id], targets[w.target_id])) for w in sure],
            then,
            times={w.id: outcomes[w.id].modified_at for w in sure},
        )
        void = by_fate[Fate.REFUSED] + by_fate[Fate.NOT_SENT]
        self._void(run, void, {w.id: outcomes[w.id].reason for w in void})
        results = {w.id: _result(outcomes[w.id]) for w in writes}
        if unknown := by_fate[Fate.UNKNOWN]:
            results |= self._read_back(run, unknown[0].kind, unknown, then, may_send=False)
        return results

    def _read_back(
        self, run: Run, kind: Kind, writes: Sequence[Write], then: Consequences, *, may_send: bool
    ) -> dict[WriteId, Result]:
        """Step 7: marker, then quiet period, then the marker's history, then a person."""
        results = {w.id: Result(Ending.OPEN, NOT_TOLD) for w in writes}
        asked_at = self.now()  # before the read: what arrives while it is answered is not in it
        try:
            targets = self.crm.counted(kind, {w.target_id for w in writes})
            beliefs = self._beliefs(kind, writes, targets, asked_at)
            targets |= self._again(kind, writes, beliefs, targets)
        except GatewayError:
            return results  # they stay open; the next look asks again
        sure = [w for w in writes if beliefs[w.id] is Belief.LANDED]
        found = [(w, target) for w in sure if (target := targets[w.target_id]) is not None]
        self._landed(run, found, then, times={})
        afresh = [w for w in writes if beliefs[w.id] is Belief.PLAN_AFRESH]
        self._void(run, afresh, dict.fromkeys((w.id for w in afresh), "it never arrived"))
        asked = [w for w in writes if beliefs[w.id] is Belief.ASK_A_PERSON]
        self._undecided(run, asked, targets, then)
        results |= {w.id: Result(Ending.LANDED) for w, _ in found}
        results |= {w.id: Result(Ending.NOT_SENT, "it never arrived") for w in afresh}
        results |= {w.id: Result(Ending.UNDECIDED, _doubt(w, targets[w.target_id])) for w in asked}
        again = [w for w in writes if beliefs[w.id] is Belief.SEND_AGAIN]
        return results | self._resend(run, kind, again, targets, then) if may_send else results

    def _resend(
        self,
        run: Run,
        kind: Kind,
        writes: Sequence[Write],
        targets: Mapping[str, Counted | None],
        then: Consequences,
    ) -> dict[WriteId, Result]:
        """The very same writes once more. Of those kept back, nothing: they stay open."""
        fresh = {w.target_id: t for w in writes if (t := targets[w.target_id]) is not None}
        merged = [w for w in writes if fresh[w.target_id].former_ids]
        kept = self._may_be_written_over(run, kind, merged, fresh) if merged else set()
        again = [w for w in writes if w.id not in kept]
        if not again:
            return {}
        at = self.now()
        self.journal.resend(run, [w.id for w in again], at=at)
        return self.send(run, [replace(w, sent_at=at) for w in again], fresh, then)

    def _may_be_written_over(
        self, run: Run, kind: Kind, writes: Sequence[Write], targets: Mapping[str, Counted]
    ) -> set[WriteId]:
        """Those that may meet a write of a record that was merged into theirs.

        It bears another id, and so their being open did not bar it. What arrived of it before
        nobody could save one any more is found by one more read.
        """
        former = {w.target_id: targets[w.target_id].former_ids for w in writes}
        holder, now = writes[0].id, self.now()
        barred = barred_by_former(self.journal, run, kind, former, now=now, holder=holder)
        free = [w for w in writes if w.target_id not in barred]
        asked_at = self.now()
        try:
            read = self.crm.counted(kind, {w.target_id for w in free}) if free else {}
            beliefs = self._beliefs(kind, free, read, asked_at)
        except GatewayError:
            beliefs = {}
        may = {w.id for w in free if beliefs.get(w.id) is Belief.SEND_AGAIN}
        return {w.id for w in writes} - may

    def _beliefs(
        self,
        kind: Kind,
        writes: Sequence[Write],
        targets: Mapping[str, Counted | None],
        now: datetime,
    ) -> dict[WriteId, Belief]:
        # the clock may have been set since it was sent: reckoned by what has passed, not by now
        asked = {w.id: w.sent_at + self.quiet.clock.passed(w.sent_at, now) for w in writes}
        quiet = self.quiet.length
        beliefs = {
            w.id: judge_outcome(w, targets[w.target_id], now=asked[w.id], quiet=quiet)
            for w in writes
        }
        unsure = [w for w in writes if beliefs[w.id] is Belief.LOOK_IN_HISTORY]
        if unsure:
            histories = self.crm.histories(kind, {w.target_id for w in unsure}, ())
            for w in unsure:
                history = histories.get(w.target_id) or {}
                beliefs[w.id] = judge_outcome(
                    w, targets[w.target_id], now=asked[w.id], history=history, quiet=quiet
                )
        return beliefs

    def _again(
        self,
        kind: Kind,
        writes: Sequence[Write],
        beliefs: Mapping[WriteId, Belief],
        targets: Mapping[str, Counted | None],
    ) -> dict[str, Counted | None]:
        """Records whose write is in the history but was not in what we read: it landed since."""
        landed = [w for w in writes if beliefs[w.id] is Belief.LANDED]
        before = {w.target_id for w in landed if not _shows(targets[w.target_id], w)}
        return dict(self.crm.counted(kind, before)) if before else {}

    def _landed(
        self,
        run: Run,
        landed: Iterable[tuple[Write, Counted]],
        then: Consequences,
        *,
        times: Mapping[WriteId, datetime | None],
    ) -> None:
        """``times``: as HubSpot's answers to the writes told them. What is read later tells none:
        somebody else may have changed the record since.
        """
        settlements, items, due = [], [], []
        for write, target in landed:
            settlements.append(
                Settlement(
                    write_id=write.id,
                    state=WriteState.LANDED,
                    modified_at=times.get(write.id),
                )
            )
            more_items, more_due = then.of_landed(write, target)
            items += more_items
            due += more_due
        if settlements:
            self.recording.record(run, settlements, items, due)

    def _void(self, run: Run, writes: Sequence[Write], reasons: Mapping[WriteId, str]) -> None:
        if writes:
            self.journal.settle(
                run,
                [
                    Settlement(write_id=w.id, state=WriteState.VOID, reason=reasons[w.id])
                    for w in writes
                ],
                at=self.now(),
            )

    def _undecided(
        self,
        run: Run,
        writes: Sequence[Write],
        targets: Mapping[str, Counted | None],
        then: Consequences,
    ) -> None:
        if not writes:
            return
        reasons = {w.id: _doubt(w, targets[w.target_id]) for w in writes}
        self.recording.record(
            run,
            [
                Settlement(write_id=w.id, state=WriteState.UNDECIDED, reason=reasons[w.id])
                for w in writes
            ],
            [item for w in writes for item in then.of_undecided(w, reasons[w.id])],
            # it may have landed: what students see must not wait for a person
            [Due(kind=w.kind, record_id=w.target_id, row=None) for w in writes],
        )


def _result(outcome: Outcome) -> Result:
    return Result(_ENDINGS[outcome.fate], outcome.reason, outcome.barred)


def _written(write: Write, outcome: Outcome, target: Counted) -> Counted:
    """What is known of the record after our write without asking: the counters it set.

    The others were read before it, and somebody may have changed them since.
    """
    return Counted(
        id=write.target_id,
        kind=write.kind,
        balances=write.sets,
        marker=write.id,
        modified_at=outcome.modified_at or target.modified_at,
    )


def _shows(target: Counted | None, write: Write) -> bool:
    return target is not None and target.marker == write.id


def _doubt(write: Write, target: Counted | None) -> str:
    sent = ", ".join(f"{c} {write.before[c]} → {write.after[c]}" for c in write.after)
    if target is None:
        return f"sent {sent}, then the record was archived or deleted in HubSpot"
    if target.id != write.target_id:
        return f"sent {sent}, then the record was merged into {target.id}"
    now = ", ".join(f"{c} is {target.balances.get(c, '?')}" for c in write.after)
    return f"sent {sent}; now {now}, and HubSpot's history of the marker cannot be read"
