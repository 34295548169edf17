"""A part of a processor for a process, as a container gives it: a Linux control group."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
PERIOD_US = 100_000


@contextmanager
def share(name: str, pid: int, processors: float) -> Iterator[None]:
    """All threads of the process ``pid`` together have so many ``processors`` meanwhile.

    ``name``: of the group, which is made and removed. Raises OSError where the machine has no such
    groups, or its user may not make one.
    """
    quota = round(processors * PERIOD_US)
    old = ROOT / "cpu"
    group = (old if old.is_dir() else ROOT) / f"{name}-{os.getpid()}"
    group.mkdir()
    try:
        if old.is_dir():
            (group / "cpu.cfs_period_us").write_text(str(PERIOD_US))
            (group / "cpu.cfs_quota_us").write_text(str(quota))
        else:
            (group / "cpu.max").write_text(f"{quota} {PERIOD_US}")
        (group / "cgroup.procs").write_text(str(pid))
        yield
    finally:
        _leave(group.parent, group)  # else it cannot be removed, and hides why a benchmark ended
        group.rmdir()


def _leave(parent: Path, group: Path) -> None:
    for pid in (group / "cgroup.procs").read_text().split():
        (parent / "cgroup.procs").write_text(pid)
