"""Fresh seeds: other ones on each run, the same ones again on demand, and none that failed lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation import seeds
from tests.simulation.seeds import Block, blocks


def seeds_of(params: list[object]) -> dict[str, tuple[int, ...]]:
    return {param.id: param.values[0].seeds for param in params}  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seeds, "KNOWN", tmp_path / "seeds.txt")
    monkeypatch.setattr(seeds, "FAILED", tmp_path / "cache" / "failed.txt")
    monkeypatch.setattr(seeds, "ROOT", tmp_path)
    seeds.KNOWN.write_text("# none yet\na world: 7  # gave a credit twice\nanother: 8\n")


def test_fixed_fresh_and_known_seeds_are_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(seeds.SETTING, "5000")

    found = seeds_of(blocks("a world", range(100, 104), fresh=3, block=2))

    assert {
        "fixed 1": (100, 101),
        "fixed 2": (102, 103),
        "fresh 1": (5100, 5101),
        "fresh 2": (5102,),
        "known 1": (7,),
    } == found


def test_fresh_seeds_of_a_run_are_others_than_those_of_the_last() -> None:
    assert 100 == len({seeds.drawn() for _ in range(100)})
    assert all(seeds.FIRST <= int(seeds.drawn()) < seeds.LAST for _ in range(100))


def test_a_seed_that_fails_is_kept_and_told_as_a_line_of_the_file() -> None:
    played: list[int] = []

    def history(seed: int) -> None:
        played.append(seed)
        assert seed != 2, "a credit was lost"

    with pytest.raises(AssertionError, match="a credit was lost") as failed:
        Block("a world", (1, 2, 3)).play(history)

    assert [1, 2] == played
    assert ["failed seed, for seeds.txt: a world: 2"] == failed.value.__notes__
    assert "a world: 2\n" == seeds.FAILED.read_text()
