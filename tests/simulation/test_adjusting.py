"""Balances adjusted, undone and refunded to in the storm: each change is there once or not at all.

At the end HubSpot's balance is the first one, and the movements of the journal, and what others
did: nothing else. A balance that is set moved by what its preview said, and text that could not be
read was written over only where that very text stood.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress

import pytest

from core.credits.adjustments import counted_as, named, replaces
from core.credits.catalogue import SCHOOL, CreditType, UnreadableValue, parse_count
from core.credits.errors import BadList, GatewayError, StateConflict
from core.credits.records import Kind
from core.credits.writes import MovementKind, WriteState
from core.operations.choosing.adjustment_lists import Asked
from core.operations.choosing.select import ByReference
from core.operations.commands import NotConfirmed
from core.operations.plans import Plan
from core.operations.states import ENDED, ItemState
from core.operations.verdicts import OperationKind
from tests.simulation.seeds import Block, blocks
from tests.simulation.world import ADMIN, Crash, Rates, World

BLOCK = 100
OPERATIONS_MAX = 4
KEYS = SCHOOL.keys[:2]
UNREADABLE = ("abc", "-1", "2.5")


class Adjusted(World):
    """Admins adjust the balances of few students, take that back, and refund bookings."""

    def _populate(self) -> None:
        rng = self.rng
        #: Counters that a person corrected in HubSpot, in place of text.
        self.by_hand: set[tuple[str, CreditType]] = set()
        self.kind = OperationKind.REFUND
        self.contacts = [str(100 + n) for n in range(rng.randint(1, 3))]
        for contact in self.contacts:
            held: dict[str, int | str | None] = {}
            for key in KEYS:
                text = rng.choice(UNREADABLE) if rng.random() < 0.2 else str(rng.randint(0, 3))
                held[key] = text
                self.started[contact, key] = counts(text)
            self.crm.add_contact(contact, held)
        self.exams = ["70"]
        self.crm.add_exam("70", 2, mock_type="Clinical Skills")
        self.bookings = ["500", "501"]
        for booking in self.bookings:
            self.crm.add_booking(
                booking, contact=rng.choice(self.contacts), exam="70", status="Cancelled",
                token=SCHOOL.credits[0].token,
            )  # fmt: skip

    def run(self) -> None:
        for _ in range(2):
            self.quiet_world = True
            for _ in range(self.rng.randint(1, 2)):
                self._ask()
            if len(self.contacts) > 1 and self.rng.random() < self.rates.merge:
                self._merge()
            self.quiet_world = False
            self.see_through(self.operations)

    def meanwhile(self) -> None:
        if self.rng.random() < 0.1:
            self._by_hand()
        if not self.quiet_world and self.rng.random() < 0.1:
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
                plan = self._plan()
                for _ in range(self.rng.randint(0, 3)):
                    self._spend()
                self.process().operation_commands.confirm(plan.id, ADMIN, reason="the simulation")
        finally:
            self.depth -= 1
            made = [o.id for o in self.store.operations() if o.id not in self.operations]
            self.operations += made

    def _plan(self) -> Plan:
        core, roll = self.process(), self.rng.random()
        if self.operations and roll < 0.3:
            return core.undo_planner.preview(self.rng.choice(self.operations), ADMIN)
        if roll < 0.45:
            chosen = ByReference(references=tuple(self.bookings))
            return core.operation_planner.preview(OperationKind.REFUND, chosen, ADMIN)
        return core.adjustment_planner.preview(
            self._rows() or [self._row(self.contacts[0], KEYS[0])], ADMIN
        )

    def _rows(self) -> list[Asked]:
        every = [(contact, key) for contact in self.contacts for key in KEYS]
        return [self._row(*one) for one in every if self.rng.random() < 0.6]

    def _row(self, contact: str, key: CreditType) -> Asked:
        sign, most = self.rng.choice([("+", 4), ("-", 3), ("=", 4)])
        least = 0 if sign == "=" else 1
        change = f"{sign}{self.rng.randint(least, most)}"
        return Asked(student=contact, credit=key, change=change)

    # --- others

    def held(self, contact: str, key: str) -> str:
        return self.crm.truth.need(Kind.CONTACT, contact).properties.get(key) or ""

    def _spend(self) -> None:
        contact, key = self.rng.choice(self.contacts), self.rng.choice(KEYS)
        held = self.held(contact, key)
        if held.isdecimal() and int(held):
            change: dict[str, int | str | None] = {key: int(held) - 1}
            self.crm.foreign_write(
                Kind.CONTACT, contact, change, source="INTEGRATION", source_id="student-app"
            )
            self.spent[contact, key] += 1

    def _by_hand(self) -> None:
        """A person corrects a balance that cannot be read, at HubSpot's own screen."""
        for contact in self.contacts:
            for key in KEYS:
                if self.held(contact, key) in UNREADABLE and self.rng.random() < 0.2:
                    self.started[contact, key] = self.rng.randint(0, 3)
                    number = self.started[contact, key]
                    self.crm.foreign_write(Kind.CONTACT, contact, {key: number})
                    self.by_hand.add((contact, key))

    def _merge(self) -> None:
        pair = self.rng.sample(self.contacts, 2)
        one = self.crm.merge(Kind.CONTACT, *pair)
        self.merged |= dict.fromkeys(pair, one)
        self.contacts = [id_ for id_ in self.contacts if id_ not in pair] + [one]
        for key in KEYS:
            self.started[one, key] = counts(self.held(one, key))

    def landed(self) -> list[tuple[str, str, CreditType, int, MovementKind]]:
        """Who, under which name, which credit, by how much: of every write that landed."""
        return [
            (record.write.target_id, m.booking_id, m.credit, m.delta, m.kind)
            for operation in self.operations
            for record in self.store.writes(operation)
            if record.state is WriteState.LANDED and record.write.kind is Kind.CONTACT
            for m in record.write.movements
        ]


