"""An operation of 100,000 bookings in bounded memory; what is owed of 145,000 bookings.

    python -m benchmarks.any_size [--bookings 100000] [--history 145000] [--part operation|owed]

Each part runs in a process of its own beside a local stack, and tells of its own peak memory.

- operation: the bookings are chosen, planned, previewed as pages and command show them, confirmed,
  run to the end and taken as CSV, all by one process. HubSpot answers at once and its limit is
  raised, so that a few minutes are enough: its time is no measure, and no budget is kept on it.
  Left out: the web server, which adds about 100 MB of its own.
- owed: everything owed is found, at 150 ms latency and 190 requests / 10 s. Its floor is the time
  that the limit gives to the requests made, 19 a second. Before, it took 28 s.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from benchmarks.report import (
    LATENCY_MS,
    LIMIT,
    Report,
    at_least,
    at_most,
    even_s,
    floor_s,
    peak_mb,
)
from benchmarks.stack import ADMIN, with_its_desk
from core.app import wiring
from core.app.assembly.parts import Core
from core.cli import reports
from core.credits.private_files import private_output
from core.credits.records import BookingStatus
from core.exports.listings import Export, Listing
from core.hubspot.ports.crm import BookingFilter
from core.operations.choosing.select import ByReference
from core.operations.plans import Plan
from core.operations.states import ENDED, FollowUps, ItemState, Operation
from core.operations.verdicts import OperationKind
from core.settings import load
from pages.shared import tables
from pages.shared.operations.choosing.previewing import ORDER, narrowed

MEMORY_MB = 500
#: As it was measured before searches counted and what is owed was read by portions.
OWED_BEFORE_S = 28.0
BUDGETS = (
    at_least("bookings planned, of those asked for", 1),
    at_least("rows previewed, of those asked for", 1),
    at_least("items done, of those that the plan changes", 1),
    at_least("rows reported, of those asked for", 1),
    at_most("operation: memory, MB", MEMORY_MB),
    at_most("owed: memory, MB", MEMORY_MB),
    at_most("owed, s", OWED_BEFORE_S),
    at_most("429s", 0),
)
LEFT_OUT = "the web server, which adds about 100 MB of its own; the time of the operation"
#: So that an operation of this size ends in a few minutes.
RAISED = 5_000
#: Active bookings that can be cancelled are about a third of all.
SHARE_ACTIVE = 4
ACTIVE = BookingFilter(statuses=(BookingStatus.ACTIVE,))
#: Rows whose preview is turned page by page.
PAGE = tables.PAGE_ROWS
#: Until 400,000 bookings are filled in, on a machine that others use as well.
FILLED_S = 900.0
PARTS = ("operation", "owed")


def main() -> int:
    options = _options()
    if options.part:
        size = options.bookings if options.part == "operation" else options.history
        print(json.dumps(_part(options.part, size)))
        return 0
    return _report({part: _apart(part, options) for part in PARTS}, options).tell()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bookings", type=int, default=100_000, help="of the operation")
    parser.add_argument("--history", type=int, default=145_000, help="bookings of the account")
    parser.add_argument("--part", choices=PARTS, help="this one alone, in this process")
    return parser.parse_args()


def _apart(part: str, options: argparse.Namespace) -> dict[str, Any]:
    """What a process of its own tells of this part."""
    size = ("--bookings", str(options.bookings), "--history", str(options.history))
    command = [sys.executable, "-m", "benchmarks.any_size", "--part", part, *size]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def _part(part: str, size: int) -> dict[str, Any]:
    operation = part == "operation"
    bookings = size * SHARE_ACTIVE if operation else size
    people = size if operation else size // 3
    filled = ("--contacts", str(people), "--bookings", str(bookings), "--exams", "600")
    latency_ms, limit = (0, RAISED) if operation else (LATENCY_MS, LIMIT)
    with with_its_desk(*filled, latency_ms=latency_ms, limit=limit, ready_s=FILLED_S) as (
        folder,
        settings,
    ):
        return _operation(size, folder) if operation else _owed(settings)


def _operation(bookings: int, folder: Path) -> dict[str, Any]:
    runtime = wiring.build(load())
    core, watch = runtime.core, _Watch()
    plan = _planned(core, bookings)
    watch.note("plan")
    plan_id, asked, changing = plan.id, len(plan.rows), len(plan.will_change)
    del plan
    previewed = _previewed(core, plan_id)
    watch.note("preview")
    runtime.mirror_threads.start()
    runtime.engine.start(core.carries)
    core.operation_commands.confirm(plan_id, ADMIN, reason="benchmark")
    watch.note("confirm")
    while not _followed_up(core.operation_queries.operation(plan_id, ADMIN)):
        time.sleep(1.0)
    watch.note("run")
    written = _reported(core, plan_id, folder)
    watch.note("report")
    states = core.operation_queries.progress(plan_id, ADMIN).states
    runtime.stop(grace_s=60)
    return {
        "asked": asked,
        "to_change": changing,
        "previewed": previewed,
        "done": states.get(ItemState.DONE, 0),
        "items": {state.value: n for state, n in states.items()},
        "reported": written,
        "seconds": watch.seconds,
        "peak_mb_after": watch.peaks_mb,
        "max_rss_mb": round(peak_mb()),
    }


def _followed_up(operation: Operation) -> bool:
    """Whether it has ended, and nothing follows any more."""
    return operation.state in ENDED and operation.follow_ups is not FollowUps.DUE


class _Watch:
    """How long each step took, and the highest that memory had been when it was over."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.peaks_mb: dict[str, int] = {}
        self._since = time.monotonic()

    def note(self, step: str) -> None:
        now = time.monotonic()
        self.seconds[step], self._since = round(now - self._since, 1), now
        self.peaks_mb[step] = round(peak_mb())


