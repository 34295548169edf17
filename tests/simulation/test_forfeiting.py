"""Cancellations with and without refund, and refunds on purpose, in the storm.

What was kept is given back by nobody who did not include it, and is owed in no list: neither by the
journal, nor by HubSpot alone after the journal is lost. Asked of HubSpot's histories throughout.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest

from core.app.assembly.parts import Core
from core.credits.catalogue import SCHOOL, CreditType
from core.credits.errors import BadList, GatewayError, StateConflict
from core.credits.records import FORFEITED, MARKER, TOTAL_BOOKINGS, BookingId, Kind, Version
from core.credits.writes import MovementKind, WriteState
from core.operations.choosing.select import ByReference
from core.operations.commands import NotConfirmed
from core.operations.owed.double_refunds import cancelled_by, is_ours
from core.operations.owed.rules import STATUS, NotOwed, waiting
from core.operations.states import ENDED, ItemState
from core.operations.terms import ORDINARY, Inclusion
from core.operations.verdicts import OperationKind
from tests.fakes.crm import Request
from tests.fakes.journal import MemoryJournal
from tests.simulation.company.students import Students
from tests.simulation.seeds import Block, blocks
from tests.simulation.world import ADMIN, Crash, Rates, World

BLOCK = 100
ROUNDS = 3
OPERATIONS_MAX = 6
#: Looks of the workers.
STORM = 8
KEPT = frozenset({Inclusion.FORFEITED})
CANCEL, FORFEIT, REFUND = OperationKind.CANCEL, OperationKind.FORFEIT, OperationKind.REFUND
#: What admins ask for, the same bookings at a time.
ASKED = (
    *[(FORFEIT, ORDINARY)] * 4,
    (CANCEL, ORDINARY),
    (REFUND, ORDINARY),
    *[(REFUND, KEPT)] * 2,
)


class Keeping(World):
    """Admins cancel, keep, refund and retry, while all of it is under way."""

    #: What is asked for.
    asked = ASKED
    #: Whether what must hold throughout was looked at for the last time.
    over = False
    looks = 0

    def _populate(self) -> None:
        while True:
            super()._populate()
            if self.kind is CANCEL:
                return
            self.crm.__post_init__()  # an account of refunds: another one

    def run(self) -> None:
        for _ in range(ROUNDS):
            self.quiet_world = True  # confirmed in peace; more is asked in the storm
            for _ in range(self.rng.randint(1, 2)):
                self._ask()
            self.quiet_world = False
            self.see_through(self.operations)
        self.quiet_world = True

    def meanwhile(self) -> None:
        self.looks += 1
        if self.looks % STORM == 0:
            self.quiet_world = True  # a short storm, so that there can be many
        if not self.quiet_world and self.rng.random() < 0.2:
            self._ask()

    def _ask(self) -> None:
        if len(self.operations) >= OPERATIONS_MAX:
            return
        self.depth += 1
        try:
            with suppress(Crash, GatewayError, BadList, NotConfirmed, StateConflict):
                if self.operations and self.rng.random() < 0.15:
                    self.process().operation_commands.retry(self.rng.choice(self.operations), ADMIN)
                    return
                kind, include = self.rng.choice(self.asked)
                chosen = tuple(b for b in self.bookings if self.rng.random() < 0.5) or ("500",)
                core, wanted = self.process(), ByReference(references=chosen)
                plan = core.operation_planner.preview(kind, wanted, ADMIN, include=include)
                core.operation_commands.confirm(plan.id, ADMIN, reason="the simulation")
        finally:
            self.depth -= 1
            made = [o.id for o in self.store.operations() if o.id not in self.operations]
            self.operations += made

    def _answered(self, request: Request) -> None:
        if request.changes and not self.over:
            self.holds()
        super()._answered(request)

    def after_a_loss(self) -> Core:
        """A desk whose store is new."""
        return self._assembled(MemoryJournal())

    # --- by HubSpot's own histories

    def versions(self, booking: str, key: str) -> tuple[Version, ...]:
        """Newest first."""
        held = self.crm.truth.need(Kind.BOOKING, booking).versions
        return tuple(reversed(held.get(key, ())))

    def kept(self) -> dict[str, str]:
        """Bookings whose cancellation is that of an operation without refund, with that."""
        found = {}
        keeping = [o for o in self.operations if self.store.operation(o).kind is FORFEIT]
        for booking in self.bookings:
            history = {STATUS: self.versions(booking, STATUS)}
            history[MARKER] = self.versions(booking, MARKER)
            cancel = cancelled_by(history)
            for operation in keeping:
                if cancel is not None and is_ours(cancel, history, operation):
                    found[booking] = operation
        return found

    def given(self) -> Counter[str]:
        """How often each booking's credit has come back by an operation."""
        landed = {
            version.value
            for contact in self.contacts
            for version in self.crm.truth.need(Kind.CONTACT, contact).versions.get(MARKER, ())
        }
        return Counter(
            movement.booking_id
            for operation in self.operations
            for record in self.store.writes(operation)
            if record.write.id in landed
            for movement in record.write.movements
            if movement.kind is MovementKind.REFUND
        )

    def on_purpose(self) -> set[str]:
        """Bookings that somebody refunds although their credit was kept."""
        return {
            item.booking_id
            for operation in self.operations
            if KEPT <= self.store.operation(operation).include
            for item in self.store.items(operation)
        }

    def mark(self, booking: str) -> str:
        return self.crm.truth.need(Kind.BOOKING, booking).properties.get(FORFEITED) or ""

    def holds(self) -> None:
        """What must hold at any moment."""
        told, given, kept = f"seed {self.seed}", self.given(), self.kept()
        on_purpose = self.on_purpose()
        for booking in self.bookings:
            assert given[booking] <= 1, f"{told}: the credit of {booking} came back twice"
            if booking in kept and booking not in on_purpose:
                assert not given[booking], f"{told}: {booking} was kept, and given back"
            if self.mark(booking):
                assert booking in kept, f"{told}: {booking} is marked, and not kept by us"


