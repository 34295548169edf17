"""How soon a change that a webhook tells of is in Supabase, and how soon HubSpot is answered.

The whole way over real processes: a client that signs as HubSpot does, the app's own server, the
journal (SQLite, durable), HubSpot's read by id (the sandbox), PostgREST and PostgreSQL. The clock
starts as the request is sent, and stops when a reader of Supabase sees the new value.
Alone: ``python -m benchmarks.webhook``.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psycopg

from benchmarks.report import LATENCY_MS, Report, at_most
from core.mirror.lag import summarise
from core.mirror.webhook_rules import signature
from core.mirror.webhooks import PATH
from sandbox.ports import choose
from scripts.processes import local_stack, running

#: Records of one delivery.
SIZES = (1, 100)
BUDGETS = (
    *(at_most(f"{n} changed in Supabase, p99 s", 1.0) for n in SIZES),
    *(at_most(f"{n} answered, p99 s", 0.1) for n in SIZES),
)
LEFT_OUT = "HubSpot's own delay before it tells of a change, and the way over the network"
DEADLINE_S = 30.0
READY_S = 90.0
LOOK_S = 0.004
CREDIT = "cs_credits"
SEEN = """select hubspot_id from hubspot_contact_credits
where cs_credits = %s and hubspot_id = any(%s)"""


@dataclass(slots=True)
class Desk:
    """The app, its two stores, and what was seen of both."""

    origin: str
    secret: str
    hubspot: httpx.Client
    app: httpx.Client
    mirror: psycopg.Connection[tuple[int]]
    ids: Sequence[str]
    answers_s: list[float] = field(default_factory=list)
    lags_s: list[float] = field(default_factory=list)

    def edit(self, id_: str, value: int) -> None:
        """Somebody changes it in HubSpot, before HubSpot tells of it."""
        path = f"/_sandbox/objects/0-1/{id_}/edit"
        body = {"properties": {CREDIT: str(value)}}
        self.hubspot.post(path, json=body).raise_for_status()

    def tell(self, ids: Sequence[str]) -> float:
        """One delivery of these records; when it was sent."""
        events = [{"subscriptionType": "contact.propertyChange", "objectId": int(i)} for i in ids]
        body = json.dumps(events).encode()
        stamp = str(time.time_ns() // 1_000_000)
        signed = signature(self.secret, "POST", f"{self.origin}{PATH}", body, stamp)
        headers = {"X-HubSpot-Signature-v3": signed, "X-HubSpot-Request-Timestamp": stamp}
        began = time.perf_counter()
        self.app.post(PATH, content=body, headers=headers).raise_for_status()
        self.answers_s.append(time.perf_counter() - began)
        return began

    def watch(self, ids: Sequence[str], value: int, began: float) -> None:
        """Look until each of them has the value in Supabase."""
        missing = set(ids)
        while missing and time.perf_counter() - began < DEADLINE_S:
            found = self.mirror.execute(SEEN, [value, list(missing)]).fetchall()
            at = time.perf_counter()
            seen = missing & {str(row[0]) for row in found}
            self.lags_s += [at - began] * len(seen)
            missing -= seen
            if missing:
                time.sleep(LOOK_S)
        if missing:
            raise TimeoutError(f"{len(missing)} rows were not copied in {DEADLINE_S:.0f} s")


@contextmanager
def desk(latency_ms: int, contacts: int) -> Iterator[Desk]:
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder)
        port = choose({"app": 0}, {})["app"]
        origin = f"http://127.0.0.1:{port}"
        up = ("--port", "0", "--state", str(state / "stack"), "--latency-ms", str(latency_ms))
        size = ("--contacts", str(contacts), "--bookings", "0", "--exams", "0")
        with local_stack(*up, *size, log=state / "stack.log") as settings:
            env = {
                **os.environ,
                **settings,
                "CREDIT_DESK_PUBLIC_URL": origin,
                "OPS_DATABASE_URL": f"sqlite:///{state / 'desk.sqlite'}",
            }
            command = ["-m", "uvicorn", "asgi:app", "--port", str(port), "--log-level", "warning"]
            with (
                (state / "app.log").open("w") as log,
                running(command, env=env, stdout=log, stderr=log),
                httpx.Client(base_url=origin, timeout=30) as app,
                httpx.Client(
                    base_url=settings["HUBSPOT_BASE_URL"],
                    headers={"Authorization": f"Bearer {settings['HUBSPOT_TOKEN']}"},
                    timeout=30,
                ) as hubspot,
                psycopg.connect(settings["SUPABASE_DB_URL"], autocommit=True) as mirror,
            ):
                _wait_until_healthy(app)
                yield Desk(
                    origin, settings["HUBSPOT_CLIENT_SECRET"], hubspot, app, mirror, _ids(hubspot)
                )


def _wait_until_healthy(app: httpx.Client) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        try:
            if app.get("/api/healthz").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise TimeoutError(f"the app was not healthy in {READY_S:.0f} s")


def _ids(hubspot: httpx.Client) -> list[str]:
    listed = hubspot.get("/crm/v3/objects/contacts", params={"limit": 100}).json()
    return [str(each["id"]) for each in listed["results"]]


def measure(*, deliveries: int, records: int, latency_ms: int) -> dict[str, float]:
    """Seconds of so many deliveries one after another, each of so many records."""
    with desk(latency_ms, contacts=200) as made:
        for n in range(deliveries + 3):
            ids = random.sample(list(made.ids), records)
            for id_ in ids:
                made.edit(id_, 1000 + n)
            made.watch(ids, 1000 + n, made.tell(ids))
            if n == 2:  # the first few find connections closed and modules cold
                made.answers_s.clear()
                made.lags_s.clear()
        lag, answer = summarise(made.lags_s), summarise(made.answers_s)
    return {
        f"{records} changed in Supabase, p50 s": lag.p50_s,
        f"{records} changed in Supabase, p99 s": lag.p99_s,
        f"{records} answered, p50 s": answer.p50_s,
        f"{records} answered, p99 s": answer.p99_s,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deliveries", type=int, default=200)
    parser.add_argument("--latency-ms", type=int, default=LATENCY_MS, help="of HubSpot")
    given = parser.parse_args()
    found: dict[str, float] = {}
    for records in SIZES:
        deliveries = given.deliveries if records == 1 else max(5, given.deliveries // 10)
        found |= measure(deliveries=deliveries, records=records, latency_ms=given.latency_ms)
    # a record is read by its id before it is copied
    floor = given.latency_ms / 1000
    return Report("webhook", BUDGETS, found, left_out=LEFT_OUT, floor_s=floor).tell()


if __name__ == "__main__":
    sys.exit(main())