def _planned(core: Core, bookings: int) -> Plan:
    found = core.operation_planner.crm.search_bookings(ACTIVE)
    if len(found) < bookings:
        raise SystemExit(f"only {len(found):,} active bookings in the local HubSpot")
    chosen = ByReference(references=tuple(found[:bookings]))
    return core.operation_planner.preview(OperationKind.CANCEL, chosen, ADMIN)


def _previewed(core: Core, plan_id: str) -> int:
    """Rows seen by whoever turns every page, as the browser gets them; then as a command does."""
    seen = 0
    for start in range(0, len(core.operation_queries.plan(plan_id, ADMIN).rows), PAGE):
        plan = core.operation_queries.plan(plan_id, ADMIN)
        page = narrowed(plan, ORDER, "")[start : start + PAGE]
        seen += len(tables.plan_frame(page, plan.kind, core.catalogue))
    plan = core.operation_queries.plan(plan_id, ADMIN)
    json.dumps(reports.of_plan(plan))
    return seen


def _reported(core: Core, id_: str, folder: Path) -> int:
    """Rows of its CSV, written to a file as the command writes one; and the lines of its report."""
    found = core.operation_queries.operation(id_, ADMIN)
    report = core.operation_queries.report(found, ADMIN)
    told = reports.of_operation(
        found,
        report.progress,
        items=report.needs_eyes,
        retried_at=None,
        now=core.operation_commands.now(),
    )
    json.dumps(told)
    rows = tables.item_table(core.operation_queries.each_item(id_, ADMIN), found.kind)
    export = Export(listing=Listing.OPERATION, table=rows, narrowed={"id": id_})
    with private_output(folder / "operation.csv") as out:
        return core.exporter.write(export, ADMIN, out)


def _owed(env: Mapping[str, str]) -> dict[str, Any]:
    core = wiring.build(load()).core
    with httpx.Client(base_url=env["HUBSPOT_BASE_URL"], timeout=30) as http:
        core.owed_credits.crm.usage()
        http.delete("/_sandbox/stats").raise_for_status()
        began = time.monotonic()
        found = core.owed_credits.summary(ADMIN, first=500)
        seconds = time.monotonic() - began
        stats = http.get("/_sandbox/stats").json()
    usage = core.owed_credits.crm.usage()
    return {
        "found": found.every.number,
        "owed": found.waiting.number,
        "seconds": round(seconds, 1),
        "even pace, s": round(even_s(stats["requests"]), 1),
        "seconds_before": OWED_BEFORE_S,
        "requests": stats["requests"],
        "usage": {kind: n for kind, n in sorted(usage.items()) if n},
        "rate_limited": stats["rate_limited"],
        "max_rss_mb": round(peak_mb()),
    }


def _report(parts: Mapping[str, Mapping[str, Any]], options: argparse.Namespace) -> Report:
    operation, owed = parts["operation"], parts["owed"]
    whole = options.bookings
    found = {
        "bookings planned, of those asked for": operation["asked"] / whole,
        "rows previewed, of those asked for": operation["previewed"] / whole,
        "items done, of those that the plan changes": operation["done"]
        / (operation["to_change"] or math.inf),
        "rows reported, of those asked for": operation["reported"] / whole,
        "operation: memory, MB": operation["max_rss_mb"],
        "owed: memory, MB": owed["max_rss_mb"],
        "owed, s": owed["seconds"],
        "429s": owed["rate_limited"],
    }
    floor = floor_s(owed["requests"])
    return Report("any_size", BUDGETS, found, left_out=LEFT_OUT, floor_s=floor, more=parts)


if __name__ == "__main__":
    sys.exit(main())