def check(world: Keeping, *, alone: bool) -> Counter[str]:
    """At the end, in peace. ``alone``: no student's app gave credits meanwhile."""
    told = f"seed {world.seed}"
    for operation in world.operations:
        assert world.store.operation(operation).state in ENDED, told
        for record in world.store.writes(operation):
            assert record.state in {WriteState.LANDED, WriteState.VOID}, told
    world.holds()
    world.over = True
    kept, given = world.kept(), world.given()
    spent = {b: _credit(world, b) for b in world.bookings}
    still = {b for b in kept if spent[b] is not None and not given[b]}
    assert still == {b for b in world.bookings if world.mark(b)}, f"{told}: marks"
    _check_lists(world, still, told)
    _check_seats(world, told)
    if alone:
        _check_balances(world, told)
    return Counter(
        {
            "kept": len(still),
            "on purpose": sum(given[b] for b in kept),
            "given": sum(given[b] for b in world.bookings if b not in kept),
            "of others": sum(
                item.state is ItemState.SKIPPED and "already cancelled by" in item.why
                for operation in world.operations
                for item in world.store.items(operation)
                if world.store.operation(operation).kind is FORFEIT
            ),
        }
    )


def _credit(world: Keeping, booking: str) -> CreditType | None:
    token = world.crm.truth.need(Kind.BOOKING, booking).properties["token_used"]
    return next((c.key for c in SCHOOL.credits if c.token == token), None)


def _check_lists(world: Keeping, still: set[str], told: str) -> None:
    """By the desk, by one whose journal is lost, and by one that finds HubSpot's marks emptied."""
    _never_owed(world.in_office(), still, told)
    _never_owed(world.after_a_loss(), still, f"{told}, store lost")
    for booking in still:
        world.crm.foreign_write(Kind.BOOKING, booking, {FORFEITED: ""})
    _never_owed(world.in_office(), still, f"{told}, marks emptied")


def _never_owed(core: Core, still: set[str], told: str) -> None:
    found = core.owed_credits.listed()
    assert not still & {one.booking.id for one in waiting(found)}, f"{told}: owed"
    said = {one.booking.id for one in found if one.not_owed is NotOwed.FORFEITED}
    # a refund on purpose that found a student's app to have given the credit back holds the claim
    free = still - core.operation_commands.journal.claimed(
        [BookingId(id_) for id_ in still], MovementKind.REFUND
    )
    assert free == said, f"{told}: listed as forfeited"
    if free:
        plan = core.operation_planner.preview(REFUND, ByReference(references=tuple(free)), ADMIN)
        assert not plan.will_change, f"{told}: a plain refund would give it back"


def _check_seats(world: Keeping, told: str) -> None:
    freed = Counter(
        str(item.exam_id)
        for operation in world.operations
        for item in world.store.items(operation)
        if item.cancelled
    )
    for exam in world.exams:
        left = world.seats[exam] - freed[exam]
        assert left == world.crm.balance(Kind.EXAM, exam, TOTAL_BOOKINGS), f"{told}: exam {exam}"


def _check_balances(world: Keeping, told: str) -> None:
    back = Counter(
        (record.write.target_id, movement.credit)
        for operation in world.operations
        for record in world.store.writes(operation)
        if record.state is WriteState.LANDED and record.write.kind is Kind.CONTACT
        for movement in record.write.movements
    )
    for contact in world.contacts:
        for key in SCHOOL.keys:
            ideal = world.started[contact, key] + back[contact, key] - world.spent[contact, key]
            actual = world.crm.balance(Kind.CONTACT, contact, key)
            found = world.corrections(contact, key)
            assert ideal == actual + found, f"{told}: {contact} {key}"


class Alone(Keeping):
    """Nothing but cancellations without refund."""

    asked = ((FORFEIT, ORDINARY),)


@pytest.mark.parametrize("block", blocks("forfeits", range(100), fresh=20, block=BLOCK))
def test_what_was_kept_is_marked_and_never_owed_whatever_goes_wrong(block: Block) -> None:
    _play(block, Alone, {"kept": 100})


@pytest.mark.parametrize("block", blocks("kept or given", range(300), fresh=20, block=BLOCK))
def test_what_was_kept_comes_back_only_when_it_is_included_on_purpose(block: Block) -> None:
    _play(block, Keeping, {"kept": 100, "on purpose": 20, "given": 50})


@pytest.mark.parametrize("block", blocks("kept from students", range(100), fresh=20, block=BLOCK))
def test_what_a_student_cancelled_in_the_same_moment_is_not_marked(block: Block) -> None:
    _play(block, Keeping, {"kept": 50, "of others": 10}, students=True)


def _play(
    block: Block, of: type[Keeping], least: dict[str, int], *, students: bool = False
) -> None:
    seen: Counter[str] = Counter()

    def history(seed: int) -> None:
        world = of(seed, Rates(crash=0.03, second_worker=0.1, spend=0.05))
        if students:
            world.company = (Students(rate=0.15),)
        world.run()
        seen.update(check(world, alone=not students))

    block.play(history)

    if block.fixed:  # of a hundred histories; else the storm would prove nothing
        assert all(seen[what] >= n for what, n in least.items()), seen
