"""The table of guards fits the source, and a sample of them is missed when it is taken out.

``make mutants`` takes each of them out; here it is a few, other ones on each run.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from scripts.processes import ROOT
from tests.mutants.mutant import Mutant, NoLongerAppliesError
from tests.mutants.running import Verdict, run, scratch
from tests.mutants.table import MUTANTS
from tests.simulation import seeds

AT_LEAST = 60
SAMPLE = 6
#: Whose tests take seconds.
QUICK = [each for each in MUTANTS if not any("simulation" in test for test in each.tests)]


def sample() -> list[Mutant]:
    chance = random.Random(int(os.environ[seeds.SETTING]))
    return chance.sample(QUICK, SAMPLE)


def test_every_guard_is_in_the_source_as_the_table_has_it() -> None:
    behind = []
    for mutant in MUTANTS:
        try:
            changed = mutant.applied((ROOT / mutant.file).read_text())
        except NoLongerAppliesError as error:
            behind.append(str(error))
        else:
            if mutant.file.endswith(".py"):
                compile(changed, mutant.file, "exec")

    assert [] == behind, "tests/mutants/table.py has to follow the code"
    assert len(MUTANTS) >= AT_LEAST


def test_every_guard_has_a_name_of_its_own_and_tests_that_exist() -> None:
    guards = Counter(mutant.guard for mutant in MUTANTS)
    files = {test.partition("::")[0] for each in MUTANTS for test in each.tests if ".py" in test}

    assert [] == [guard for guard, times in guards.items() if times > 1]
    assert [] == [file for file in sorted(files) if not (ROOT / file).is_file()]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("n", range(SAMPLE))
def test_a_guard_that_is_taken_out_is_missed_by_a_test(n: int) -> None:
    mutant = sample()[n]
    with scratch() as root:
        ran = run(root, mutant)

    assert ran.verdict is Verdict.NOTICED, f"{mutant.guard} ({mutant.file})\n{ran.log}"


def test_a_guard_that_no_test_misses_is_found_and_the_copy_is_whole_again(tmp_path: Path) -> None:
    """The command itself: of two edits one survives, one is no program."""
    (tmp_path / "pyproject.toml").write_text((ROOT / "pyproject.toml").read_text())
    (tmp_path / "rule.py").write_text("def more(n: int) -> int:\n    return n + 1\n")
    (tmp_path / "test_rule.py").write_text(
        "import sys\nsys.path.insert(0, '.')\nfrom rule import more\n\n\n"
        "def test_it() -> None:\n    assert more(1) == 2\n"
    )

    def tried(new: str) -> Verdict:
        edit = Mutant(guard="", file="rule.py", old="n + 1", new=new, tests=("test_rule.py",))
        return run(tmp_path, edit).verdict

    assert Verdict.NOTICED is tried("n")
    assert Verdict.SURVIVED is tried("1 + n")
    assert Verdict.BROKEN is tried("n +")
    assert "return n + 1" in (tmp_path / "rule.py").read_text()
    with pytest.raises(NoLongerAppliesError, match="0 times"):
        Mutant(guard="", file="rule.py", old="n + 2", new="n", tests=()).apply(tmp_path)
