"""Beside an app that thinks between its read and its write no credit is lost unseen."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from core.credits.catalogue import SCHOOL, CreditType
from core.credits.errors import GatewayError, Superseded
from core.credits.records import Kind
from core.credits.writes import MovementKind
from core.operations.foreign.changes import Conflict, ForeignWrite
from core.operations.foreign.corrections import name_of
from core.operations.foreign.when_to_look import LOOKS
from tests.simulation.company.spenders import ThinkingSpenders
from tests.simulation.seeds import Block, blocks
from tests.simulation.world import ADMIN, Crash, Rates, World

BLOCK = 50
Told = Counter[str]


@pytest.mark.parametrize(
    "block", blocks("thinking", range(500_000, 500_300), fresh=100, block=BLOCK)
)
def test_a_thinking_app_erases_no_credit_unseen(block: Block) -> None:
    told = Told()
    block.play(lambda seed: lived(seed, Rates(spend=0.0), told))
    if not block.fixed:
        return
    # so that the histories are about something
    assert told["given again"] > BLOCK / 25, told
    assert told["decided"] > told["undecided"], told
    assert told["unseen"] < told["decided"] / 10, told


@pytest.mark.parametrize(
    "block", blocks("atomic and thinking", range(600_000, 600_050), fresh=50, block=BLOCK)
)
def test_atomic_and_thinking_writers_together_erase_no_credit_unseen(block: Block) -> None:
    told = Told()
    block.play(lambda seed: lived(seed, Rates(spend=0.05, crash=0.05), told))
    assert told["given again"] or not block.fixed, told


def lived(seed: int, rates: Rates, told: Told) -> None:
    """Two admins, faults, and students meanwhile; then the late looks, and a person's word."""
    company = ThinkingSpenders()
    world = World(seed, rates, company=[company])
    world.run()
    world.company = []
    look_twice(world)
    for contact in world.contacts:
        for key in SCHOOL.keys:
            check(world, company, contact, key, told)
    told["erased"] += company.erased
    told["given again"] += sum(
        event.what == "lost credit given again" for event in world.store.events(limit=10_000)
    )


def look_twice(world: World) -> None:
    """By processes that die and requests that get lost, until nothing is due."""
    for by in LOOKS:
        world.time += by + timedelta(seconds=1)
        world.let_arrive()
        for n in range(60):
            world.quiet_world = n > 20
            due = world.store.to_look_at(world.time, 1000)
            if not due:
                break
            try:
                world.process().late_looks.look()
            except (Crash, GatewayError, Superseded):
                continue
            finally:
                world.time += timedelta(seconds=30)
        else:
            raise AssertionError(f"seed {world.seed}: still due after 60 looks")


def check(
    world: World, company: ThinkingSpenders, contact: str, key: CreditType, told: Told
) -> None:
    found = [
        each
        for operation in world.operations
        for each in world.store.foreign_writes(operation)
        if (each.target_id, each.credit) == (contact, key)
    ]
    if (contact, key) in company.unseen:
        told["unseen"] += 1
        return
    if any(each.conflict is Conflict.UNCLEAR for each in found):
        told["undecided"] += 1
        return
    told["decided"] += 1
    due = world.ideal(contact, key) - company.among_themselves[contact, key]
    held = world.crm.balance(Kind.CONTACT, contact, key)
    assert due == held + sum(map(_correction, _open(world, found))), (
        f"seed {world.seed}: {contact} {key} holds {held}, due are {due}: {found}"
    )


def _open(world: World, found: list[ForeignWrite]) -> list[ForeignWrite]:
    done = world.store.claimed([name_of(each) for each in found], MovementKind.CORRECTION)
    return [each for each in found if name_of(each) not in done]


def _correction(each: ForeignWrite) -> int:
    return each.correction


def test_what_stays_open_is_made_up_for_by_the_correction_on_offer() -> None:
    told = Told()
    # one history in 25 leaves something to a person, and in these one of 11
    for seed in range(700_200, 700_280):
        company = ThinkingSpenders()
        world = World(seed, Rates(spend=0.1), company=[company])
        world.run()
        world.company = []
        look_twice(world)
        world.quiet_world = True
        core = world.process()
        for operation in world.operations:
            if core.corrections.open(operation, ADMIN):
                plan = core.corrections.preview(operation, ADMIN)
                told["plans"] += 1
                if len(plan.will_change) == len(plan.rows):
                    core.operation_commands.confirm(plan.id, ADMIN, reason="corrections")
                    world.corrective.append(plan.id)
        world.see_through(world.corrective)
        for contact in world.contacts:
            for key in SCHOOL.keys:
                check(world, company, contact, key, told)
    assert told["plans"], told
