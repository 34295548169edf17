"""The journal in memory: the SQL journal's twin, held to it by tests/contract/journal.

Fast enough for simulations of many thousand histories; one lock makes each method atomic.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import wraps
from heapq import nsmallest
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from core.access.api_key_rules import ApiKey, ApiRequest
from core.access.identities import KnownAccount
from core.access.pacing import Use
from core.access.sign_ins import SignIn
from core.access.store.port import SavedFilter
from core.audit.chain import EMPTY, Link
from core.audit.entries import Entry
from core.audit.store.event_port import Event, Recorded
from core.credits.catalogue import CreditType
from core.credits.errors import StateConflict, Superseded, UnknownId
from core.credits.records import (
    TOTAL_BOOKINGS,
    BookingId,
    CancelledExam,
    ExamId,
    ItemKey,
    Kind,
    WriteId,
    stored_key,
)
from core.credits.roles import Grant, RoleRequest
from core.credits.writes import MovementKind, Run, Settlement, Write, WriteState
from core.drift.differences import Drift
from core.drift.repairs import Repair, RepairRow
from core.drift.store.trends_port import Measure
from core.drift.sweeps import Sweep
from core.health.alarm_rules import Alarm
from core.mirror.outgoing.rules import OutgoingEvent
from core.mirror.store import audit_entries as mirror_audit_entries
from core.mirror.store.outbox_port import DeadLetters, Due, OutboxState
from core.mirror.store.rules import AT_ONCE, dead_by_error, revived, row_to_copy
from core.operations.desks.rules import Takeover
from core.operations.foreign.changes import ForeignWrite
from core.operations.leftovers import About
from core.operations.owed.settled import Baseline, OwedDecision
from core.operations.plans import Plan, Row
from core.operations.protocol.store import audit_entries as protocol_audit_entries
from core.operations.protocol.store.rules import LIVE, UNDOES, already_moved, check_outcome
from core.operations.protocol.store.writes_port import WriteRecord
from core.operations.sought import EVERY_OPERATION, SoughtOperations
from core.operations.states import (
    ENDED,
    SETTLED,
    UNBEGUN,
    FollowUps,
    Item,
    ItemState,
    Operation,
    OperationState,
    Progress,
    item_of,
    keeps_claim,
)
from core.operations.store import audit_entries
from core.operations.store.leftovers import standing
from core.operations.store.rules import (
    approval_event,
    approved,
    ended,
    follow_up_event,
    followed,
    moved,
)
from core.operations.telling.rules import Telling
from core.operations.verdicts import OperationKind, Verdict
from core.students.exam_acts import ExamAct
from core.work.schedules import SlotRecord
from core.workers.store.port import WorkerInfo
from tests.fakes.accounting import MemoryAccounting
from tests.fakes.accounts import MemoryAccounts
from tests.fakes.alarms import MemoryAlarms
from tests.fakes.attention import MemoryAttention
from tests.fakes.cancelled_exams import MemoryCancelledExams
from tests.fakes.clients import MemoryClients
from tests.fakes.desks import MemoryDesks
from tests.fakes.exam_acts import MemoryExamActs
from tests.fakes.figures import MemoryFigures
from tests.fakes.groups import KeptGroup, MemoryGroups
from tests.fakes.names import MemoryNames
from tests.fakes.outgoing import MemoryOutgoing
from tests.fakes.pacing import MemoryUses
from tests.fakes.roles import MemoryRoles
from tests.fakes.saved_filters import MemorySavedFilters
from tests.fakes.settled import MemorySettled
from tests.fakes.sign_ins import MemorySignIns
from tests.fakes.sought import is_sought
from tests.fakes.tallies import MemoryTallies
from tests.fakes.telling import MemoryTellings
from tests.fakes.times import MemoryTimes
from tests.fakes.trail import MemoryTrail
from tests.fakes.trends import MemoryTrends
from tests.fakes.undoing import MemoryUndoing
from tests.fakes.warnings import MemoryWarnings
from tests.fakes.week import MemoryWeeks
from tests.fakes.works import MemoryWorks

#: A key of an item, in its own type.
K = TypeVar("K", bound=str)

P = ParamSpec("P")
R = TypeVar("R")


def atomic(
    method: Callable[Concatenate[MemoryJournal, P], R],
) -> Callable[Concatenate[MemoryJournal, P], R]:
    @wraps(method)
    def locked(self: MemoryJournal, /, *args: P.args, **kwargs: P.kwargs) -> R:
        with self._lock:
            return method(self, *args, **kwargs)

    return locked


@dataclass(slots=True)
class _Operation:
    operation: Operation
    #: In plan order.
    items: dict[ItemKey, Item]
    #: Since when it has been in its state.
    since: datetime
    writes: list[WriteId] = field(default_factory=list)
    noted: set[str] = field(default_factory=set)
    told: dict[str, Telling] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Lease:
    operation_id: str
    epoch: int
    holder: str
    until: datetime


@dataclass(slots=True)
class _Waiting:
    due: Due
    #: Since when this very version waits; ``due_since`` is the oldest one's not yet copied.
    put_at: datetime
    take_at: datetime = AT_ONCE


class MemoryJournal(
    MemoryWorks,
    MemoryTrends,
    MemoryTrail,
    MemoryAlarms,
    MemoryRoles,
    MemoryFigures,
    MemoryClients,
    MemoryAccounting,
    MemoryAttention,
    MemoryNames,
    MemoryUndoing,
    MemoryWarnings,
    MemoryDesks,
    MemorySettled,
    MemorySignIns,
    MemoryCancelledExams,
    MemoryExamActs,
    MemoryOutgoing,
    MemoryTimes,
    MemoryTellings,
    MemoryWeeks,
    MemoryAccounts,
    MemoryUses,
    MemorySavedFilters,
    MemoryTallies,
    MemoryGroups,
):
    """``core.app.journal.Journal``, gone with the process."""

    def __init__(self, *, admins: Collection[str] = (), announces: bool = False) -> None:
        self.announces = announces
        self._announced = 0
        self._outgoing: dict[str, tuple[OutgoingEvent, datetime]] = {}
        self._lock = threading.RLock()
        self._admins = {admin.casefold() for admin in admins}
        self._audit: list[Link] = []
        self._noted = EMPTY
        self._unchained: list[Entry] = []
        self._plans: dict[str, Plan] = {}
        self._operations: dict[str, _Operation] = {}
        self._claims: dict[tuple[str, MovementKind], str] = {}
        self._leases: dict[tuple[Kind, str], _Lease] = {}
        self._groups: list[KeptGroup] = []
        self._writes: dict[WriteId, WriteRecord] = {}
        self._open: dict[WriteId, Write] = {}
        #: The write that moves, has moved or may have moved a booking's credit.
        self._live: dict[tuple[str, MovementKind], WriteId] = {}
        self._taken: dict[str, list[str]] = {}
        self._foreign: dict[tuple[WriteId, str, datetime], ForeignWrite] = {}
        self._outbox: dict[tuple[Kind, str], _Waiting] = {}
        self._seq = 0
        self._events: list[Event] = []
        self._workers: dict[str, WorkerInfo] = {}
        self._alarms: dict[str, Alarm] = {}
        self._desk = ""
        self._takeovers: list[Takeover] = []
        self._processes: set[str] = set()
        self._baseline: Baseline | None = None
        self._owed_decisions: dict[BookingId, OwedDecision] = {}
        self._cancelled_exams: dict[ExamId, CancelledExam] = {}
        self._exam_acts: dict[str, ExamAct] = {}
        self._nameless: set[str] = set()
        self._grants: dict[str, Grant] = {}
        self._role_requests: dict[str, RoleRequest] = {}
        self._accounts: dict[str, KnownAccount] = {}
        self._filters: dict[tuple[str, str, str], SavedFilter] = {}
        self._sign_ins: dict[str, SignIn] = {}
        self._keys: dict[str, ApiKey] = {}
        self._uses: list[Use] = []
        self._requests: dict[tuple[str, str], ApiRequest] = {}
        self._sweeps: dict[str, Sweep] = {}
        self._drifts: dict[str, dict[tuple[str, str], Drift]] = {}
        self._repairs: dict[str, tuple[Repair, dict[int, RepairRow]]] = {}
        self._slots: dict[str, SlotRecord] = {}
        self._measures: dict[tuple[str, datetime, str, str], Measure] = {}

    # plans and operations

    @atomic
    def save_plan(self, plan: Plan) -> None:
        if plan.id not in self._plans:
            self._plans[plan.id] = plan
            self.record(audit_entries.made(plan))

    @atomic
    def plan(self, plan_id: str) -> Plan:
        try:
            return self._plans[plan_id]
        except KeyError:
            raise UnknownId(f"there is no plan {plan_id}") from None

    @atomic
    def plan_rows(
        self,
        plan_id: str,
        *,
        verdicts: Collection[Verdict] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Row]:
        rows = [row for row in self.plan(plan_id).rows if not verdicts or row.verdict in verdicts]
        return rows[offset : None if limit is None else offset + limit]

    @atomic
    def confirm(self, operation: Operation, items: Sequence[Item], *recorded: Recorded) -> bool:
        if operation.id in self._operations:
            return False
        self._confirm(operation, items, audit_entries.confirmed(operation, items), *recorded)
        return True

    @atomic
    def confirm_plan(self, operation: Operation, plan: Plan, *recorded: Recorded) -> bool:
        if operation.id in self._operations:
            return False
        rows = enumerate(self.plan(plan.id).rows)
        items = [item_of(plan.id, n, row) for n, row in rows]
        self._confirm(operation, items, audit_entries.plan_confirmed(operation, plan), *recorded)
        return True

    def _confirm(self, operation: Operation, items: Sequence[Item], *recorded: Recorded) -> None:
        ordered = {item.booking_id: item for item in sorted(items, key=lambda item: item.n)}
        self._operations[operation.id] = _Operation(operation, ordered, operation.confirmed_at)
        self.record(*recorded, *audit_entries.telling(operation))

    @atomic
    def operation(self, operation_id: str) -> Operation:
        return self._kept(operation_id).operation

    @atomic
    def operations(
        self,
        *,
        states: Collection[OperationState] = (),
        sought: SoughtOperations = EVERY_OPERATION,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Operation]:
        found = [
            kept.operation
            for kept in self._operations.values()
            if (not states or kept.operation.state in states)
            and is_sought(kept.operation, kept.items.values(), sought)
        ]
        found.sort(key=lambda operation: (operation.confirmed_at, operation.id), reverse=True)
        return found[offset : offset + limit]

    @atomic
    def move(
        self,
        operation_id: str,
        to: OperationState,
        *,
        at: datetime,
        actor: str,
        detail: str = "",
        only_from: Collection[OperationState] = (),
    ) -> Operation:
        kept = self._kept(operation_id)
        if kept.operation.state is not to:
            after = moved(kept.operation, to, at=at, since=kept.since, only_from=only_from)
            self._save_move(kept, after, at=at, actor=actor, detail=detail)
        return kept.operation

    def _save_move(
        self, kept: _Operation, after: Operation, *, at: datetime, actor: str, detail: str = ""
    ) -> None:
        before, to = kept.operation, after.state
        kept.operation = after
        kept.since = at
        told = {"from": before.state.value} | ({"detail": detail} if detail else {})
        event = Event(at=at, actor=actor, what=to.value, operation_id=after.id, detail=told)
        self.record(event, audit_entries.moved(before, to, at=at, actor=actor, why=detail))

    @atomic
    def end(self, run: Run, *, at: datetime, actor: str, left: str = "") -> Operation:
        kept = self._fenced(run)
        if kept.operation.state not in ENDED:
            states = {item.state for item in kept.items.values()}
            open_ = len(self.open_writes(operation_id=run.operation_id))
            after = ended(kept.operation, states, open_, left=left, at=at, since=kept.since)
            self._save_move(kept, after, at=at, actor=actor)
            self._free_leases(run.operation_id)
            self._forget_groups(run.operation_id)
            self._deal_with(kept.operation, at)
        return kept.operation

    def _free_leases(self, operation_id: str) -> None:
        kept = self._leases.items()
        self._leases = {key: lease for key, lease in kept if lease.operation_id != operation_id}

    @atomic
    def end_follow_ups(self, run: Run, *, at: datetime) -> None:
        kept = self._fenced(run)
        if open_ := len(self.open_writes(operation_id=run.operation_id)):
            told = f"operation {run.operation_id} has {open_} open writes: it is not done"
            raise StateConflict(told, state=kept.operation.state, at=kept.since)
        kept.operation = followed(kept.operation, FollowUps.DONE)
        event = follow_up_event(kept.operation, at=at, actor=kept.operation.confirmed_by)
        self.record(event)
        self._free_leases(run.operation_id)

    @atomic
    def move_follow_ups(
        self, operation_id: str, to: FollowUps, *, at: datetime, actor: str
    ) -> Operation:
        kept = self._kept(operation_id)
        kept.operation = followed(kept.operation, to)
        told_of = follow_up_event(kept.operation, at=at, actor=actor)
        self.record(told_of, audit_entries.followed(kept.operation, at=at, actor=actor))
        if to is FollowUps.DUE:
            told = standing(self._told(operation_id))
            kept.noted -= {one.record for one in told if one.about is About.NOTE}
        return kept.operation

    @atomic
    def approve(
        self, operation_id: str, *, by: str, at: datetime, hold_until: datetime
    ) -> Operation:
        kept = self._kept(operation_id)
        kept.operation = approved(
            kept.operation, by=by, at=at, hold_until=hold_until, since=kept.since
        )
        kept.since = at
        self.record(approval_event(kept.operation), audit_entries.approved(kept.operation, at=at))
        return kept.operation

    @atomic
    def begin_run(self, operation_id: str, *, at: datetime) -> tuple[Run, Operation]:
        kept = self._kept(operation_id)
        kept.operation = replace(kept.operation, epoch=kept.operation.epoch + 1)
        return Run(operation_id=operation_id, epoch=kept.operation.epoch), kept.operation

    @atomic
    def still_ours(self, run: Run) -> None:
        self._fenced(run)

    @atomic
    def note_waiting(self, run: Run, waiting_for: str) -> None:
        kept = self._fenced(run)
        if kept.operation.waiting_for != waiting_for:
            kept.operation = replace(kept.operation, waiting_for=waiting_for)

    @atomic
    def add_calls(self, run: Run, calls: int) -> None:
        kept = self._fenced(run)
        kept.operation = replace(kept.operation, calls=kept.operation.calls + calls)

    # items

    @atomic
    def items(
        self,
        operation_id: str,
        *,
        states: Collection[ItemState] = (),
        bookings: Collection[ItemKey] = (),
        after: int | None = None,
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Item]:
        found = [
            item
            for item in self._kept(operation_id).items.values()
            if (not states or item.state in states)
            and (not bookings or item.booking_id in bookings)
            and (after is None or item.n > after)
        ]
        return found[offset : None if limit is None else offset + limit]

    @atomic
    def update_items(self, run: Run, items: Sequence[Item]) -> None:
        self._save_items(run, self._fenced(run), items)

    @atomic
    def reopen(
        self, operation_id: str, states: Collection[ItemState], *, at: datetime, actor: str
    ) -> int:
        kept = self._kept(operation_id)
        to = OperationState.RUNNING
        after = moved(kept.operation, to, at=at, since=kept.since, only_from=ENDED)
        again = [i for i in kept.items.values() if i.planned and i.state in states]
        kept.items |= {item.booking_id: _reopened(item) for item in again}
        if again:
            told = {"items": len(again), "states": sorted(state.value for state in states)}
            self.record(
                Event(at=at, actor="", what="reopened", operation_id=operation_id, detail=told)
            )
        if any(item.state not in SETTLED for item in kept.items.values()):
            after = replace(after, epoch=after.epoch + 1)
            self._save_move(kept, after, at=at, actor=actor, detail="retry")
        return len(again)

    @atomic
    def unbegun_over(self, keys: Collection[ItemKey]) -> list[tuple[Operation, int]]:
        found = [
            (kept.operation, sum(i.planned for key, i in kept.items.items() if key in set(keys)))
            for kept in self._operations.values()
            if kept.operation.state in UNBEGUN
        ]
        found.sort(key=lambda each: (each[0].confirmed_at, each[0].id))
        return [(operation, n) for operation, n in found if n]

    @atomic
    def progress_of(self, operation_ids: Collection[str]) -> dict[str, Progress]:
        return {id_: self.progress(id_) for id_ in operation_ids if id_ in self._operations}

    @atomic
    def progress(self, operation_id: str) -> Progress:
        kept = self._kept(operation_id)
        landed = (
            record.write
            for record in map(self._writes.__getitem__, kept.writes)
            if record.state is WriteState.LANDED
        )
        net: Counter[CreditType] = Counter()
        for write in landed:
            for movement in write.movements:
                again = movement.kind is MovementKind.CORRECTION
                if again and kept.operation.kind is not OperationKind.CORRECT:
                    continue
                if movement.credit != TOTAL_BOOKINGS:
                    net[movement.credit] += movement.delta
        states = Counter(item.state for item in kept.items.values())
        unplanned = Counter(item.state for item in kept.items.values() if not item.planned)
        return Progress(
            states=dict(states),
            net={key: n for key, n in net.items() if n},
            unplanned=dict(unplanned),
        )

    # claims and leases

    @atomic
    def claim(self, run: Run, bookings: Collection[K], kind: MovementKind) -> dict[K, str]:
        self._fenced(run)
        return {
            booking: self._claims.setdefault((booking, kind), run.operation_id)
            for booking in bookings
        }

    @atomic
    def release_claims(self, run: Run, bookings: Collection[ItemKey], kind: MovementKind) -> None:
        self._fenced(run)
        for booking in bookings:
            self._release(run.operation_id, booking, kind)

    @atomic
    def claimed(self, bookings: Collection[K], kind: MovementKind) -> set[K]:
        return {booking for booking in bookings if (booking, kind) in self._claims}

    @atomic
    def lease(
        self,
        run: Run,
        kind: Kind,
        ids: Collection[str],
        *,
        now: datetime,
        until: datetime,
        holder: str = "",
    ) -> set[str]:
        self._fenced(run)
        mine = _Lease(run.operation_id, run.epoch, holder, until)
        got = {id_ for id_ in ids if self._can_lease(mine, (kind, id_), now)}
        self._leases |= {(kind, id_): mine for id_ in got}
        return got

    def _can_lease(self, mine: _Lease, key: tuple[Kind, str], now: datetime) -> bool:
        lease = self._leases.get(key)
        if lease is None or lease.until <= now:
            return True
        again = lease.epoch != mine.epoch or lease.holder == mine.holder
        return lease.operation_id == mine.operation_id and again

    @atomic
    def leases(self) -> list[_Lease]:
        """For an invariant at the end of a history."""
        return list(self._leases.values())

    @atomic
    def release_leases(
        self, run: Run, kind: Kind, ids: Collection[str], *, holder: str = ""
    ) -> None:
        self._fenced(run)
        for id_ in ids:
            if self._holds(run, (kind, id_), holder):
                del self._leases[kind, id_]

    def _holds(self, run: Run, key: tuple[Kind, str], holder: str) -> bool:
        lease = self._leases.get(key)
        return lease is not None and (lease.operation_id, lease.holder) == (
            run.operation_id,
            holder,
        )

    # writes

    @atomic
    def save_intents(self, run: Run, writes: Sequence[Write], *, holder: str = "") -> set[WriteId]:
        kept = self._fenced(run)
        leased = [w for w in writes if self._holds(run, (w.kind, w.target_id), holder)]
        fresh = [write for write in leased if write.id not in self._writes]
        moving = [((m.booking_id, m.kind), write.id) for write in fresh for m in write.movements]
        self._check_alone([key for key, _ in moving])
        for write in fresh:
            self._writes[write.id] = WriteRecord(write=write, state=WriteState.OPEN)
            self._open[write.id] = write
            kept.writes.append(write.id)
        self._live |= dict(moving)
        return {write.id for write in leased}

    def _check_alone(self, keys: Sequence[tuple[str, MovementKind]]) -> None:
        for key, times in Counter(keys).items():
            if times > 1 or key in self._live:
                raise already_moved(*key, self._live.get(key, "the same save"))

    @atomic
    def resend(self, run: Run, write_ids: Collection[WriteId], *, at: datetime) -> None:
        self._fenced(run)
        for id_ in write_ids:
            if id_ in self._open:
                write = self._open[id_] = replace(self._open[id_], sent_at=at)
                self._writes[id_] = replace(self._writes[id_], write=write)

    @atomic
    def open_writes(
        self,
        *,
        operation_id: str | None = None,
        kind: Kind | None = None,
        ids: Collection[str] = (),
    ) -> list[Write]:
        return [
            write
            for write in self._open.values()
            if operation_id in {None, write.operation_id}
            and kind in {None, write.kind}
            and (not ids or write.target_id in ids)
        ]

    @atomic
    def settle(
        self,
        run: Run,
        settlements: Sequence[Settlement],
        *,
        items: Sequence[Item] = (),
        due: Sequence[Due] = (),
        at: datetime,
        held_until: datetime | None = None,
        entries: Sequence[Recorded] = (),
    ) -> list[Due]:
        kept = self._fenced(run)
        for settlement in settlements:
            if settlement.write_id not in self._writes:
                raise UnknownId(f"there is no write {settlement.write_id}")
            now = self._writes[settlement.write_id].state
            check_outcome(settlement.write_id, now, settlement.state)
        if strangers := {item.booking_id for item in items} - kept.items.keys():
            raise UnknownId(f"operation {run.operation_id} has not all of {', '.join(strangers)}")
        self.record(*entries)
        by, reason = kept.operation.confirmed_by, kept.operation.reason
        word = protocol_audit_entries.Word(
            operation_id=run.operation_id, by=by, reason=reason, at=at
        )
        for settlement in settlements:
            self._record_outcome(settlement, word)
        self._save_items(run, kept, items)
        return self._put(due, at, held_until)

    def _record_outcome(self, settlement: Settlement, word: protocol_audit_entries.Word) -> None:
        record = self._writes[settlement.write_id]
        if record.state is settlement.state:
            return
        moves = [(movement.kind, movement.booking_id) for movement in record.write.movements]
        self.record(protocol_audit_entries.settled(word, settlement, record.write, moves))
        self._writes[settlement.write_id] = replace(
            record,
            state=settlement.state,
            modified_at=settlement.modified_at,
            reason=settlement.reason,
        )
        self._open.pop(settlement.write_id, None)
        for movement in record.write.movements:
            key = (movement.booking_id, movement.kind)
            if settlement.state not in LIVE:
                self._live.pop(key, None)
            elif settlement.state is WriteState.LANDED and movement.kind in UNDOES:
                undone = (movement.booking_id, UNDOES[movement.kind])
                for freed in (key, undone):
                    self._live.pop(freed, None)
                    self._claims.pop(freed, None)

    @atomic
    def moving(self, operation_id: str, kind: MovementKind) -> set[ItemKey]:
        return {
            stored_key(movement.booking_id)
            for record in self._records(operation_id)
            if record.state in LIVE
            for movement in record.write.movements
            if movement.kind is kind
        }

    @atomic
    def unverified(self, operation_id: str, limit: int) -> list[WriteRecord]:
        return [
            record
            for record in self._records(operation_id)
            if record.state is WriteState.LANDED and record.verified is None
        ][:limit]

    @atomic
    def record_verified(
        self,
        verified: Mapping[WriteId, str],
        foreign: Sequence[ForeignWrite],
        *,
        at: datetime,
        again: Mapping[WriteId, datetime] = {},
        entries: Sequence[Recorded] = (),
    ) -> None:
        for id_, found in verified.items():
            self._writes[id_] = replace(
                self._writes[id_], verified=found, verified_at=at, look_at=again.get(id_)
            )
        for write in foreign:
            self._foreign.setdefault((write.write_id, write.credit, write.at), write)
        self.record(*entries)

    @atomic
    def to_look_at(self, now: datetime, limit: int) -> list[WriteRecord]:
        due = [
            record
            for record in self._writes.values()
            if record.look_at is not None
            and record.look_at <= now
            and self._operations[record.write.operation_id].operation.state in ENDED
        ]
        picked = sorted(due, key=lambda record: cast("datetime", record.look_at))[:limit]
        return [record for record in self._writes.values() if record in picked]

    @atomic
    def decide_foreign(self, foreign: ForeignWrite, by: int, *recorded: Recorded) -> bool:
        key = (foreign.write_id, foreign.credit, foreign.at)
        if not self._foreign[key].undecided:
            return False
        self._foreign[key] = replace(self._foreign[key], decided=by)
        self.record(*recorded)
        return True

    @atomic
    def foreign_writes(self, operation_id: str) -> list[ForeignWrite]:
        found = (
            foreign
            for foreign in self._foreign.values()
            if self._writes[foreign.write_id].write.operation_id == operation_id
        )
        return sorted(found, key=lambda foreign: (foreign.at, foreign.write_id, foreign.credit))

    @atomic
    def writes(
        self, operation_id: str, *, limit: int | None = None, offset: int = 0
    ) -> list[WriteRecord]:
        return self._records(operation_id)[offset : None if limit is None else offset + limit]

    @atomic
    def writes_counted(self, operation_id: str) -> Mapping[tuple[WriteState, str | None], int]:
        return Counter((one.state, one.verified) for one in self._records(operation_id))

    @atomic
    def undecided_writes(self, operation_id: str) -> list[WriteRecord]:
        return [r for r in self._records(operation_id) if r.state is WriteState.UNDECIDED]

    @atomic
    def noted(self, operation_id: str) -> set[str]:
        kept = self._operations.get(operation_id)
        return set(kept.noted) if kept else set()

    @atomic
    def record_noted(self, run: Run, contact_ids: Collection[str]) -> None:
        self._fenced(run).noted.update(contact_ids)

    # outbox

    @atomic
    def put_due(
        self, due: Sequence[Due], *, at: datetime, held_until: datetime | None = None
    ) -> None:
        self._put(due, at, held_until)

    def _put(
        self, due: Sequence[Due], at: datetime, held_until: datetime | None = None
    ) -> list[Due]:
        put: dict[tuple[Kind, str], Due] = {}
        for offered in due:
            self._seq += 1
            key = (offered.kind, offered.record_id)
            row, since = offered.row, at
            if waiting := self._outbox.get(key):
                row = row_to_copy(waiting.due.row, row)
                since = waiting.due.due_since or at
            fresh = Due(
                kind=offered.kind,
                record_id=offered.record_id,
                row=row,
                seq=self._seq,
                due_since=since,
            )
            self._outbox[key] = _Waiting(fresh, put_at=at, take_at=held_until or AT_ONCE)
            put[key] = fresh
        return list(put.values())

    @atomic
    def take_due(self, *, now: datetime, until: datetime, limit: int) -> list[Due]:
        ready = (w for w in self._outbox.values() if not w.due.dead and w.take_at <= now)
        taken = nsmallest(limit, ready, key=lambda w: (w.take_at, w.due.seq))
        for waiting in taken:
            waiting.take_at = until
        return [waiting.due for waiting in taken]

    @atomic
    def copied(self, done: Sequence[Due], *, at: datetime) -> None:
        for copy in done:
            waiting = self._outbox.get((copy.kind, copy.record_id))
            if waiting is None:
                continue
            if waiting.due.seq == copy.seq:
                del self._outbox[copy.kind, copy.record_id]
            elif waiting.due.seq > copy.seq:
                waiting.due = replace(waiting.due, due_since=waiting.put_at)

    @atomic
    def copy_failed(self, failed: Sequence[Due]) -> None:
        for tried in failed:
            waiting = self._outbox.get((tried.kind, tried.record_id))
            if waiting is None or waiting.due.seq != tried.seq:
                continue
            waiting.take_at = tried.next_try_at or AT_ONCE
            waiting.due = replace(
                waiting.due,
                attempts=tried.attempts,
                error=tried.error,
                dead=tried.dead,
                next_try_at=tried.next_try_at,
            )

    @atomic
    def outbox(self) -> OutboxState:
        due = [w.due for w in self._outbox.values() if not w.due.dead]
        since = [each.due_since for each in due if each.due_since is not None]
        dead = len(self._outbox) - len(due)
        return OutboxState(due=len(due), dead=dead, oldest=min(since, default=None))

    @atomic
    def outbox_rows(
        self, *, dead: bool | None = None, error: str | None = None, limit: int = 200
    ) -> list[Due]:
        rows = (
            w.due
            for w in self._outbox.values()
            if dead in {None, w.due.dead} and error in {None, w.due.error}
        )
        return nsmallest(limit, rows, key=lambda due: (due.due_since, due.seq))

    @atomic
    def dead_letters(self) -> list[DeadLetters]:
        counted: dict[tuple[str, Kind], list[datetime]] = {}
        for due in (w.due for w in self._outbox.values() if w.due.dead):
            since = counted.setdefault((due.error, due.kind), [])
            since += [due.due_since] if due.due_since else []
        return dead_by_error((*of, len(since), min(since)) for of, since in counted.items())

    @atomic
    def revive(
        self,
        *,
        kind: Kind | None = None,
        record_id: str | None = None,
        error: str | None = None,
        at: datetime | None = None,
        actor: str = "",
    ) -> int:
        dead = [
            waiting
            for waiting in self._outbox.values()
            if waiting.due.dead
            and kind in {None, waiting.due.kind}
            and record_id in {None, waiting.due.record_id}
            and error in {None, waiting.due.error}
        ]
        for waiting in dead:
            waiting.take_at = AT_ONCE
            waiting.due = replace(waiting.due, dead=False, attempts=0, next_try_at=None)
        if dead and at is not None:
            given = {"kind": kind, "record_id": record_id, "error": error}
            event = revived(len(dead), given, at=at, actor=actor)
            self.record(event, mirror_audit_entries.revived(event))
        return len(dead)

    @atomic
    def waiting(self, kind: Kind, ids: Collection[str]) -> dict[str, Due]:
        found = {id_: self._outbox.get((kind, id_)) for id_ in ids}
        return {id_: waiting.due for id_, waiting in found.items() if waiting}

    # history, workers

    @atomic
    def events(self, *, operation_id: str | None = None, limit: int = 200) -> list[Event]:
        found: list[Event] = []
        for event in reversed(self._events):
            if len(found) == limit:
                break
            if operation_id in {None, event.operation_id}:
                found.append(event)
        return found

    @atomic
    def heartbeat(self, worker: WorkerInfo) -> None:
        self._workers[worker.executor_id] = worker

    @atomic
    def forget_worker(self, executor_id: str) -> None:
        self._workers.pop(executor_id, None)

    @atomic
    def workers(self) -> list[WorkerInfo]:
        return sorted(self._workers.values(), key=lambda w: (w.started_at, w.executor_id))

    # shared

    def _kept(self, operation_id: str) -> _Operation:
        try:
            return self._operations[operation_id]
        except KeyError:
            raise UnknownId(f"there is no operation {operation_id}") from None

    def _fenced(self, run: Run) -> _Operation:
        kept = self._kept(run.operation_id)
        if kept.operation.epoch != run.epoch:
            raise Superseded(run.operation_id, run.epoch, now=kept.operation.epoch)
        return kept

    def _records(self, operation_id: str) -> list[WriteRecord]:
        kept = self._operations.get(operation_id)
        return [self._writes[id_] for id_ in kept.writes] if kept else []

    def _save_items(self, run: Run, kept: _Operation, items: Sequence[Item]) -> None:
        if strangers := {item.booking_id for item in items} - kept.items.keys():
            raise UnknownId(f"operation {run.operation_id} has not all of {', '.join(strangers)}")
        kept.items |= {item.booking_id: item for item in items}
        for item in items:
            if item.state in SETTLED and not keeps_claim(item):
                for kind in set(MovementKind) - (
                    {MovementKind.SEAT_FREED} if item.cancelled else set()
                ):
                    self._release(run.operation_id, item.booking_id, kind)
            if item.state is ItemState.DONE:
                self._free_taken_back(run.operation_id, item.booking_id)

    def _release(self, operation_id: str, booking: ItemKey, kind: MovementKind) -> None:
        key: tuple[Any, MovementKind] = (booking, kind)
        if self._claims.get(key) == operation_id and key not in self._live:
            del self._claims[key]


def _reopened(item: Item) -> Item:
    """The item as "retry failed only" takes it up again."""
    if item.after is not None:
        state = ItemState.GIVEN_BACK  # its credit landed; only the mark is missing
    else:
        state = ItemState.CANCELLED if item.cancelled else ItemState.PENDING
    return replace(item, state=state, why="")
