"""Students and a second admin who refund the same bookings meanwhile: no credit is given twice.

At the end of each history every balance is what it began with and one credit for each booking that
was refunded, by whomever, once; or the operation names the booking, and a person who decides as it
was makes the balance right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from typing import Any

import pytest

from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.operations.leftovers import About
from core.operations.states import Item, ItemState
from tests.simulation.company.admin_app import AdminApp
from tests.simulation.company.students import Students
from tests.simulation.seeds import Block, blocks
from tests.simulation.test_thinking import look_twice
from tests.simulation.world import ADMIN, Rates, World

FIXED, FRESH, BLOCK = 80, 40, 40
#: Nobody spends: whatever a balance has too much or too little is a refund.
ROUGH = Rates(spend=0.0)


def histories(world: str, first: int) -> Any:
    return blocks(world, range(first, first + FIXED), fresh=FRESH, block=BLOCK)


@pytest.mark.parametrize("block", histories("students", 300_000))
def test_a_student_who_cancels_for_themselves_gets_one_credit(block: Block) -> None:
    block.play(lambda seed: lived(seed, Students()))


@pytest.mark.parametrize("block", histories("second admin", 400_000))
def test_a_booking_that_a_second_admin_refunds_is_refunded_once(block: Block) -> None:
    block.play(lambda seed: lived(seed, Students(), AdminApp()))


def lived(seed: int, *company: Students | AdminApp) -> None:
    world = World(seed, ROUGH, company=company)
    world.run()
    check(world, *company)


def test_the_company_is_rough_enough() -> None:
    """Others refund many of the bookings, before, while and after we do."""
    students, admin = Students(), AdminApp()
    ended: list[ItemState] = []
    by_students = by_admin = 0
    for seed in range(400_000, 400_020):
        world = World(seed, ROUGH, company=[students, admin])
        students.begun.clear()
        admin.begun.clear()
        world.run()
        ended += [item.state for o in world.operations for item in world.store.items(o)]
        by_students += len(students.refunded)
        by_admin += len(admin.refunded)
        students.refunded.clear()
        admin.refunded.clear()

    assert by_students > 5
    assert by_admin > 5
    assert {ItemState.DONE, ItemState.SKIPPED, ItemState.UNDECIDED} <= set(ended)


def check(world: World, *company: Students | AdminApp) -> None:
    """A person decides what is unclear, knowing what the others did."""
    world.quiet_world = True
    world.time = max([world.time, *(at for at, _ in world.plans)])
    world._keep_appointments()
    by_others = {booking: at for each in company for booking, at in each.refunded.items()}
    core = world.process()
    for operation in world.operations:
        for item in core.resolution.unclear(operation, ADMIN):
            assert item.why, f"seed {world.seed}: {item.booking_id} is undecided without a word"
            refunded = item.booking_id in by_others
            core.resolution.rule(
                operation, item.booking_id, ADMIN, refunded=refunded, why="as they told"
            )
            world.see_through([operation])
    look_twice(world)
    told = f"seed {world.seed}"
    named = {
        (each.target_id, each.credit)
        for operation in world.operations
        for each in world.store.foreign_writes(operation)
    }
    for contact in world.contacts:
        for key in SCHOOL.keys:
            if (contact, key) in named:
                continue  # a person decides what each of its changes is worth
            theirs = sum(each.given[contact, key] for each in company)
            ours = sum(i.contact_id == contact and i.credit == key for i in _given_back(world))
            actual = world.crm.balance(Kind.CONTACT, contact, key) + world.corrections(contact, key)
            assert world.started[contact, key] + theirs + ours == actual, f"{told}: {contact} {key}"
    warned = {
        warned.record
        for operation in world.operations
        for warned in world.store.warnings(operation)
        if warned.about in {About.MARK, About.REFUNDED_TWICE}
    }
    given_back = [item.booking_id for item in _given_back(world)]
    assert len(given_back) == len(set(given_back)), f"{told}: refunded twice by us"
    exchanged = _counted_for_another(world, by_others)
    for item in _given_back(world):
        if item.booking_id in by_others:
            # long after ours, the balance alone shows nothing: their mark does
            seen = (item.contact_id, item.credit) in named or item.booking_id in warned
            exchanged[item.contact_id, item.credit] -= not seen
            assert exchanged[item.contact_id, item.credit] >= 0, (
                f"{told}: {item.booking_id} was refunded by others too, and is not named"
            )


def _counted_for_another(world: World, by_others: Collection[str]) -> Counter[tuple[Any, Any]]:
    """Bookings that were left as refunded though nobody had refunded them, by student and credit.

    An app gave one booking's credit and died, and cancelled another one of the same student and
    credit, and died again. Nothing tells whose credit that was: it counts once, for the cancelled.
    """
    left = {
        item.booking_id: (item.contact_id, item.credit)
        for operation in world.operations
        for item in world.store.items(operation)
        if item.state is ItemState.SKIPPED
        and item.why.startswith("already refunded")
        and item.booking_id not in by_others
    }
    return Counter(left.values())


def _given_back(world: World) -> list[Item]:
    return [
        item
        for operation in world.operations
        for item in world.store.items(operation)
        if item.after is not None
    ]
