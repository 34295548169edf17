"""A known sweep of 100,000 contacts on the whole local stack, at the speed that HubSpot allows.

    python -m benchmarks.sweep [--contacts 100000] [--bookings 0] [--mode known]

At 150 ms latency and 190 requests / 10 s, as the design's budgets say (section 12). The desk runs
in this process as a worker, the stack in its own. *Even pace* is the time of the requests made at
19 a second; the floor counts the burst that HubSpot allows. *Compare* is the CPU time of telling
suspects from equal rows.
"""

from __future__ import annotations

import argparse
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.report import (
    WINDOW_S,
    Report,
    at_least,
    at_most,
    even_s,
    floor_s,
    peak_mb,
)
from benchmarks.stack import with_its_desk
from core.app import wiring
from core.credits.roles import Actor, Role
from core.drift import compare
from core.drift.sweeps import READING, Sweep, SweepMode, SweepState
from core.settings import load

#: What the design's section 12 asks for.
BUDGETS = (
    at_least("complete", 1),
    at_most("times the even pace", 1.05),
    at_most("429s", 0),
    at_most("compare, CPU s", 0.2),
    at_most("memory, MB", 500),
)
LEFT_OUT = "the worker's start, other work of the desk, and what is done about the drift"
MANAGER = Actor(email="manager@example.test", role=Role.MANAGER)


def main() -> int:
    options = _options()
    size = ("--contacts", str(options.contacts), "--bookings", str(options.bookings))
    with with_its_desk(*size) as (_, settings):
        report = _measure(SweepMode(options.mode), settings)
    return report.tell()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--bookings", type=int, default=0)
    parser.add_argument("--mode", choices=[mode.value for mode in READING], default="known")
    return parser.parse_args()


@dataclass(slots=True)
class _Watch:
    """CPU seconds of one function, over all threads."""

    cpu_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def on(self) -> Iterator[None]:
        names = vars(compare)
        suspects = names["suspects"]

        def timed(*args: Any) -> list[str]:
            began = time.thread_time()
            found: list[str] = suspects(*args)
            with self._lock:
                self.cpu_s += time.thread_time() - began
            return found

        names["suspects"] = timed
        try:
            yield
        finally:
            names["suspects"] = suspects


def _measure(mode: SweepMode, env: Mapping[str, str]) -> Report:
    runtime = wiring.build(load())
    core = runtime.core
    runtime.start()
    while not core.readiness.working(MANAGER):
        time.sleep(0.1)
    watch = _Watch()
    with httpx.Client(base_url=env["HUBSPOT_BASE_URL"], timeout=30) as http, watch.on():
        time.sleep(WINDOW_S)  # what was asked at the start leaves the window
        http.delete("/_sandbox/stats").raise_for_status()
        asked = core.sweep_runner.ask(mode, MANAGER)
        while not (sweep := core.drift_queries.sweep(asked.id, MANAGER)).ended:
            time.sleep(0.5)
        stats = http.get("/_sandbox/stats").json()
    found = core.drift_queries.counts(sweep.id, MANAGER)
    runtime.stop(grace_s=30)
    causes = {cause.value: number for cause, number in found.items()}
    return _report(sweep, stats, watch, causes)


def _report(
    sweep: Sweep, stats: Mapping[str, Any], watch: _Watch, causes: Mapping[str, int]
) -> Report:
    seconds = (sweep.saved_at - sweep.started_at).total_seconds()
    requests = stats["requests"]
    found = {
        "complete": int(sweep.state is SweepState.COMPLETE and sweep.known == sweep.compared),
        "times the even pace": seconds / even_s(requests),
        "429s": stats["rate_limited"],
        "compare, CPU s": watch.cpu_s,
        "memory, MB": peak_mb(),
        "s": seconds,
    }
    more = {
        "mode": sweep.mode.value,
        "state": sweep.state.value,
        "known": dict(sweep.known),
        "compared": dict(sweep.compared),
        "pages": sweep.pages,
        "requests": requests,
        "window_10s_max": stats["window_10s_max"],
        "causes": causes,
    }
    floor = floor_s(requests)
    return Report("sweep", BUDGETS, found, left_out=LEFT_OUT, floor_s=floor, more=more)


if __name__ == "__main__":
    sys.exit(main())
