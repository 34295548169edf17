"""How much faster two workers carry one cancellation than one, where HubSpot's limit is no limit.

    python -m benchmarks.two_workers [--bookings 6000] [--pairs 1] [--latency-ms 20] [--limit 1000]
                                      [--processor 0.4]

The operational store is on PostgreSQL. A turn with one worker, then one with two, each over as many
bookings of as many students made by one seed. The time goes from the first booking's beginning to
the last one's end, and is told for the whole operation too: its follow-ups are the holder's alone.
Workers, sandbox and both databases share the machine's processors, so the processor time of each
is told beside it: two workers cannot use a processor that the sandbox needs. *The most that the
processors allow* is reckoned from the turns of one worker: its own time halved, or all that was
used spread over every processor, whichever is longer. The budget needs three processors, or workers
that have a part of one each, as containers have: ``--processor 0.4`` (Linux, as root).
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import psutil  # type: ignore[import-untyped]

from benchmarks.processor_share import share
from benchmarks.report import Report, at_least, at_most, floor_s
from benchmarks.stack import stack
from core.operations.states import SETTLED
from tests.contract.journal.stores import fresh_database
from tests.crash.company import GROWN_UP_S, Roster, Size
from tests.crash.desk import Desk, write_csv
from tests.crash.school import School
from tests.crash.waiting import wait_for

BUDGETS = (
    at_least("two workers, times as fast as one", 1.6),
    at_most("credits wrong", 0),
    at_most("429s", 0),
)
LEFT_OUT = "the preview, and follow-ups (seats, notes, the check), which the holder does alone"
PATIENCE_S = 900.0
#: A worker has loaded its engine by then.
WARM_S = 10.0
WORKER = "worker"
#: What the programs of the stack are called by.
STACK = {"postgrest": "PostgREST", "postgres": "PostgreSQL", "sandbox": "sandbox"}


@dataclass(frozen=True, kw_only=True)
class Turn:
    """One operation, carried by so many workers."""

    workers: int
    #: From its beginning until every booking was settled, and until it ended.
    seconds: float
    whole_s: float
    calls: int
    #: Balances that are not as they should be.
    wrong: int
    #: Seconds of processor time meanwhile, by program.
    processor_s: Mapping[str, float]


def main() -> int:
    options = _options()
    with stack("--contacts", "50", "--bookings", "100", "--exams", "5") as (folder, settings):
        database = fresh_database(settings["SUPABASE_DB_URL"], "two_workers")
        with closing(Desk(settings, folder, patience_s=PATIENCE_S, database=database)) as desk:
            report = _measure(desk, options)
    return report.tell()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bookings", type=int, default=6_000, help="of each turn")
    parser.add_argument("--pairs", type=int, default=1)
    parser.add_argument("--latency-ms", type=int, default=20)
    parser.add_argument("--limit", type=int, default=1_000, help="requests in ten seconds")
    parser.add_argument("--processor", type=float, help="the part of one that each worker has")
    return parser.parse_args()


def _measure(desk: Desk, options: argparse.Namespace) -> Report:
    desk.core("provision")
    desk.without_a_limit()
    crews = [1, 2] * options.pairs
    rosters = [_roster(desk, n, options.bookings) for n in range(len(crews))]
    time.sleep(GROWN_UP_S)  # else their balances might have been read before they had one
    desk.latency(options.latency_ms)
    desk.hubspot.put("/_sandbox/options", json={"rate_limit": options.limit}).raise_for_status()
    turns = [
        _turn(desk, roster, workers, options.processor)
        for roster, workers in zip(rosters, crews, strict=True)
    ]
    seconds = {n: sum(t.seconds for t in turns if t.workers == n) for n in (1, 2)}
    whole = {n: sum(t.whole_s for t in turns if t.workers == n) for n in (1, 2)}
    stats = desk.hubspot.get("/_sandbox/stats").json()
    found = {
        "two workers, times as fast as one": seconds[1] / seconds[2],
        "the whole operation, times as fast": whole[1] / whole[2],
        "the most that the processors allow": _most(turns, options.processor),
        "credits wrong": sum(turn.wrong for turn in turns),
        "429s": stats["rate_limited"],
    }
    floor = floor_s(turns[0].calls, limit=options.limit, latency_ms=options.latency_ms)
    more = {
        "turns": [asdict(turn) for turn in turns],
        "bookings": options.bookings,
        "processors": os.cpu_count(),
        "of one for each worker": options.processor or 1,
    }
    return Report("two_workers", BUDGETS, found, left_out=LEFT_OUT, floor_s=floor, more=more)


def _roster(desk: Desk, turn: int, bookings: int) -> Roster:
    """The same students in each turn, but for their names."""
    made = Roster(School(desk, tag=f"turn {turn}"), Size(bookings=bookings), random.Random(1))
    made.make()
    return made


def _turn(desk: Desk, roster: Roster, workers: int, processor: float | None) -> Turn:
    chosen = write_csv(desk.folder / f"{roster.school.word}.csv", list(roster.bookings))
    with ExitStack() as ending:
        carrying = [ending.enter_context(desk.worker()) for _ in range(workers)]
        wait_for(lambda: len(desk.journal.workers()) == workers, within_s=PATIENCE_S)
        time.sleep(WARM_S)
        if processor:
            for each in carrying:
                ending.enter_context(share(f"worker-{each.pid}", each.pid, processor))
        before = _processor_s([each.pid for each in carrying])
        id_ = desk.core("cancel", "--bookings", str(chosen), "--reason", "a turn")["operation"]
        begun = wait_for(lambda: desk.journal.operation(id_).started_at, within_s=PATIENCE_S)
        wait_for(lambda: _settled(desk, id_), within_s=PATIENCE_S)
        settled = datetime.now(UTC)
        ended = wait_for(lambda: desk.journal.operation(id_).ended_at, within_s=PATIENCE_S)
        used = _processor_s([each.pid for each in carrying])
    held, should = roster.held(), roster.ledger(())
    return Turn(
        workers=workers,
        seconds=round((settled - begun).total_seconds(), 2),
        whole_s=round((ended - begun).total_seconds(), 2),
        calls=desk.journal.operation(id_).calls,
        wrong=sum(held[key] != should[key] for key in should),
        processor_s={name: round(used[name] - before[name], 1) for name in used},
    )


def _settled(desk: Desk, operation_id: str) -> bool:
    return desk.journal.progress(operation_id).states.keys() <= SETTLED


def _most(turns: Sequence[Turn], processor: float | None) -> float:
    """How much faster two can be at best on so many processors, by what one of them used.
    ``processor``: the part of one that each worker has.
    """
    alone = Counter[str]()
    for turn in turns:
        if turn.workers == 1:
            alone.update(turn.processor_s)
    worker_s = sum(seconds for name, seconds in alone.items() if name.startswith(WORKER))
    one_s = worker_s / (processor or 1)
    return one_s / max(one_s / 2, alone.total() / (os.cpu_count() or 1))


def _processor_s(workers: list[int]) -> Counter[str]:
    """Of each worker, and of all that serves them."""
    used = Counter[str]()
    for process in psutil.Process().children(recursive=True):
        command = " ".join(process.cmdline())
        programs = (name for part, name in STACK.items() if part in command)
        name = next(programs, "") if process.pid not in workers else f"{WORKER} {process.pid}"
        if name:
            times = process.cpu_times()
            used[name] += times.user + times.system
    return used


if __name__ == "__main__":
    sys.exit(main())
