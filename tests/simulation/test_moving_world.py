"""Every planted drift is found with its cause, none is invented, and repair ends it: by seeds."""

from __future__ import annotations

import os

import pytest

from core.credits.records import Kind
from core.drift import repair as repairing
from core.drift import sweep_pages
from core.drift.causes import Cause
from core.drift.repairs import RowState
from tests.simulation.drift_world import DriftWorld
from tests.simulation.seeds import Block, blocks

FIXED = range(int(os.environ.get("DRIFT_HISTORIES", "120")))
UNREADABLE = {Cause.UNREADABLE_VALUE}


@pytest.fixture(autouse=True)
def _small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a school of forty has many of them."""
    monkeypatch.setattr(sweep_pages, "PAGE", 7)
    monkeypatch.setattr(repairing, "PAGE", 5)


@pytest.mark.parametrize("block", blocks("drift", FIXED, fresh=30, block=1))
def test_what_was_planted_is_found_nothing_is_invented_and_repair_ends_it(block: Block) -> None:
    block.play(_swept_and_repaired)


def _swept_and_repaired(seed: int) -> None:
    world = DriftWorld(seed)
    world.plant()
    world.quiet = False

    found = world.sweep()

    planted = {key: cause for key, cause in found.items() if key not in world.touched}
    assert world.expected == planted
    assert {found[key] for key in world.touched & found.keys()} <= {Cause.CHANGED_IN_HUBSPOT}

    repair = world.repair_all()
    rows = {(r.drift.kind, r.drift.record_id): r for r in world.store.repair_rows(repair)}
    unreadable = {key for key, cause in world.expected.items() if cause in UNREADABLE}
    for key, row in rows.items():
        if key in unreadable:
            assert RowState.NOT_REPAIRABLE is row.state
        elif key not in world.touched:
            assert RowState.REPAIRED is row.state, row

    world.calm()
    world.sweep()
    world.repair_all()
    assert dict.fromkeys(unreadable, Cause.UNREADABLE_VALUE) == world.sweep()
    assert set() == world.differing()


def test_the_histories_are_rough_enough() -> None:
    """Sweeps pause, crash and change hands, and the desk works meanwhile."""
    worlds = [DriftWorld(seed) for seed in range(20)]
    for world in worlds:
        world.plant()
        world.quiet = False
        world.sweep()
        world.repair_all()

    assert sum(len(world.operations) for world in worlds) > 20
    assert sum(world.store.sweeps()[0].epoch for world in worlds) > 100
    assert sum(bool(world.touched) for world in worlds) > 15
    busy = {(Kind.CONTACT, id_) for world in worlds for id_ in world.busy}
    assert sum(world.crm.usage().get("write contacts", 0) for world in worlds) > 20, busy
