"""What waits for a person, by the journal in memory. Held to the SQL one by tests/contract."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime
from typing import Any

from core.credits.writes import MovementKind, WriteState
from core.health.facts import NeedsEyes, WrittenOver
from core.health.store.attention import CREDITS
from core.health.store.attention_port import Moved
from core.operations.foreign.corrections import name_of, waiting
from core.operations.leftovers import UNCHECKED
from core.operations.states import UNBEGUN, FollowUps, ItemState, Operation, OperationState
from core.operations.verdicts import OperationKind


class MemoryAttention:
    _lock: threading.RLock
    _operations: dict[str, Any]
    _writes: dict[Any, Any]
    _foreign: dict[Any, Any]
    _claims: dict[tuple[str, MovementKind], str]

    def needs_eyes(self) -> list[NeedsEyes]:
        found = []
        with self._lock:
            for kept in self._operations.values():
                began = kept.operation.state not in {*UNBEGUN, OperationState.CALLED_OFF}
                states = Counter(item.state for item in kept.items.values() if began)
                records = [self._writes[id_] for id_ in kept.writes]
                writes = Counter(record.state for record in records)
                carried = {
                    movement.booking_id
                    for record in records
                    if record.state is WriteState.UNDECIDED
                    for movement in record.write.movements
                }
                eyes = NeedsEyes(
                    operation=kept.operation,
                    failed=states[ItemState.FAILED],
                    blocked=states[ItemState.BLOCKED],
                    undecided=writes[WriteState.UNDECIDED],
                    unclear=sum(
                        item.state is ItemState.UNDECIDED and item.booking_id not in carried
                        for item in kept.items.values()
                    ),
                    unchecked=sum(self._given_up(id_) for id_ in kept.writes),
                )
                if eyes.failed or eyes.blocked or eyes.undecided or eyes.unclear or eyes.unchecked:
                    found.append(eyes)
        return sorted(found, key=lambda each: (each.operation.confirmed_at, each.operation.id))

    def _given_up(self, write_id: Any) -> bool:
        record = self._writes[write_id]
        return (record.verified or "").startswith(UNCHECKED) and record.look_at is None

    def written_over(self) -> list[WrittenOver]:
        found = []
        with self._lock:
            for kept in self._operations.values():
                over = [
                    each
                    for each in waiting([*self._foreign.values()])
                    if each.write_id in kept.writes
                    and (name_of(each), MovementKind.CORRECTION) not in self._claims
                ]
                if over:
                    since = min(each.at for each in over)
                    found.append(
                        WrittenOver(operation=kept.operation, number=len(over), since=since)
                    )
        return sorted(found, key=lambda each: (each.since, each.operation.id))

    def refunds_landed(self, *, since: datetime) -> int:
        with self._lock:
            return sum(
                movement.kind is MovementKind.REFUND
                for kept in self._operations.values()
                if kept.operation.kind is OperationKind.REFUND
                and kept.operation.started_at is not None
                and kept.operation.started_at > since
                for record in map(self._writes.__getitem__, kept.writes)
                if record.state is WriteState.LANDED
                for movement in record.write.movements
            )

    def last_ended(self) -> datetime | None:
        with self._lock:
            ended = (kept.operation.ended_at for kept in self._operations.values())
            return max((at for at in ended if at is not None), default=None)

    def following_up(self) -> list[Operation]:
        with self._lock:
            found = [kept.operation for kept in self._operations.values()]
        due = [each for each in found if each.follow_ups is FollowUps.DUE]
        return sorted(due, key=lambda each: (each.ended_at or each.confirmed_at, each.id))

    def moved_since(self, since: datetime) -> list[Moved]:
        made: Counter[OperationKind] = Counter()
        given: Counter[OperationKind] = Counter()
        taken: Counter[OperationKind] = Counter()
        with self._lock:
            for kept in self._operations.values():
                if kept.operation.confirmed_at < since:
                    continue
                kind = kept.operation.kind
                made[kind] += 1
                for record in map(self._writes.__getitem__, kept.writes):
                    if record.state is not WriteState.LANDED:
                        continue
                    for movement in record.write.movements:
                        again = movement.kind is MovementKind.CORRECTION
                        if again and kind is not OperationKind.CORRECT:
                            continue
                        if movement.kind in CREDITS:
                            (given if movement.delta > 0 else taken)[kind] += abs(movement.delta)
        return [
            Moved(kind=kind, operations=made[kind], given=given[kind], taken=taken[kind])
            for kind in sorted(made)
        ]
