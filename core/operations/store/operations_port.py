"""The part of the journal that keeps plans, operations and their items."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from core.audit.entries import Entry
from core.audit.store.event_port import Event, Recorded
from core.credits.records import ItemKey
from core.credits.writes import Run
from core.operations.plans import Plan, Row
from core.operations.sought import EVERY_OPERATION, SoughtOperations
from core.operations.states import FollowUps, Item, ItemState, Operation, OperationState, Progress
from core.operations.verdicts import Verdict


class OperationRecords(Protocol):
    """Part of ``Journal``, whose rules hold here too."""

    # plans and operations
    def save_plan(self, plan: Plan) -> None: ...
    def plan(self, plan_id: str) -> Plan:
        """Raises ``UnknownId``."""
        ...

    def plan_rows(
        self,
        plan_id: str,
        *,
        verdicts: Collection[Verdict] = (),
        limit: int | None = None,
        offset: int = 0,
    ) -> list[Row]:
        """A page of a plan, in plan order; raises ``UnknownId``."""
        ...

    def confirm(self, operation: Operation, items: Sequence[Item], *recorded: Recorded) -> bool:
        """Add the operation with its items unless it exists. True if this call added it.

        ``recorded``: what is recorded beside the entries of it in the audit.
        """
        ...

    def confirm_plan(self, operation: Operation, plan: Plan, *recorded: Recorded) -> bool:
        """The same with an item for each row of its plan, as ``item_of`` has it.

        All of them or nothing. Raises ``UnknownId`` when the plan was forgotten meanwhile.
        """
        ...

    def operation(self, operation_id: str) -> Operation:
        """Raises ``UnknownId``."""
        ...

    def operations(
        self,
        *,
        states: Collection[OperationState] = (),
        sought: SoughtOperations = EVERY_OPERATION,
        limit: int = 100,
        offset: int = 0,
    ) -> list[Operation]:
        """Newest first; of all states, where that filter is empty."""
        ...

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
        """Take one drawn move (``OPERATION_MOVES``), with its event.

        Raises ``StateConflict`` when the operation's state has no such move, or is none of
        ``only_from``. Moving to the state it is in already returns it unchanged, without an event.
        """
        ...

    def end(self, run: Run, *, at: datetime, actor: str, left: str = "") -> Operation:
        """Done, or stopped if its stop left bookings; with its event, and its leases freed.

        ``left``: what its follow-ups wait for, which are then due; empty: they are done.

        Raises ``Superseded``, and ``StateConflict`` while an item is not settled or a write is
        open. One that has ended already is returned unchanged.
        """
        ...

    def approve(
        self, operation_id: str, *, by: str, at: datetime, hold_until: datetime
    ) -> Operation:
        """From awaiting approval to held until then, with who said yes and when, and its event.

        Raises ``StateConflict`` when it does not await approval, or ``by`` confirmed it.
        """
        ...

    def begin_run(self, operation_id: str, *, at: datetime) -> tuple[Run, Operation]:
        """A new epoch: every earlier run of this operation is superseded."""
        ...

    def still_ours(self, run: Run) -> None:
        """Raises ``Superseded`` when another process has it now."""
        ...

    def note_waiting(self, run: Run, waiting_for: str) -> None: ...
    def add_calls(self, run: Run, calls: int) -> None: ...

    # items
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
        """In plan order; all states, or all bookings, where the filter is empty.

        ``after``: only those that stand behind this place in the plan.
        """
        ...

    def update_items(self, run: Run, items: Sequence[Item]) -> None:
        """Save what was learned of these. A settled item's claim is released unless it moved.

        "Moved": its write is open, landed or undecided. A done item of an undo frees both claims.
        """
        ...

    def end_follow_ups(self, run: Run, *, at: datetime) -> None:
        """They are done. Raises ``Superseded``, and ``StateConflict`` while a write is open."""
        ...

    def move_follow_ups(
        self, operation_id: str, to: FollowUps, *, at: datetime, actor: str
    ) -> Operation:
        """A person gives them up, or has them tried again: also the notes that were refused.

        With its event; whoever carries them is superseded. Raises ``StateConflict`` unless it has
        ended, and when there is nothing to give up.
        """
        ...

    def reopen(
        self, operation_id: str, states: Collection[ItemState], *, at: datetime, actor: str
    ) -> int:
        """For "retry failed only": back to GIVEN_BACK where the credit landed (``after`` is set),
        to CANCELLED where we cancelled it, else to PENDING. How many were.

        If anything of it is then unsettled, the operation runs again, under a new epoch. Raises
        ``StateConflict`` unless it has ended.
        """
        ...

    def progress(self, operation_id: str) -> Progress:
        """Raises ``UnknownId``."""
        ...

    def progress_of(self, operation_ids: Collection[str]) -> dict[str, Progress]:
        """Of those of these operations that there are, at once."""
        ...

    def unbegun_over(self, keys: Collection[ItemKey]) -> list[tuple[Operation, int]]:
        """Operations that have not begun and plan to change some of these; of how many each.

        Oldest first.
        """
        ...

    def put_away(
        self, operation_id: str, changed: Sequence[Item], *, event: Event, entry: Entry
    ) -> None:
        """Save the state and the words of these failed or blocked bookings, with event and entry.

        Raises:
            StateConflict: it has not ended, or not all of them are failed or blocked any more;
                nothing was saved.
            UnknownId: there is no such operation.
        """
        ...

    def last_ended(self) -> datetime | None:
        """When an operation ended last; None: none has."""
        ...
