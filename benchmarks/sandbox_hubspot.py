"""Whether the local HubSpot is fast enough never to be what is measured.

    python -m benchmarks.sandbox_hubspot [--contacts 100000] [--bookings 300000]

Loads that many objects, restarts from the saved state in a process of its own, asks it over HTTP,
and holds the results to the budgets of `BUDGETS`. Server time is what the handlers took, from
GET /_sandbox/stats; wall time adds HTTP and the client. Exits with 1 when a budget is missed.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import httpx

from benchmarks.report import Report, at_least, at_most, peak_mb
from sandbox.hubspot.portal import BOOKINGS, CONTACTS, CREDITS, EXAMS, MARKER
from sandbox.hubspot.searching import index
from sandbox.hubspot.seed import SeedLink, SeedObject, SeedVersion
from sandbox.hubspot.server import HubSpotServer

TOKEN, FIRST, EXAM_COUNT = "pat-benchmark", 1_000, 300
AT = datetime(2026, 10, 1, tzinfo=UTC)
API = "/crm/objects/2026-09"
BUDGETS = (
    at_most("load, s", 60.0),
    at_most("start, s", 3.0),
    at_most("batch read on the server, ms", 5.0),
    at_most("memory, MB", 2_000.0),
    at_least("batch reads a second", 100.0),
)
LEFT_OUT = "limits and latency, which are set to nothing here"


def objects(contacts: int, bookings: int) -> Iterator[SeedObject]:
    """The account: every third contact has a history."""
    exam = {"mock_type": "Clinical Skills", "exam_date": "2026-12-03", "location": "Toronto"}
    for n in range(EXAM_COUNT):
        values = {**exam, "mock_exam_name": f"Exam {n}", "capacity": "400", "is_active": "true"}
        yield SeedObject(EXAMS, str(FIRST + n), values, AT, AT)
    spent = tuple(SeedVersion(value, AT, "INTEGRATION", "1") for value in ("3", "2", "1"))
    for n in range(contacts):
        person = {"email": f"s{n}@school.example", "firstname": f"First{n}", "lastname": f"Last{n}"}
        values = {**person, "student_id": str(n), **dict.fromkeys(CREDITS, "1")}
        history = {"sj_credits": spent} if n % 3 == 0 else {}
        yield SeedObject(CONTACTS, str(FIRST + n), values, AT, AT, history)
    for n in range(bookings):
        own = {
            "booking_id": f"Clinical Skills-{n}-December 3, 2026",
            "is_active": "Active" if n % 3 else "Cancelled",
            "token_used": "Clinical Skills Token",
            "student_id": str(n // 3),
            "dominant_hand": "Right",
            "idempotency_key": f"key-{n}",
        }
        yield SeedObject(BOOKINGS, str(FIRST + n), {**exam, **own}, AT, AT)


def links(contacts: int, bookings: int) -> Iterator[SeedLink]:
    """Each booking on a contact and on an exam."""
    for n in range(bookings):
        yield SeedLink(BOOKINGS, str(FIRST + n), CONTACTS, str(FIRST + n % contacts))
        yield SeedLink(BOOKINGS, str(FIRST + n), EXAMS, str(FIRST + n % EXAM_COUNT))


def load(state: Path, contacts: int, bookings: int) -> float:
    """Seconds to make and store all of it, with the indexes of the searches."""
    began = time.perf_counter()
    with HubSpotServer(state, token=TOKEN) as server:
        server.store.load(objects(contacts, bookings), links(contacts, bookings))
        index(server.store.database, server.store.catalog.kinds())
    return time.perf_counter() - began


def serve(pipe: Connection, state: str) -> None:
    """The sandbox, until the pipe says so; tells its start and its memory."""
    began = time.perf_counter()
    with HubSpotServer(Path(state), token=TOKEN, rate_limit=10**9, daily_limit=10**9) as server:
        url = server.start()
        pipe.send((url, time.perf_counter() - began))
        pipe.recv()
        pipe.send(peak_mb())


class Asker:
    """Makes requests and reads from the sandbox what they cost it."""

    def __init__(self, url: str, contacts: int, bookings: int) -> None:
        self.sizes = {CONTACTS: contacts, BOOKINGS: bookings, EXAMS: EXAM_COUNT}
        self.rng = random.Random(1)
        headers = {"Authorization": f"Bearer {TOKEN}"}
        self.http = httpx.Client(base_url=url, headers=headers, timeout=60, trust_env=False)
        self.http.put("/_sandbox/options", json={"search_limit": 10**6})

    def ids(self, type_: str, count: int) -> list[dict[str, Any]]:
        last = FIRST + self.sizes[type_]
        return [{"id": str(i)} for i in self.rng.sample(range(FIRST, last), count)]

    def post(self, path: str, body: Any) -> None:
        self.http.post(path, json=body).raise_for_status()

    def read(self, type_: str, count: int = 100, **more: Any) -> None:
        asked = {"inputs": self.ids(type_, count), "properties": [*CREDITS, MARKER, "booking_id"]}
        self.post(f"{API}/{type_}/batch/read", {**asked, **more})

    def update(self) -> None:
        values = {"sj_credits": str(self.rng.randrange(9)), MARKER: str(self.rng.random())}
        inputs = [{**one, "properties": values} for one in self.ids(CONTACTS, 100)]
        self.post(f"{API}/{CONTACTS}/batch/update", {"inputs": inputs})

    def search(self, type_: str, name: str, operator: str, value: str) -> None:
        filter_ = {"propertyName": name, "operator": operator, "value": value}
        body = {"limit": 100, "filterGroups": [{"filters": [filter_]}]}
        self.post(f"{API}/{type_}/search", body)

    def measure(self, ask: Callable[[], None], times: int) -> dict[str, float]:
        """Mean server and wall time of a request in ms."""
        ask()
        self.http.delete("/_sandbox/stats")
        began = time.perf_counter()
        for _ in range(times):
            ask()
        wall_ms = (time.perf_counter() - began) * 1_000 / times
        stats = self.http.get("/_sandbox/stats").json()
        return {"server_ms": round(stats["server_ms"] / times, 2), "wall_ms": round(wall_ms, 2)}

    def rate(self, seconds: float = 3.0) -> float:
        """Batch reads of 100 in a second, over four connections."""
        end = time.perf_counter() + seconds

        def work(_: int) -> int:
            done = 0
            while time.perf_counter() < end:
                self.read(CONTACTS)
                done += 1
            return done

        with ThreadPoolExecutor(4) as pool:
            return round(sum(pool.map(work, range(4))) / seconds, 1)

    def all(self) -> dict[str, dict[str, float]]:
        associations = f"/crm/associations/2026-09/{BOOKINGS}/{CONTACTS}/batch/read"
        words = {"query": "last777", "limit": 20}
        asks: dict[str, tuple[Callable[[], None], int]] = {
            "batch read of 100 contacts": (lambda: self.read(CONTACTS), 100),
            "batch read of 100 bookings": (lambda: self.read(BOOKINGS), 100),
            "batch read of 50 histories": (
                lambda: self.read(CONTACTS, 50, propertiesWithHistory=["sj_credits", MARKER]),
                50,
            ),
            "batch update of 100 contacts": (self.update, 50),
            "associations of 1000 bookings": (
                lambda: self.post(associations, {"inputs": self.ids(BOOKINGS, 1_000)}),
                20,
            ),
            "search by an indexed property": (
                lambda: self.search(BOOKINGS, "is_active", "EQ", "Cancelled"),
                10,
            ),
            "search by modified time": (
                lambda: self.search(CONTACTS, "lastmodifieddate", "GTE", "2026-11-01"),
                10,
            ),
            "search by any other property": (
                lambda: self.search(BOOKINGS, "token_used", "EQ", "none"),
                2,
            ),
            "search for a name": (lambda: self.post(f"{API}/{CONTACTS}/search", words), 10),
        }
        return {name: self.measure(ask, times) for name, (ask, times) in asks.items()}


def run(contacts: int, bookings: int) -> Report:
    """All of it."""
    with tempfile.TemporaryDirectory() as state:
        loaded = load(Path(state), contacts, bookings)
        ours, theirs = multiprocessing.Pipe()
        context = multiprocessing.get_context("spawn")
        child = context.Process(target=serve, args=(theirs, state))
        child.start()
        url, started = ours.recv()
        asker = Asker(url, contacts, bookings)
        calls, rate = asker.all(), asker.rate()
        ours.send("stop")
        memory = ours.recv()
        child.join(30)
    found = {
        "load, s": loaded,
        "start, s": started,
        "batch read on the server, ms": calls["batch read of 100 contacts"]["server_ms"],
        "memory, MB": memory,
        "batch reads a second": rate,
    }
    more = {"contacts": contacts, "bookings": bookings, "calls": calls}
    return Report("sandbox_hubspot", BUDGETS, found, left_out=LEFT_OUT, more=more)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--bookings", type=int, default=300_000)
    options = parser.parse_args()
    return run(options.contacts, options.bookings).tell()


if __name__ == "__main__":
    sys.exit(main())
