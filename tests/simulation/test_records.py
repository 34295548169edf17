"""Records that go and come back, and rows that a cron makes old again, while operations run."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from datetime import timedelta

import pytest

from core.credits.errors import StateConflict
from core.credits.records import MARKER
from core.drift.sweeps import SweepMode
from core.mirror.copier import HOLD, WAIT_MAX_S
from core.work.work import Work
from tests.simulation.company.archivers import Archiver
from tests.simulation.company.old_copies import OldCopies
from tests.simulation.seeds import Block, blocks
from tests.simulation.stores import differing
from tests.simulation.test_endings import ended
from tests.simulation.test_exactly_once import check
from tests.simulation.world import ADMIN, Rates, World

BLOCK = 25
#: Of a history: no more sweeps than this until the stores are equal.
SWEEPS_MAX = 3


@pytest.mark.parametrize("block", blocks("archive", range(320_000, 320_025), fresh=25, block=BLOCK))
def test_a_record_that_is_archived_for_a_while_costs_nobody_a_credit(block: Block) -> None:
    seen: Counter[str] = Counter()
    block.play(lambda seed: seen.update(archived(seed)))
    assert seen["times"] >= BLOCK / 2 or not block.fixed, seen
    assert seen["retried"] >= 3 or not block.fixed, seen


def archived(seed: int) -> Counter[str]:
    """What could not be done for want of a record is taken up when it is back."""
    archiver = Archiver()
    world = World(seed, Rates(spend=0), company=[archiver])
    world.run()
    world.company = []
    archiver.restore_all(world)
    world.plans.clear()
    ended(world)
    world.quiet_world = True
    retried = 0
    decided = sum(a_person_decides(world, operation) for operation in world.operations)
    for operation in world.operations:
        with suppress(StateConflict):
            world.in_office().operation_commands.retry(operation, ADMIN)
            retried += 1
            world.see_through([operation])
    made_equal(world)
    check(world)
    return Counter(times=archiver.times, retried=retried, decided=decided)


def a_person_decides(world: World, operation: str) -> int:
    """Of writes whose record was away when they were read back: what HubSpot shows now."""
    core = world.in_office()
    undecided = [record.write for record in core.resolution.undecided(operation, ADMIN)]
    for write in undecided:
        marks = world.crm.truth.need(write.kind, write.target_id).versions.get(MARKER, ())
        landed = any(version.value == write.id for version in marks)
        core.resolution.decide(operation, write.id, ADMIN, landed=landed, why="its history")
        world.see_through([operation])
    return len(undecided)


@pytest.mark.parametrize(
    "block", blocks("old rows", range(330_000, 330_025), fresh=25, block=BLOCK)
)
def test_rows_that_a_cron_makes_old_again_are_found_and_repaired(block: Block) -> None:
    seen: Counter[str] = Counter()
    block.play(lambda seed: seen.update(overwritten(seed)))
    rough = min(seen[what] for what in ("runs", "written over", "found")) >= 3
    assert rough or not block.fixed, seen


def overwritten(seed: int) -> Counter[str]:
    """The sweep names each row that differs, and why; what is repaired is as HubSpot has it."""
    cron = OldCopies()
    world = World(seed, Rates(spend=0.05), company=[cron])
    world.run()
    world.quiet_world = True
    world.time = max([world.time, *(at for at, _ in world.plans)])
    world.let_arrive()
    found = made_equal(world)
    check(world)
    return Counter({"runs": cron.runs, "written over": cron.written_over, "found": found})


def made_equal(world: World) -> int:
    """How many rows were repaired. A copy that came upon an archived record is one of them."""
    drain(world)
    found = 0
    for _ in range(SWEEPS_MAX):
        found += sweep_and_repair(world)
        if not differing(world.crm, world.mirror):
            return found
    raise AssertionError(f"seed {world.seed}: {differing(world.crm, world.mirror)}")


def sweep_and_repair(world: World) -> int:
    world.time += timedelta(hours=1)
    core = world.process()
    differ = differing(world.crm, world.mirror)
    asked = core.sweep_runner.ask(SweepMode.FULL, ADMIN)
    while again := core.carries[Work.SWEEP](asked.id):
        world.time = max(world.time, again)
    done = world.store.sweep(asked.id)
    drifts = world.store.drifts(done.id)
    told = f"seed {world.seed}"
    assert done.complete, told
    assert done.unexplained == 0, told
    assert {(d.kind, d.record_id) for d in drifts} == differ, told
    if drifts:
        repair = core.repair_runner.confirm(core.repair_runner.of_all(ADMIN), ADMIN, "all")
        while again := core.carries[Work.REPAIR](repair.id):
            world.time = max(world.time, again)
            drain(world)
    drain(world)
    return len(drifts)


def drain(world: World) -> None:
    """Until nothing is due."""
    world.time += HOLD
    core = world.process()
    for _ in range(50):
        if not core.mirror_copier.drain().taken:
            if not world.store.outbox().due:
                return
            world.time += timedelta(seconds=WAIT_MAX_S)
    raise AssertionError(f"seed {world.seed}: copies are due for ever")
