"""A first copy of 100,000 contacts into an empty Supabase, on the whole local stack.

    python -m benchmarks.first_copy [--contacts 100000] [--latency-ms 80]

The desk runs in this process as a worker, the stack in its own; Supabase is emptied before. The
floor is the time that HubSpot's limit gives to the calls made: it allows what is left of a window
at once, and 19 a second on average. What is left out: making the stack, and the start of the desk.
Exits with 1 when a budget is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from benchmarks.sweep import LIMIT, SCHEDULES, WINDOW_S, rss_unit
from core.app import wiring
from core.credits.roles import Actor, Role
from core.drift.sweeps import Sweep, SweepMode
from core.mirror.rows import TABLES
from core.settings import load
from scripts.processes import local_stack

ADMIN = Actor(email="admin@example.test", role=Role.ADMIN)
#: For 100,000 contacts: one call for each 100 records, and a tenth for where to split and the rest.
CALLS_OVER = 1.1
FLOOR_TIMES, JOURNAL_MB = 1.15, 10.0


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        size = ("--contacts", str(options.contacts), "--bookings", "0", "--exams", "0")
        slow = ("--latency-ms", str(options.latency_ms), "--rate-limit", str(LIMIT))
        state, log = Path(folder) / "stack", Path(folder) / "log"
        with local_stack("--port", "0", "--state", str(state), *size, *slow, log=log) as env:
            os.environ |= {**env, "OPS_DATABASE_URL": f"sqlite:///{folder}/desk.sqlite"}
            os.environ |= dict.fromkeys(SCHEDULES, "off")
            report = _measure(env, Path(folder))
    over = _over_budget(report)
    print(json.dumps(report | {"over_budget": over}, indent=2))
    return 1 if over else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--latency-ms", type=int, default=80)
    return parser.parse_args()


def _measure(env: Mapping[str, str], folder: Path) -> dict[str, Any]:
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
    report = _report(sweep, stats) | {
        "rows": rows,
        "first_row_after_s": round(first_s, 2),
        "cpu_s": round(cpu_s, 1),
        "journal_mb": round(growth, 2),
    }
    return report | {"max_rss_mb": round(_max_rss_mb())}


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


def _report(sweep: Sweep, stats: Mapping[str, Any]) -> dict[str, Any]:
    seconds = (sweep.saved_at - sweep.started_at).total_seconds()
    calls = stats["requests"]
    floor_s = calls / LIMIT * WINDOW_S
    return {
        "state": sweep.state.value,
        "expected": dict(sweep.expected),
        "copied": dict(sweep.copied),
        "drifting": sweep.drifting,
        "steps": sweep.pages,
        "calls": calls,
        "calls_by_kind": stats["by_kind"],
        "rate_limited": stats["rate_limited"],
        "window_10s_max": stats["window_10s_max"],
        "seconds": round(seconds, 2),
        "floor_seconds": round(floor_s, 2),
        "times_the_floor": round(seconds / floor_s, 3),
        "left_out": "making the stack, the start of the desk, a window without calls",
    }


def _max_rss_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / rss_unit()


def _over_budget(report: Mapping[str, Any]) -> list[str]:
    """What is asked for and this run did not keep."""
    contacts = report["expected"]["contacts"]
    kept = {
        "complete": report["state"] == "complete" and report["rows"] == contacts,
        f"at most {CALLS_OVER} calls for each 100": report["calls"] <= contacts / 100 * CALLS_OVER,
        f"at most {FLOOR_TIMES} times the floor": report["times_the_floor"] <= FLOOR_TIMES,
        "no 429": report["rate_limited"] == 0,
        f"journal grows by {JOURNAL_MB:g} MB at most": report["journal_mb"] <= JOURNAL_MB,
        "rows within the first second or two": 0 < report["first_row_after_s"] <= 2,
        "500 MB": report["max_rss_mb"] < 500,
    }
    return [budget for budget, well in kept.items() if not well]


if __name__ == "__main__":
    sys.exit(main())
