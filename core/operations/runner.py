"""Carries a confirmed operation to its end, however often it is interrupted (section 6).

Nothing is remembered here between two calls: the journal says where each item stands, HubSpot
says what became of each write.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from core.credits.errors import (
    Barred,
    Forbidden,
    GatewayError,
    StateConflict,
    Superseded,
    Unauthorized,
)
from core.credits.records import ItemKey
from core.credits.roles import Act
from core.credits.writes import Run
from core.operations.approval_rules import NO_SECOND, SecondAdmin
from core.operations.crew.crew import Crew
from core.operations.finish import PostProcessing
from core.operations.kinds.base import Toolbox
from core.operations.kinds.permissions import act_for, second_admin_asked, second_admin_why
from core.operations.kinds.registry import item_moved, kind_of
from core.operations.protocol.each_item import each_item
from core.operations.protocol.settle import LOOK_AGAIN, Settling
from core.operations.protocol.starts import NOT_BEGUN, Starts
from core.operations.states import (
    BEGUN,
    ENDED,
    UNBEGUN,
    FollowUps,
    Item,
    ItemState,
    Operation,
    OperationState,
    group_items,
)
from core.operations.steps.base import KindSteps
from core.operations.store.port import OperationStore
from core.work.call_count import counting_calls
from core.work.context_pool import ContextPool

log = logging.getLogger(__name__)

#: Bookings that one thread carries at a time, read by the hundred, and what they are associated
#: with by the thousand. Small enough that a stop is prompt and memory stays flat.
GROUP_SIZE = 1000
#: Their students, read and written by the hundred: a ninth call for the last few is saved.
CONTACTS_IN_GROUP = 800
#: Groups at a time: enough to keep the limit used while one of them waits for an answer, and no
#: more, so that only seconds lie between judging a booking and writing its credit.
GROUPS_AT_ONCE = 2
#: Follow-ups that wait cost nobody a credit.
FOLLOW_AGAIN = timedelta(seconds=15)
#: When HubSpot refuses the token: a person has to mend it.
TOKEN_AGAIN = timedelta(seconds=10)
#: Another process has it now; it will end it, and this one only makes sure.
LEFT_TO_ANOTHER = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class OperationRunner:
    """For the engine: ``carry_out``, ``follow_up``. Every worker lends a hand besides."""

    journal: OperationStore
    settling: Settling
    #: What items can go through; the kind of their operation says which.
    toolbox: Toolbox[KindSteps]
    finishing: PostProcessing
    may: Callable[[str, Act], bool]
    #: Whether this API key may still act for the admins it names.
    acts_for_admins: Callable[[str], bool]
    now: Callable[[], datetime]
    #: How long ago a time was, though the clock was set meanwhile.
    passed: Callable[[datetime], timedelta]
    starts: Starts
    group_size: int = GROUP_SIZE
    groups_at_once: int = GROUPS_AT_ONCE
    second: SecondAdmin = NO_SECOND
    #: The workers that carry an operation together; None: each carries its own alone.
    crew: Crew | None = None
    #: Set when the process is to end: groups in hand are finished, no other is begun here.
    resting: threading.Event = field(default_factory=threading.Event)

    def carry_out(self, operation_id: str) -> datetime | None:
        """Carry it as far as it goes now. None: it has ended. A time: look again then."""
        operation = self.journal.operation(operation_id)
        if operation.state in ENDED:
            return None
        if operation.state in UNBEGUN and (held := self._held(operation)) > timedelta(0):
            return self.now() + held
        try:
            return self._run(operation)
        except Superseded as error:
            log.warning("left to another process: %s", error)
            return self.now() + LEFT_TO_ANOTHER

    def _held(self, operation: Operation) -> timedelta:
        """For how long its hold goes on. A clock that was set back does not make it longer."""
        begun = operation.approved_at or operation.confirmed_at
        return operation.hold_until - begun - self.passed(begun)

    def _run(self, operation: Operation) -> datetime | None:
        if operation.state in UNBEGUN and not self._begin(operation):
            stands = self.journal.operation(operation.id).state
            return None if stands in ENDED else self.now()
        run, operation = self.journal.begin_run(operation.id, at=self.now())
        left = ""
        try:
            with self._counted(run):
                again = self._carry(run, operation)
                if again is None:
                    left = self._follow(run, operation)
        except GatewayError as error:
            # nothing is lost by waiting; the page says what for, and a person may stop it
            self.journal.note_waiting(run, _said_by_hubspot(error))
            refused = isinstance(error, Barred | Unauthorized | Forbidden)
            again = self.now() + (TOKEN_AGAIN if refused else LOOK_AGAIN)
        else:
            self.journal.note_waiting(run, "" if again is None else "answers still on their way")
        return self._end(run, operation, left) if again is None else again

    def follow_up(self, operation_id: str) -> datetime | None:
        """Seats, notes and verification of one that has ended. None: done, or given up."""
        if not _follows(self.journal.operation(operation_id)):
            return None
        try:
            run, operation = self.journal.begin_run(operation_id, at=self.now())
            return self._follow_up(run, operation) if _follows(operation) else None
        except Superseded as error:
            log.warning("left to another process: %s", error)
            return self.now() + LEFT_TO_ANOTHER

    def _follow_up(self, run: Run, operation: Operation) -> datetime | None:
        try:
            with self._counted(run):
                again = self._settle(run, operation)
                left = "answers still on their way" if again else self._follow(run, operation)
        except GatewayError as error:
            again, left = None, str(error)
        if not left:
            try:
                self.journal.end_follow_ups(run, at=self.now())
            except StateConflict as error:
                left = str(error)
            else:
                return None
        self.journal.note_waiting(run, left)
        return again or self.now() + FOLLOW_AGAIN

    @contextmanager
    def _counted(self, run: Run) -> Iterator[None]:
        """The calls made meanwhile are this operation's, also when HubSpot fails."""
        with counting_calls() as count:
            try:
                yield
            except GatewayError:
                self.journal.add_calls(run, count.made)
                raise
        self.journal.add_calls(run, count.made)

    def _follow(self, run: Run, operation: Operation) -> str:
        """What is left of its follow-ups; empty: nothing. They hold no credit up, nor its end."""
        if self.resting.is_set() or self.starts.stopping(run):
            return "the bookings were to end first"
        return self.finishing.finish(run, operation)

    def _begin(self, operation: Operation) -> bool:
        """Out of the hold, unless somebody's word for it is wanting or counts no more."""
        if why := self._barred(operation):
            to = OperationState.CALLED_OFF
            self._move(operation, to, actor="credit desk", detail=why)
            return False
        return self._move(operation, OperationState.RUNNING, actor=operation.confirmed_by)

    def _move(
        self, operation: Operation, to: OperationState, *, actor: str, detail: str = ""
    ) -> bool:
        """Whether it is there now. A process that slept since it looked moves nothing."""
        try:
            self.journal.move(
                operation.id,
                to,
                at=self.now(),
                actor=actor,
                detail=detail,
                only_from={operation.state},
            )
        except StateConflict as error:
            log.info("%s", error)
            return False
        return True

    def _barred(self, operation: Operation) -> str:
        """Why it may not begin, by the roles and the settings of this moment; empty: it may."""
        if operation.state is OperationState.AWAITING:
            return "nobody approved it in time"
        act = self._needs(operation)
        for email in filter(None, (operation.confirmed_by, operation.approved_by)):
            if not self.may(email, act):
                return f"{email} may no longer {act}"
        if operation.via and not self.acts_for_admins(operation.via):
            return f"the key of {operation.via} was revoked, or its time is over"
        why = operation.needs_approval
        if not why and second_admin_asked(self.second, operation.kind):
            why = second_admin_why(self.second, self.journal.plan(operation.id))
        return f"{why}, and no second admin approved it" if why and not operation.approved else ""

    def _needs(self, operation: Operation) -> Act:
        """What its plan asks of whoever confirmed it; a large plan is not read for an admin."""
        batches = self.may(operation.confirmed_by, Act.RUN_BATCHES)
        known = kind_of(operation.kind).act_unread(batches=batches)
        return known or act_for(self.journal.plan(operation.id))

    def _carry(self, run: Run, operation: Operation) -> datetime | None:
        again = self._settle(run, operation)
        self._stop_unbegun(run, operation, again)
        while groups := self._groups(run, operation, again):
            before = self._unsettled(run)
            if not self._in_parallel(run, operation, groups):
                return self.now()  # a new run, which settles what the dead one left open
            again = self._settle(run, operation)
            self._stop_unbegun(run, operation, again)
            if self.resting.is_set() or self._unsettled(run) == before:
                return again or self._waits_until(run, operation) or self.now() + LOOK_AGAIN
        if again := again or self._waits_until(run, operation):
            return again
        return self.now() + LOOK_AGAIN if self._steps(operation).conclude(run, operation) else None

    def _steps(self, operation: Operation) -> KindSteps:
        """What its items go through. Raises ``UnknownKind``."""
        return kind_of(operation.kind).steps(self.toolbox)

    def _in_parallel(
        self, run: Run, operation: Operation, groups: Sequence[Sequence[ItemKey]]
    ) -> bool:
        """See ``Crew.carry``. One process alone loses nobody."""

        def one(group: Sequence[ItemKey]) -> None:
            self._one(run, operation, group)

        if self.crew is not None and len(groups) > 1:
            return self.crew.carry(run, groups, one, self.groups_at_once)
        if len(groups) == 1 or self.groups_at_once == 1:
            for group in groups:
                one(group)
            return True
        with ContextPool(self.groups_at_once, thread_name_prefix="carry") as pool:
            list(pool.map(one, groups))
        return True

    def lend_a_hand(self) -> None:
        """Carry groups of another worker's operation, if one has too little processor time."""
        if self.crew is None or (run := self.crew.asked()) is None:
            return
        operation = self.journal.operation(run.operation_id)

        def one(group: Sequence[ItemKey]) -> None:
            self._one(run, operation, group)

        try:
            with self._counted(run):
                failed = self.crew.lend_a_hand(run, one, self.groups_at_once)
        except Superseded as error:
            log.info("left to another process: %s", error)
        else:
            if failed is not None:  # the holder looks again at what it left
                log.warning("groups of %s are left as they stand: %s", run.operation_id, failed)

    def _settle(self, run: Run, operation: Operation) -> datetime | None:
        return self.settling.settle_open(run, self._steps(operation).recovered(operation))

    def _one(self, run: Run, operation: Operation, group: Sequence[ItemKey]) -> None:
        """Of a group whose turn comes after a stop only what was begun is finished."""
        if self.resting.is_set():
            return
        items = self.journal.items(run.operation_id, bookings=group)
        if self.starts.stopping(run):
            items = self._left_begun(run, operation, items)
        if items:
            self._steps(operation).carry(run, operation, items)

    def _groups(
        self, run: Run, operation: Operation, again: datetime | None
    ) -> list[list[ItemKey]]:
        """Unsettled items whose credit has no open write, and which wait for nobody."""
        waiting = self._waiting(run, operation)
        moving: set[ItemKey] = set()
        if again is not None:
            open_writes = self.journal.open_writes(operation_id=run.operation_id)
            kind = operation.kind
            moving = {item_moved(m, kind) for write in open_writes for m in write.movements}
        unsettled = each_item(self.journal, run.operation_id, states={ItemState.PENDING, *BEGUN})
        items = (
            item
            for item in unsettled
            if item.contact_id not in waiting and item.booking_id not in moving
        )
        return group_items(items, self.group_size, CONTACTS_IN_GROUP)

    def _waiting(self, run: Run, operation: Operation) -> dict[str, datetime]:
        """By contact: until when its items wait for somebody else."""
        items = self.journal.items(run.operation_id, states={ItemState.CANCELLED})
        return self._steps(operation).waiting(operation, items)

    def _waits_until(self, run: Run, operation: Operation) -> datetime | None:
        """When the first of those goes on that wait for somebody else; None: none waits."""
        return min(self._waiting(run, operation).values(), default=None)

    def _unsettled(self, run: Run) -> dict[ItemState, int]:
        return dict(self.journal.progress(run.operation_id).states)

    def _stop_unbegun(self, run: Run, operation: Operation, again: datetime | None) -> None:
        """All at once, however many they are; those with an open write wait for it."""
        if self.starts.stopping(run):
            for group in self._groups(run, operation, again):
                items = self.journal.items(run.operation_id, bookings=group)
                self._left_begun(run, operation, items)

    def _left_begun(self, run: Run, operation: Operation, group: Sequence[Item]) -> list[Item]:
        """What of these was begun. The others are stopped: nothing was sent for them."""
        stopped = [
            replace(item, state=ItemState.STOPPED, why=NOT_BEGUN)
            for item in group
            if _unbegun(operation, item)
        ]
        if stopped:
            self.journal.update_items(run, stopped)
        return [item for item in group if not _unbegun(operation, item)]

    def _end(self, run: Run, operation: Operation, left: str) -> datetime | None:
        """Unless the journal knows of something that is still to be carried."""
        try:
            self.journal.end(run, at=self.now(), actor=operation.confirmed_by, left=left)
        except StateConflict as error:
            log.warning("%s", error)
            return self.now() + LOOK_AGAIN
        return None


def _said_by_hubspot(error: GatewayError) -> str:
    """With the name of the store that failed, once."""
    told = str(error)
    return told if told.startswith("HubSpot") else f"HubSpot: {told}"


def _unbegun(operation: Operation, item: Item) -> bool:
    """Whether HubSpot has heard nothing of it; its credit has no open write."""
    if item.state is ItemState.PENDING:
        return True
    begun = kind_of(operation.kind).claimed_is_begun
    claimed = item.state is ItemState.CLAIMED and not begun
    return claimed and not item.cancel_sent


def _follows(operation: Operation) -> bool:
    return operation.state in ENDED and operation.follow_ups is FollowUps.DUE
