"""Ends of operations in the storm: stopped, taken up again, ended by others while one slept."""

from __future__ import annotations

from collections import Counter

import pytest

from core.operations.states import ENDED, SETTLED, ItemState, OperationState
from core.operations.verdicts import OperationKind
from tests.simulation.company.admins import StopAndRetry
from tests.simulation.company.outages import MirrorAway, NotesDown
from tests.simulation.company.zombies import Zombie
from tests.simulation.seeds import Block, blocks
from tests.simulation.test_exactly_once import check
from tests.simulation.world import Rates, World

BLOCK = 50


def ended(world: World) -> None:
    """What has ended is carried by nobody, so nothing of it is left to carry, or held."""
    told = f"seed {world.seed}"
    for operation in world.operations:
        state = world.store.operation(operation).state
        assert state in ENDED, told
        if state is OperationState.CALLED_OFF:
            continue
        open_ = [i for i in world.store.items(operation) if i.state not in SETTLED]
        assert not open_, f"{told}: ended, and carried by nobody: {open_}"
        assert not world.store.open_writes(operation_id=operation), told
    held = {lease.operation_id for lease in world.store.leases()}
    assert not held & set(world.operations), f"{told}: leases of what has ended"


@pytest.mark.parametrize("block", blocks("endings", range(300_000, 300_150), fresh=50, block=BLOCK))
def test_what_has_ended_stays_ended_whoever_wakes_stops_or_retries(block: Block) -> None:
    seen: Counter[str] = Counter()

    def lived(seed: int) -> None:
        zombie, admin = Zombie(), StopAndRetry()
        world = World(seed, Rates(spend=0.05), company=[admin], between=[admin, zombie])
        world.run()
        ended(world)
        check(world)
        seen.update(admin.done + Counter(woken=zombie.woken))

    block.play(lived)
    # else the storm would prove nothing
    rough = min(seen[what] for what in ("stopped", "retried", "woken")) >= 10
    assert rough or not block.fixed, seen


@pytest.mark.parametrize("block", blocks("away", range(310_000, 310_050), fresh=50, block=BLOCK))
def test_notes_and_a_mirror_that_are_away_hold_no_credit_up_and_lose_nothing(block: Block) -> None:
    seen: Counter[str] = Counter()

    def lived(seed: int) -> None:
        notes, mirror = NotesDown(), MirrorAway()
        world = World(seed, Rates(spend=0.05), company=[notes, mirror])
        world.run()
        world.crm.notes_down = False
        world.mirror.come_back()
        ended(world)
        check(world)
        _check_notes(world)
        seen.update(notes=notes.times, mirror=mirror.times, left=_were_left(world))

    block.play(lived)
    rough = min(seen[what] for what in ("notes", "mirror", "left")) >= 10
    assert rough or not block.fixed, seen


def _check_notes(world: World) -> None:
    """One on each contact whose booking was cancelled; a late one may be there twice."""
    noted = {(note.marker, note.contact_id) for note in world.crm.notes}
    for operation in world.operations:
        if world.store.operation(operation).kind is OperationKind.CANCEL:
            done = world.store.items(operation, states={ItemState.DONE})
            for contact in {item.contact_id for item in done}:
                assert (f"credit-desk/{operation}", contact) in noted, f"seed {world.seed}"


def _were_left(world: World) -> int:
    """Operations that ended before their follow-ups were done."""
    done = {e.operation_id for e in world.store.events() if e.what == "follow-ups done"}
    return len(done & set(world.operations))
