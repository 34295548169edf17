"""Two stores refund one list at once: no credit twice, and none lost without a word."""

from __future__ import annotations

from collections import Counter

import pytest

from core.domain.credits import SCHOOL
from core.domain.operations import ItemState
from core.domain.records import Kind
from tests.simulation.company.second_desk import SecondDesk, given
from tests.simulation.seeds import Block, blocks
from tests.simulation.world import ADMIN, Rates, World

BLOCK = 50
HISTORIES = blocks("second desk", range(300_000, 300_200), fresh=50, block=BLOCK)


def met(seed: int) -> tuple[World, SecondDesk]:
    other = SecondDesk()
    world = World(seed, Rates(spend=0, other_desk=0, crash=0.01), company=[other])
    world.run()
    world.quiet_world = True
    other.see_through(world)
    return world, other


def credited(world: World, other: SecondDesk) -> Counter[tuple[str, str]]:
    """Each booking that either desk refunded, once."""
    bookings = other.given()
    for operation in world.operations:
        bookings |= given(world.store, operation)
    return Counter(bookings.values())


@pytest.mark.parametrize("block", HISTORIES)
def test_no_credit_comes_back_twice_and_none_is_lost_unnamed(block: Block) -> None:
    block.play(check)


def check(seed: int) -> None:
    """Of each balance as it is, and once the corrections on offer are taken."""
    world, other = met(seed)
    owed = credited(world, other)
    for contact in world.contacts:
        for key in SCHOOL.keys:
            right = world.started[contact, key] + owed[contact, key]
            held = world.crm.balance(Kind.CONTACT, contact, key)
            told = f"seed {seed}: {contact} {key}"
            assert held <= right, f"{told}: twice"
            assert held == right or contact in named(world, other), f"{told}: lost, unnamed"
    core = world.process()
    for operation in world.operations:
        if core.correcting.open(operation, ADMIN):
            plan = core.correcting.preview(operation, ADMIN)
            core.operating.confirm(plan.id, ADMIN, reason="corrections")
            world.see_through([plan.id])
    for contact in world.contacts:
        for key in SCHOOL.keys:
            right = world.started[contact, key] + owed[contact, key]
            held = world.crm.balance(Kind.CONTACT, contact, key)
            assert held <= right, f"seed {seed}: {contact} {key} twice, by a correction on offer"


def test_the_histories_let_both_desks_write() -> None:
    """Else nothing was tried: each gives some, and each is stopped by what it finds."""
    met_ = [met(seed) for seed in range(300_000, 300_060)]

    ours = sum(len(given(w.store, o)) for w, _ in met_ for o in w.operations)
    theirs = sum(len(other.given()) for _, other in met_)
    stopped = sum(
        "another desk" in item.why
        for world, other in met_
        for store, operations in ((world.store, world.operations), (other.store, [other.operation]))
        for operation in filter(None, operations)
        for item in store.items(operation)
        if item.state in {ItemState.FAILED, ItemState.BLOCKED, ItemState.UNDECIDED}
    )
    assert min(ours, theirs, stopped) > 3, (ours, theirs, stopped)


def named(world: World, other: SecondDesk) -> set[str]:
    """Contacts of which either desk tells that something is wrong with what was written."""
    found: set[str] = set()
    for store, operations in ((world.store, world.operations), (other.store, [other.operation])):
        for operation in filter(None, operations):
            found |= {foreign.target_id for foreign in store.foreign_writes(operation)}
            found |= {warned.record for warned in store.warnings(operation)}
            found |= {
                str(item.contact_id)
                for item in store.items(operation)
                if item.state is ItemState.UNDECIDED
            }
    return found
