"""Which seeds a simulation runs: fixed ones, fresh ones of each run, and those that failed once.

The fresh ones begin at ``SIMULATION_SEED``, drawn for each run and printed at its head; setting it
repeats a run. A seed that fails is kept in ``.cache/failed_seeds.txt`` and told as the line that
has to be added to ``seeds.txt`` beside this file: those are run every time.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from scripts.processes import ROOT

SETTING, NIGHTLY = "SIMULATION_SEED", "SIMULATION_NIGHTLY"
KNOWN = Path(__file__).with_name("seeds.txt")
FAILED = ROOT / ".cache" / "failed_seeds.txt"
#: Above every fixed seed; the steps leave room for all worlds of a run.
FIRST, LAST, STEP = 10**9, 2**53, 10**6


def drawn() -> str:
    """Where the fresh seeds of a run begin."""
    return str(random.SystemRandom().randrange(FIRST, LAST, STEP))


@dataclass(frozen=True)
class Block:
    """Some histories of one world, for one test."""

    world: str
    seeds: tuple[int, ...]
    #: The same on each run, so that a test may ask how much its histories had in them. Of fresh
    #: ones only what always holds: else a test would fail by chance.
    fixed: bool = False

    def play(self, history: Callable[[int], Any]) -> None:
        """Each of them, up to the first that fails: its seed is kept."""
        for seed in self.seeds:
            try:
                history(seed)
            except Exception as error:
                line = f"{self.world}: {seed}"
                _keep(line)
                error.add_note(f"failed seed, for {KNOWN.relative_to(ROOT)}: {line}")
                raise


def blocks(world: str, fixed: range, *, fresh: int = 0, nightly: int = 0, block: int = 50) -> Any:
    """Parameters of a test: blocks of the fixed seeds, of fresh ones, and what failed once.

    ``nightly``: so many fixed seeds more, played where ``SIMULATION_NIGHTLY`` is set.
    """
    if os.environ.get(NIGHTLY):
        fixed = range(fixed.start, fixed.stop + nightly)
    base = int(os.environ.get(SETTING) or FIRST) + fixed.start
    sets = [
        *(("fixed", some) for some in _parts(fixed, block)),
        *(("fresh", some) for some in _parts(range(base, base + fresh), block)),
        *(("known", some) for some in _parts(_known(world), block)),
    ]
    numbers: dict[str, int] = {}
    params = []
    for kind, some in sets:
        number = numbers[kind] = numbers.get(kind, 0) + 1
        # the same name on each run and in each process, whatever was drawn
        params.append(pytest.param(Block(world, some, kind == "fixed"), id=f"{kind} {number}"))
    return params


def _parts(seeds: Iterable[int], size: int) -> list[tuple[int, ...]]:
    all_ = tuple(seeds)
    return [all_[start : start + size] for start in range(0, len(all_), size)]


def _known(world: str) -> list[int]:
    """Of this world, from the file."""
    found = []
    for line in KNOWN.read_text().splitlines():
        name, _, seed = line.partition("#")[0].rpartition(":")
        if name.strip() == world:
            found.append(int(seed))
    return found


def _keep(line: str) -> None:
    FAILED.parent.mkdir(exist_ok=True)
    with FAILED.open("a") as file:
        file.write(f"{line}\n")
