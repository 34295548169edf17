"""How much of HubSpot's limit the client uses, and whether it ever meets a 429.

    python -m benchmarks.hubspot_rate [--processes 2] [--requests 761] [--latency-ms 150]

The sandbox and each client run in processes of their own. The time goes from the first request to
the last answer. It is held against the floor, which counts the burst that HubSpot allows, so that
no run is faster than it. One request more than some whole windows: then requests that go out evenly
can be as fast as any, and time that is lost shows.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx

from benchmarks.report import LATENCY_MS, LIMIT, WINDOW_S, Report, at_least, at_most, floor_s
from core.credits.account import Portal
from core.credits.records import ContactId
from core.hubspot.client import connect
from sandbox.hubspot.seed import SeedObject
from sandbox.hubspot.server import HubSpotServer

TOKEN = "pat-benchmark"
CONTACTS, BATCH = 10_000, 100
FIRST_ID = 100_000
BUDGETS = (at_least("share of the floor", 0.95), at_most("429s", 0))
LEFT_OUT = "learning the limit, the process's start, and what is done with the answers"


def serve(pipe: Connection, state: str, latency_ms: int, limit: int) -> None:
    """The sandbox with its contacts, until the pipe closes."""
    at = datetime.now(UTC)
    values = {"cs_credits": "3", "sj_credits": "1", "email": None}
    with HubSpotServer(Path(state), token=TOKEN, latency_ms=latency_ms, rate_limit=limit) as server:
        ids = range(FIRST_ID, FIRST_ID + CONTACTS)
        server.store.load((SeedObject("0-1", str(i), values, at, at) for i in ids), ())
        pipe.send(server.start())
        pipe.recv()


def read(pipe: Connection, base_url: str, slots: str, requests: int) -> None:
    """One process that reads contacts as fast as the limit lets it."""
    client = connect(
        base_url=base_url,
        token=TOKEN,
        api_version="2026-09",
        portal=Portal(),
        now=lambda: datetime.now(UTC),
        slots_url=slots,
    )
    ids = [ContactId(str(FIRST_ID + n)) for n in range(CONTACTS)]
    client.contacts(ids[:1])  # learn the limit
    pipe.send("ready")
    pipe.recv()
    begun, used = time.monotonic(), time.process_time()
    for done in range(0, requests, CONTACTS // BATCH):
        client.contacts(ids[: (requests - done) * BATCH])
    pipe.send((begun, time.monotonic(), time.process_time() - used))
    client.close()


@contextmanager
def child(target: Any, *args: Any) -> Iterator[Connection]:
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=target, args=(there, *args))
    process.start()
    try:
        yield here
    finally:
        here.close()
        process.join(10)
        if process.is_alive():
            process.terminate()


def measure(*, processes: int, requests: int, latency_ms: int, limit: int) -> Report:
    """Run it and say what HubSpot saw."""
    with (
        tempfile.TemporaryDirectory() as folder,
        child(serve, folder, latency_ms, limit) as server,
    ):
        base_url = server.recv()
        slots = f"sqlite:///{folder}/operations.sqlite"
        shares = [(requests + n) // processes for n in range(processes)]
        readers = [child(read, base_url, slots, share) for share in shares]
        pipes = [reader.__enter__() for reader in readers]
        for pipe in pipes:
            pipe.recv()
        httpx.delete(f"{base_url}/_sandbox/stats", trust_env=False)
        time.sleep(WINDOW_S)  # what they read to learn the limit is forgotten
        for pipe in pipes:
            pipe.send("go")
        spans = [pipe.recv() for pipe in pipes]
        stats = httpx.get(f"{base_url}/_sandbox/stats", trust_env=False).json()
        for reader in readers:
            reader.__exit__(None, None, None)
        server.send("stop")
    seconds = max(end for _, end, _ in spans) - min(begun for begun, _, _ in spans)
    sent = int(stats["requests"])
    floor = floor_s(sent, limit=limit, latency_ms=latency_ms)
    found = {"share of the floor": floor / seconds, "429s": stats["rate_limited"], "s": seconds}
    more = {
        "processes": processes,
        "requests": sent,
        "contacts": sent * BATCH,
        "window_10s_max": stats["window_10s_max"],
        "in_flight_max": stats["in_flight_max"],
        "cpu_ms_per_request": round(1000 * sum(cpu for *_, cpu in spans) / sent, 2),
    }
    return Report("hubspot_rate", BUDGETS, found, left_out=LEFT_OUT, floor_s=floor, more=more)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--requests", type=int, default=4 * LIMIT + 1)
    parser.add_argument("--latency-ms", type=int, default=LATENCY_MS)
    parser.add_argument("--limit", type=int, default=LIMIT)
    asked = parser.parse_args()
    report = measure(
        processes=asked.processes,
        requests=asked.requests,
        latency_ms=asked.latency_ms,
        limit=asked.limit,
    )
    return report.tell()


if __name__ == "__main__":
    sys.exit(main())
