"""Histories in which two workers carry the groups of one operation, and either may die.

The mate is a process of its own that goes on for some steps whenever the holder stands still
between two of its own: before a request, after an answer, around a transaction of the journal. So
each of them sees the other at any point of a group. Either crashes; the mate is also thought dead
while it only stands still, and wakes when a new run has long taken over what it had in hand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from greenlet import getcurrent, greenlet  # type: ignore[import-untyped]

from core.app.assembly.parts import Core
from core.mirror.copier import MirrorCopier
from core.operations.crew.crew import Crew
from core.operations.protocol.leases import LEASE
from tests.fakes.crm import Fault, Request
from tests.simulation.seeds import Block, blocks
from tests.simulation.test_exactly_once import check
from tests.simulation.world import START, Crash, Rates, World

#: How often the other one goes on, at each step of the one whose turn it is.
TURNS = 0.6
#: How often a mate that stands still is taken for dead.
THOUGHT_DEAD = 0.003


#: Of requests: so that a mate gets as far as its writes.
MILD = {"not_sent": 0.02, "request_lost": 0.02, "answer_lost": 0.03, "late": 0.03}


@dataclass
class CrewWorld(World):
    group_sizes: Sequence[int] = (1,)

    def __post_init__(self) -> None:
        self.mate: greenlet | None = None
        self.mates_process: Core | None = None
        self.wakes_at = START
        self.living: set[str] = set()
        self.seen = Counter[str]()
        super().__post_init__()

    def _crew(self, journal: Any) -> Crew:
        name = self.new_id()
        self.living.add(name)
        return Crew(journal, name, lambda: set(self.living), self._short, self._wait)

    def _short(self) -> bool:
        """The holder is, mostly; the mate has time."""
        return not self._is_mate() and self.rng.random() < 0.8

    def _is_mate(self) -> bool:
        return self.mate is not None and getcurrent() is self.mate

    def _midway(self) -> bool:
        return self.mate is not None and not self.mate.dead

    def _wait(self, seconds: float) -> None:
        """The holder has nothing left to do but wait for the mate."""
        self.seen["waited"] += 1
        self.time += timedelta(seconds=seconds)
        self.let_arrive()
        self._mates_turn()

    # --- whose turn it is

    def _switch(self) -> None:
        if self.quiet_world or self.copying or self.depth != 1 or self.rng.random() >= TURNS:
            return  # a third worker, in the middle of a step of one of the two, is not interrupted
        if self._is_mate():
            getcurrent().parent.switch()
        else:
            self._mates_turn()

    def _mates_turn(self) -> None:
        if not self._midway():
            if self.store.shared_run() is None:
                return  # it would find nothing to do
            self.mates_process = self.mates_process or self.process()
            self.living.add(self._mates_name())
            self.mate = greenlet(self._lend_a_hand)
        elif not self.quiet_world and self.rng.random() < THOUGHT_DEAD:
            self.living.discard(self._mates_name())
            self.wakes_at = self.time + LEASE * 1.1
            self.seen["thought dead"] += 1
        assert self.mate is not None
        if self.time >= self.wakes_at:
            self.mate.switch()

    def _lend_a_hand(self) -> None:
        assert self.mates_process is not None
        try:
            self.mates_process.operation_runner.lend_a_hand()
        except Crash:
            self.living.discard(self._mates_name())
            self.mates_process = None
            self.seen["died"] += 1

    def _mates_name(self) -> str:
        assert self.mates_process is not None
        crew = self.mates_process.operation_runner.crew
        assert crew is not None
        return crew.me

    # --- the steps between which the other goes on

    def _sending(self, request: Request) -> Any:
        if request.what != "write":  # one that may leave leaves: who stands still sends it no more
            self._switch()
        fault: Fault = super()._sending(request)
        if self._is_mate():
            self.seen[f"mate: {request.what}"] += 1
        return fault

    def _answered(self, request: Request) -> None:
        super()._answered(request)
        self._switch()

    def _journal_step(self, mirroring: MirrorCopier) -> None:
        super()._journal_step(mirroring)
        self._switch()

    def run(self) -> None:
        super().run()
        while self._midway():  # it wakes when all is over
            self.time = max(self.time, self.wakes_at)
            self._mates_turn()


def played(world: CrewWorld) -> Counter[str]:
    world.run()
    check(world)
    return world.seen


@pytest.mark.parametrize("block", blocks("crew", range(300_000, 300_150), fresh=50, block=50))
def test_two_workers_in_one_operation_move_each_credit_once(block: Block) -> None:
    rates, seen = Rates(crash=0.005, second_worker=0.005, **MILD), Counter[str]()

    block.play(lambda seed: seen.update(played(CrewWorld(seed, rates))))

    if block.fixed:
        assert seen["mate: write"] > len(block.seeds) // 4, "the mate had little in hand"
        assert seen["waited"], "nobody waited for the mate"


@pytest.mark.parametrize(
    "block", blocks("crew crashes", range(310_000, 310_100), fresh=50, block=50)
)
def test_either_of_the_two_may_die_at_any_step(block: Block) -> None:
    rates, seen = Rates(crash=0.03, second_worker=0.05, spend=0.02, **MILD), Counter[str]()

    block.play(lambda seed: seen.update(played(CrewWorld(seed, rates))))

    if block.fixed:
        assert seen["died"], "no mate died"
        assert seen["thought dead"], "none was taken for dead"
