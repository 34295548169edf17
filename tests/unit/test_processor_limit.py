"""How many processors a process may use, by the control groups of Linux."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from core.work.processor_limit import processors


@pytest.fixture
def mounted(tmp_path: Path) -> Path:
    return tmp_path / "cgroup"


def told(mounted: Path, line: str, **files: str) -> float:
    """``files``: by their path below the mount, ``/`` written as ``__`` and ``.`` as ``_dot_``."""
    for name, text in files.items():
        file = mounted / name.replace("__", "/").replace("_dot_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    memberships = mounted.parent / "memberships"
    memberships.write_text(f"3:memory:/elsewhere\n{line}\n")
    return processors(memberships, mounted)


def test_a_container_of_half_a_processor(mounted: Path) -> None:
    assert 0.5 == told(mounted, "0::/", cpu_dot_max="50000 100000\n")


def test_the_least_of_a_group_and_those_above_it_counts(mounted: Path) -> None:
    given = {"a__cpu_dot_max": "40000 100000", "a__b__cpu_dot_max": "max 100000"}
    assert 0.4 == told(mounted, "0::/a/b", **given)


def test_a_container_whose_path_is_its_hosts(mounted: Path) -> None:
    assert 1.5 == told(mounted, "0::/docker/0a1b", cpu_dot_max="150000 100000")


def test_version_1(mounted: Path) -> None:
    given = {
        "cpu,cpuacct__a__cpu_dot_cfs_quota_us": "20000\n",
        "cpu,cpuacct__a__cpu_dot_cfs_period_us": "100000\n",
    }
    assert 0.2 == told(mounted, "5:cpu,cpuacct:/a", **given)


def test_version_1_without_a_limit(mounted: Path) -> None:
    given = {"cpu__cpu_dot_cfs_quota_us": "-1\n", "cpu__cpu_dot_cfs_period_us": "100000\n"}
    assert math.inf == told(mounted, "5:cpu:/", **given)


def test_a_limit_of_which_a_part_cannot_be_read_is_not_known(mounted: Path) -> None:
    assert math.inf == told(mounted, "5:cpu:/", cpu__cpu_dot_cfs_quota_us="50000\n")
    assert math.inf == told(mounted, "0::/", cpu_dot_max="max\n")


def test_no_limit_is_known_where_there_are_no_groups(mounted: Path) -> None:
    assert math.inf == told(mounted, "0::/")
    assert math.inf == processors(mounted / "nowhere", mounted)


def test_this_machine_is_read_without_an_error() -> None:
    assert processors() > 0
