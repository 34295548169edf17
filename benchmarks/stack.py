"""The local stack that a benchmark measures on, in a folder that goes with it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.report import LATENCY_MS, LIMIT
from core.credits.roles import Actor, Role
from scripts.processes import READY_S, local_stack

#: Who asks for what is measured.
ADMIN = Actor(email="admin@example.test", role=Role.ADMIN)
#: What would otherwise begin by itself, and be measured as well.
SCHEDULES = ("CREDIT_DESK_SWEEP_SCHEDULE", "CREDIT_DESK_FULL_SWEEP_SCHEDULE")


@contextmanager
def stack(*args: str, ready_s: float = READY_S) -> Iterator[tuple[Path, dict[str, str]]]:
    """``python -m sandbox up args...``: yields the folder of its state, and its settings."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        up = ("--port", "0", "--state", str(folder / "stack"), *args)
        with local_stack(*up, log=folder / "log", ready_s=ready_s) as settings:
            yield folder, settings


@contextmanager
def with_its_desk(
    *args: str, latency_ms: int = LATENCY_MS, limit: int = LIMIT, ready_s: float = READY_S
) -> Iterator[tuple[Path, dict[str, str]]]:
    """A stack whose desk this process is: its environment says so until the process ends.

    No hold, no schedules, an operational store in ``desk.sqlite`` of the folder. ``limit``:
    requests that HubSpot takes in ten seconds.
    """
    pace = ("--latency-ms", str(latency_ms), "--rate-limit", str(limit))
    with stack(*args, *pace, ready_s=ready_s) as (folder, settings):
        os.environ |= {
            **settings,
            "OPS_DATABASE_URL": f"sqlite:///{folder}/desk.sqlite",
            "CREDIT_DESK_HOLD_S": "0",
            "CREDIT_DESK_ADMINS": ADMIN.email,
            **dict.fromkeys(SCHEDULES, "off"),
        }
        yield folder, settings
