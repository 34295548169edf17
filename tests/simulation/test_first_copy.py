"""A first copy while everybody works: it crashes, changes hands and loses requests, and in the end
every record has its row, none older than what the desk wrote meanwhile: by seeds."""

from __future__ import annotations

from collections import Counter

import pytest

from core.credits.records import Kind
from core.drift.sweeps import SweepMode
from tests.simulation.drift_world import DriftWorld
from tests.simulation.seeds import Block, blocks

BLOCK = 10


@pytest.mark.parametrize("block", blocks("copy", range(410_000, 410_020), fresh=10, block=BLOCK))
def test_every_record_has_its_newest_row_in_the_end(block: Block) -> None:
    seen: Counter[str] = Counter()
    block.play(lambda seed: seen.update(_copied(seed)))
    assert not block.fixed or min(seen[what] for what in ("epochs", "operations", "serial")) > 2
    assert not block.fixed or seen["copied"] > BLOCK * 40, seen


def _copied(seed: int) -> Counter[str]:
    world = DriftWorld(seed)
    world.crm.opaque_lists = bool(seed % 3 == 0)
    left = {kind: _emptied(world, kind) for kind in Kind}
    world.quiet = False

    world.sweep(SweepMode.COPY)

    done = world.store.sweeps(modes=[SweepMode.COPY])[0]
    for kind, held in left.items():
        every = {record.id for record in world.crm.truth.all(kind)}
        assert len(every) == done.known[kind.value], "each was listed once"
        assert done.copied.get(kind.value, 0) <= len(every) - held
    world.calm()
    assert world.differing() <= world.touched, "older than what was written"

    world.sweep()
    world.repair_all()
    assert set() == world.differing()
    copied, operations = sum(done.copied.values()), len(world.operations)
    serial = int(world.crm.opaque_lists)
    return Counter(copied=copied, epochs=done.epoch - 1, operations=operations, serial=serial)


def _emptied(world: DriftWorld, kind: Kind) -> int:
    """As before a first copy, or as after one that another program had begun; how many are left."""
    rows = world.mirror.page(kind, "", 10**6)
    gone = [row for row in rows if world.seed % 2 or world.rng.random() < 0.7]
    world.mirror.delete(kind, gone)
    return len(rows) - len(gone)
