"""How many processors this process may use: a container may have a part of one.

Linux keeps to it by control groups (cgroups(7)): ``cpu.max`` of version 2, ``cpu.cfs_quota_us`` and
``cpu.cfs_period_us`` of version 1. Elsewhere nothing is known of a limit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

MEMBERSHIPS, MOUNTED = Path("/proc/self/cgroup"), Path("/sys/fs/cgroup")


def processors(memberships: Path = MEMBERSHIPS, mounted: Path = MOUNTED) -> float:
    """The least that a group of this process or one above it allows; infinite without a limit."""
    try:
        told = memberships.read_text().splitlines()
    except OSError:
        return math.inf
    groups = (group for line in told for group in _groups(line, mounted))
    return min((_allowed(group) for group in groups), default=math.inf)


def _groups(line: str, mounted: Path) -> Iterator[Path]:
    """``number:controllers:path``, with no controllers in version 2: the group, and those above.

    A container sees its own group as the first, whatever the path says.
    """
    _, controllers, path = line.split(":", 2)
    if controllers and "cpu" not in controllers.split(","):
        return
    first = mounted / controllers if controllers else mounted
    group = first / path.strip("/")
    yield group
    yield from (each for each in group.parents if each.is_relative_to(first))


def _allowed(group: Path) -> float:
    old = _words(group / "cpu.cfs_quota_us") + _words(group / "cpu.cfs_period_us")
    match _words(group / "cpu.max") or old:
        case quota, period if quota.isdigit():
            return int(quota) / int(period)
    return math.inf  # "max", or -1: no limit; or one of the files cannot be read


def _words(file: Path) -> tuple[str, ...]:
    try:
        return tuple(file.read_text().split())
    except OSError:
        return ()
