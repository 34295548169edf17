"""A first copy of 100,000 contacts into an empty Supabase, on the whole local stack.

    python -m benchmarks.first_copy [--contacts 100000] [--latency-ms 80]

The desk runs in this process as a worker, the stack in its own; Supabase is emptied before. The
floor is the time that HubSpot's limit gives to the calls made: it allows what is left of a window
at once, and 19 a second on average. What is left out: making the stack, and the start of the desk.
Exits with 1 when a budget is missed.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Mapping
from pathlib import Path
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
from benchmarks.stack import ADMIN, with_its_desk
from core.app import wiring
from core.drift.sweeps import Sweep, SweepMode
from core.mirror.rows import TABLES
from core.settings import load

BUDGETS = (
    at_least("complete", 1),
    # one for each 100 records, and a tenth for where to split and the rest
    at_most("calls for each 100 contacts", 1.1),
    at_most("times the even pace", 1.15),
    at_most("429s", 0),
    at_most("growth of the journal, MB", 10),
    at_most("first row after, s", 2),
    at_most("memory, MB", 500),
)
LEFT_OUT = "making the stack, the start of the desk, a window without calls"


def main() -> int:
    options = _options()
    size = ("--contacts", str(options.contacts), "--bookings", "0", "--exams", "0")
    with with_its_desk(*size, latency_ms=options.latency_ms) as (folder, settings):
        report = _measure(settings, folder)
    return report.tell()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--latency-ms", type=int, default=80)
    return parser.parse_args()


def _measure(env: Mapping[str, str], folder: Path) -> Report:
    with _supabase(env) as supabase:
        for table in TABLES.values():
            supabase.delete(f"/{table}", params={"hubspot_id": "neq."}).raise_for_status()
        runtime = wiring.build(load())
        core = runtime.core
        runtime.start()
        while not core.readiness.working(ADMIN):
            time.sleep(0.1)
        with httpx.Client(base_url=env["HUBSPOT_BASE_URL"], timeout=30) as http:
            time.sleep(WINDOW_S)  # what was asked at the start leaves the window
            http.delete("/_sandbox/stats").raise_for_status()
            before, cpu_s = _journal_mb(folder), time.process_time()
            first_s, sweep = _followed(runtime.core, supabase)
            stats = http.get("/_sandbox/stats").json()
        cpu_s = time.process_time() - cpu_s
        rows = _rows(supabase)
    growth = _journal_mb(folder) - before
    runtime.stop(grace_s=30)
    return _report(
        sweep,
        stats,
        rows,
        {
            "first row after, s": first_s or math.inf,
            "CPU s": cpu_s,
            "growth of the journal, MB": growth,
        },
    )


def _followed(core: Any, supabase: httpx.Client) -> tuple[float, Sweep]:
    """Seconds until the first rows were there, and the copy when it had ended."""
    began, first_s = time.monotonic(), 0.0
    asked = core.sweep_runner.ask(SweepMode.COPY, ADMIN)
    while not (sweep := core.drift_queries.sweep(asked.id, ADMIN)).ended:
        if not first_s and _rows(supabase):
            first_s = time.monotonic() - began
        time.sleep(0.5 if first_s else 0.02)
    return first_s, sweep


def _supabase(env: Mapping[str, str]) -> httpx.Client:
    key = env["SUPABASE_SERVICE_ROLE_KEY"]
    return httpx.Client(
        base_url=f"{env['SUPABASE_URL']}/rest/v1",
        headers={"apikey": key, "Authorization": f"Bearer {key}"},
        timeout=60,
    )


def _rows(supabase: httpx.Client) -> int:
    params = {"select": "hubspot_id", "limit": "1"}
    counted = {"Prefer": "count=exact"}
    answer = supabase.get("/hubspot_contact_credits", params=params, headers=counted)
    return int(answer.headers["content-range"].rpartition("/")[2])


def _journal_mb(folder: Path) -> float:
    """With what is not merged into the file yet."""
    return sum(path.stat().st_size for path in folder.glob("desk.sqlite*")) / 1e6


def _report(
    sweep: Sweep, stats: Mapping[str, Any], rows: int, found: Mapping[str, float]
) -> Report:
    seconds = (sweep.saved_at - sweep.started_at).total_seconds()
    calls, contacts = stats["requests"], sweep.expected["contacts"]
    found = {
        **found,
        "complete": sweep.complete and rows == contacts,
        "calls for each 100 contacts": calls / contacts * 100,
        "times the even pace": seconds / even_s(calls),
        "429s": stats["rate_limited"],
        "memory, MB": peak_mb(),
        "s": seconds,
    }
    more = {
        "state": sweep.state.value,
        "expected": dict(sweep.expected),
        "copied": dict(sweep.copied),
        "rows": rows,
        "drifting": sweep.drifting,
        "steps": sweep.pages,
        "calls": calls,
        "calls_by_kind": stats["by_kind"],
        "window_10s_max": stats["window_10s_max"],
    }
    floor = floor_s(calls)
    return Report("first_copy", BUDGETS, found, left_out=LEFT_OUT, floor_s=floor, more=more)


if __name__ == "__main__":
    sys.exit(main())
