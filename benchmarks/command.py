"""What a command costs: its start-up in CPU seconds, and 100 bookings cancelled with ``--wait``.

    python -m benchmarks.command [--bookings 100]

CPU seconds (user and system) of whole processes with compiled bytecode, the least of several:
other programs can only add to it. Beside them stands the floor: Python with the three libraries
that no command which reads can do without. The cancellation runs on the whole local stack at
150 ms latency, without a hold; its floor is what its rounds of requests wait for HubSpot, those
of the preview and of the operation, each begun when the one before is answered (`ROUNDS`).
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

import httpx

from benchmarks.report import LATENCY_MS, Report, at_most
from benchmarks.stack import with_its_desk
from core.credits.account import OBJECT_TYPES
from core.credits.records import Kind
from scripts.processes import ROOT

STACK = ("--contacts", "600", "--bookings", "1800", "--exams", "20")
TIMES = 5
#: Of 100 bookings, counted in a trace: the preview beside preflight, then the operation.
ROUNDS = 2 + 11
#: Issue of commands: what each may take, in seconds.
BUDGETS = (
    at_most("--help, CPU s", 0.5),
    at_most("operations --json, CPU s", 0.5),
    at_most("cancel --wait, s", 3.0),
    at_most("429s", 0),
)
LEFT_OUT = "compiling the bytecode, making the tables, and the hold"
#: Without which no command is read, and no journal.
LIBRARIES = "import typer, sqlalchemy, pydantic_settings"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--bookings", type=int, default=100)
    found, more = _measured(parser.parse_args().bookings)
    floor_s = ROUNDS * LATENCY_MS / 1000
    return Report("command", BUDGETS, found, left_out=LEFT_OUT, floor_s=floor_s, more=more).tell()


def _measured(bookings: int) -> tuple[dict[str, float], dict[str, Any]]:
    with with_its_desk(*STACK):
        env = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        _core("provision", env=env)  # compiles, and makes the tables
        started = {
            "the three libraries alone, CPU s": _cpu("-c", LIBRARIES, env=env),
            "--help, CPU s": _cpu("-m", "core", "--help", env=env),
            "operations --json, CPU s": _cpu("-m", "core", "operations", "--json", env=env),
        }
        found, more = _cancelled(bookings, env)
        return started | found, more


def _cpu(*args: str, env: Mapping[str, str]) -> float:
    """The least CPU seconds of a few processes ``python args...``."""
    return round(min(_once(args, env)[0] for _ in range(TIMES)), 3)


def _once(args: tuple[str, ...], env: Mapping[str, str]) -> tuple[float, str]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, *args], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def _core(*args: str, env: Mapping[str, str]) -> Any:
    return json.loads(_once(("-m", "core", *args, "--json"), env)[1])


def _cancelled(bookings: int, env: Mapping[str, str]) -> tuple[dict[str, float], dict[str, Any]]:
    """So many bookings that can be cancelled, by one command that waits for their end."""
    http = httpx.Client(
        base_url=env["HUBSPOT_BASE_URL"],
        headers={"Authorization": f"Bearer {env['HUBSPOT_TOKEN']}"},
        timeout=60,
    )
    active = {"propertyName": "is_active", "operator": "EQ", "value": "Active"}
    body = {"filterGroups": [{"filters": [active]}], "limit": 200}
    found: list[str] = []
    while len(found) < bookings * 2:
        page = http.post(f"/crm/objects/2026-09/{OBJECT_TYPES[Kind.BOOKING]}/search", json=body)
        found += [row["id"] for row in page.raise_for_status().json()["results"]]
        if "paging" not in page.json():
            break
        body["after"] = page.json()["paging"]["next"]["after"]
    rows = _core("cancel", "--ids", ",".join(found), "--dry-run", env=env)["rows"]
    chosen = [row["booking"] for row in rows if row["verdict"] == "will change"][:bookings]
    http.delete("/_sandbox/stats").raise_for_status()
    began = time.monotonic()
    told = _core("cancel", "--ids", ",".join(chosen), "--reason", "benchmark", "--wait", env=env)
    wall = time.monotonic() - began
    stats = http.get("/_sandbox/stats").json()
    measured = {"cancel --wait, s": wall, "429s": stats["rate_limited"]}
    return measured, {
        "bookings": len(chosen),
        "counts": told["counts"],
        "operation, s": told["seconds"],
        "operation, calls": told["calls"],
        "requests": stats["requests"],
    }


if __name__ == "__main__":
    sys.exit(main())
