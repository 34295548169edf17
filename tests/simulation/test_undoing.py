"""Refunds, undos and refunds again in the storm: each booking's credit is there once or not at all.

What must hold is asked of HubSpot itself after each of its answers, not only at the end: no credit
is there twice, none can be given while it is there, and no mark is left of one that is gone.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest

from core.credits.catalogue import SCHOOL, CreditType
from core.credits.errors import BadList, GatewayError, StateConflict
from core.credits.records import MARKER, BookingId, Kind
from core.credits.writes import MovementKind, WriteState
from core.operations.choosing.select import ByReference
from core.operations.commands import NotConfirmed
from core.operations.plans import Plan
from core.operations.states import ENDED, OperationState
from core.operations.verdicts import OperationKind
from tests.fakes.crm import Request
from tests.simulation.seeds import Block, blocks
from tests.simulation.world import ADMIN, Crash, Rates, World

BLOCK = 100
ROUNDS = 6
OPERATIONS_MAX = 12
MOVES = {MovementKind.REFUND: 1, MovementKind.UNDO_REFUND: -1}


class Wavering(World):
    """Admins refund, take back and refund again, while all of it is under way."""

    def _populate(self) -> None:
        while True:
            self.seen: Counter[str] = Counter()
            super()._populate()
            if self.kind is OperationKind.REFUND:
                return
            self.crm.__post_init__()  # an account of cancellations: another one

    def run(self) -> None:
        for _ in range(ROUNDS):
            self.quiet_world = True  # confirmed in peace; more is asked in the storm
            for _ in range(self.rng.randint(1, 2)):
                self._ask()
            self.quiet_world = False
            self.see_through(self.operations)

    def meanwhile(self) -> None:
        if not self.quiet_world and self.rng.random() < 0.2:
            self._ask()

    def _ask(self) -> None:
        refunds = [o for o in self.operations if not self.store.operation(o).undoes]
        if len(self.operations) >= OPERATIONS_MAX:
            return
        self.depth += 1
        try:
            with suppress(Crash, GatewayError, BadList, NotConfirmed, StateConflict):
                if refunds and self.rng.random() < 0.2:
                    self.process().operation_commands.retry(self.rng.choice(self.operations), ADMIN)
                    return
                undo = refunds and self.rng.random() < 0.55
                plan = self._undo(self.rng.choice(refunds[-3:])) if undo else self._refund()
                if self.rng.random() < 0.5:
                    self._pass_a_while()
                self.process().operation_commands.confirm(plan.id, ADMIN, reason="the simulation")
        finally:
            self.depth -= 1
            made = [o.id for o in self.store.operations() if o.id not in self.operations]
            self.operations += made

    def _undo(self, refund: str) -> Plan:
        return self.process().undo_planner.preview(refund, ADMIN)

    def _refund(self) -> Plan:
        chosen = tuple(b for b in self.bookings if self.rng.random() < 0.7) or ("500",)
        core = self.process()
        return core.operation_planner.preview(
            OperationKind.REFUND, ByReference(references=chosen), ADMIN
        )

    def _pass_a_while(self) -> None:
        for _ in range(self.rng.randint(1, 20)):
            self._pass_time()

    def _answered(self, request: Request) -> None:
        self.holds()
        super()._answered(request)

    # --- what must hold at any moment

    def there(self) -> dict[str, int]:
        """By HubSpot's own histories: how often each booking's credit is there now."""
        histories = self.crm.truth
        found = dict.fromkeys(self.bookings, 0)
        landed = {
            version.value
            for contact in self.contacts
            for version in histories.need(Kind.CONTACT, contact).versions.get(MARKER, ())
        }
        for operation in self.operations:
            for record in self.store.writes(operation):
                if record.write.id in landed and record.write.kind is Kind.CONTACT:
                    for movement in record.write.movements:
                        found[movement.booking_id] += movement.delta
        return found

    def holds(self) -> None:
        told = f"seed {self.seed}"
        ids = [BookingId(booking) for booking in self.bookings]
        claimed = self.store.claimed(ids, MovementKind.REFUND)
        undoing = self.store.claimed(ids, MovementKind.UNDO_REFUND)
        for booking, times in self.there().items():
            assert times in {0, 1}, f"{told}: the credit of {booking} is there {times} times"
            marked = self.is_marked(booking)
            if booking not in claimed:
                assert not times, f"{told}: {booking} could be given back while its credit is there"
                assert not marked, f"{told}: {booking} is free, and marked"
            if marked and not times:
                assert booking in undoing, f"{told}: {booking} is marked, and its credit is gone"
            self.seen["given"] += times
            self.seen["taken, and marked"] += marked and not times

    def is_marked(self, booking: str) -> bool:
        held = self.crm.truth.need(Kind.BOOKING, booking).properties
        return held.get("token_refunded") == "true"

    def moved(self, contact: str, key: CreditType) -> int:
        return sum(
            movement.delta
            for operation in self.operations
            for record in self.store.writes(operation)
            if record.state is WriteState.LANDED and record.write.target_id == contact
            for movement in record.write.movements
            if movement.credit == key
        )


def check(world: Wavering) -> None:
    told = f"seed {world.seed}"
    for operation in world.operations:
        assert world.store.operation(operation).state in ENDED, told
        for record in world.store.writes(operation):
            assert record.state in {WriteState.LANDED, WriteState.VOID}, told
    for contact in world.contacts:
        for key in SCHOOL.keys:
            ideal = world.started[contact, key] + world.moved(contact, key)
            actual = world.crm.balance(Kind.CONTACT, contact, key)
            found = world.corrections(contact, key)
            assert ideal - world.spent[contact, key] == actual + found, f"{told}: {contact} {key}"
    world.holds()
    for booking, times in world.there().items():
        assert world.is_marked(booking) == (times == 1), f"{told}: the mark of {booking}"
    _check_copies(world, told)


def _check_copies(world: Wavering, told: str) -> None:
    world.copy_all(told)
    rows = world.mirror.rows(Kind.BOOKING, world.bookings)
    for booking, row in rows.items():
        assert row["token_refunded"] == world.is_marked(booking), f"{told}: copy of {booking}"


@pytest.mark.parametrize("block", blocks("undos", range(300), fresh=100, nightly=200, block=BLOCK))
def test_each_credit_is_there_once_or_not_at_all_whatever_is_undone(block: Block) -> None:
    seen: Counter[str] = Counter()

    def history(seed: int) -> None:
        world = Wavering(seed, Rates(crash=0.03, second_worker=0.1, spend=0.05))
        world.run()
        check(world)
        seen.update(world.seen + _told(world))

    block.play(history)

    if not block.fixed:
        return
    # of a hundred histories; else the storm would prove nothing
    assert min(seen[what] for what in ("undone", "given again", "taken, and marked")) >= 20, seen


def _told(world: Wavering) -> Counter[str]:
    moves = Counter(
        (movement.booking_id, movement.kind)
        for operation in world.operations
        for record in world.store.writes(operation)
        if record.state is WriteState.LANDED
        for movement in record.write.movements
    )
    times = [n for (_, kind), n in moves.items() if kind is MovementKind.REFUND]
    stopped = sum(
        world.store.operation(o).state is OperationState.CALLED_OFF for o in world.operations
    )
    return Counter(
        {
            "undone": sum(n for (_, kind), n in moves.items() if kind is MovementKind.UNDO_REFUND),
            "given again": sum(n - 1 for n in times),
            "called off": stopped,
        }
    )