def counts(text: str) -> int:
    try:
        return parse_count(text)
    except UnreadableValue:
        return counted_as(text)


def check(world: Adjusted) -> Counter[str]:
    told = f"seed {world.seed}"
    for operation in world.operations:
        assert world.store.operation(operation).state in ENDED, told
        for record in world.store.writes(operation):
            assert record.state in {WriteState.LANDED, WriteState.VOID}, told
    landed = world.landed()
    _check_items(world, landed, told)
    for contact in world.contacts:
        for key in KEYS:
            mine = [move for move in landed if move[0] == contact and move[2] == key]
            _check_balance(world, contact, key, mine, told)
    world.copy_all(told)
    return _seen(world, landed)


def _check_items(
    world: Adjusted, landed: list[tuple[str, str, CreditType, int, MovementKind]], told: str
) -> None:
    times = Counter(name for _, name, _, _, kind in landed if kind is MovementKind.ADJUSTMENT)
    assert set(times.values()) <= {1}, f"{told}: {times} moved more than once"
    for operation in world.operations:
        if world.store.operation(operation).kind is not OperationKind.ADJUST:
            continue
        owners = world.store.owners(
            [i.booking_id for i in world.store.items(operation)], MovementKind.ADJUSTMENT
        )
        for item in world.store.items(operation):
            here = owners.get(item.booking_id) == operation and times[item.booking_id]
            assert (item.state is ItemState.DONE) == bool(here), f"{told}: {item}"


def _check_balance(
    world: Adjusted,
    contact: str,
    key: CreditType,
    mine: list[tuple[str, str, CreditType, int, MovementKind]],
    told: str,
) -> None:
    text = world.held(contact, key)
    mended = [name for _, name, _, _, kind in mine
              if kind is MovementKind.ADJUSTMENT and replaces(name) is not None]  # fmt: skip
    if text in UNREADABLE:
        assert not mine, f"{told}: {contact} {key} moved, and holds {text}"
        return
    if (contact, key) in world.by_hand and mended:
        found = [f for o in world.operations for f in world.store.foreign_writes(o)]
        assert any(f.counter == (Kind.CONTACT, contact, key) for f in found), told
        return  # a person says what it shall be
    moved = sum(by for _, _, _, by, _ in mine)
    actual, due = int(text or 0), world.corrections(contact, key)
    ideal = world.started[contact, key] + moved - world.spent[contact, key]
    assert ideal == actual + due, f"{told}: {contact} {key}"


def _seen(
    world: Adjusted, landed: list[tuple[str, str, CreditType, int, MovementKind]]
) -> Counter[str]:
    items = [i for o in world.operations for i in world.store.items(o)]
    adjusted = [name for _, name, _, _, kind in landed if kind is MovementKind.ADJUSTMENT]
    return Counter(
        {
            "given or taken": sum(named(name).change.to is None for name in adjusted),
            "set": sum(named(name).change.to is not None for name in adjusted),
            "mended": sum(replaces(name) is not None for name in adjusted),
            "undone": sum(name.startswith("undo of") for name in adjusted),
            "refunded": sum(kind is MovementKind.REFUND for *_, kind in landed),
            "not set": sum("another balance" in item.why for item in items),
            "too little": sum("below 0" in i.why or "credits are left" in i.why for i in items),
            "void": sum(
                record.state is WriteState.VOID
                for o in world.operations
                for record in world.store.writes(o)
            ),
            "merged": len(world.merged),
        }
    )


@pytest.mark.parametrize(
    "block", blocks("adjusted", range(300), fresh=50, nightly=200, block=BLOCK)
)
def test_each_change_of_a_balance_is_there_once_or_not_at_all(block: Block) -> None:
    seen: Counter[str] = Counter()

    def history(seed: int) -> None:
        rates = Rates(crash=0.03, second_worker=0.05, spend=0.05, merge=0.1, other_desk=0)
        world = Adjusted(seed, rates)
        world.run()
        seen.update(check(world))

    block.play(history)

    if block.fixed:  # of so many histories; else the storm would prove nothing
        assert min(seen.values()) >= 5, seen
