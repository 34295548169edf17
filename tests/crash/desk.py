"""Real processes of the desk on a real stack, and what both stores hold."""

from __future__ import annotations

import csv
import json
import os
import secrets
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from core.app.stores import SqlJournal
from core.credits.catalogue import SCHOOL
from core.operations.desks.rules import Takeover
from core.operations.states import ENDED
from scripts.processes import ROOT
from tests.crash.hubspot import HubSpot
from tests.crash.waiting import wait_for

ADMIN = "admin@example.test"
BOOKINGS = "2-50158943"
BATCH = 100
UNLIMITED = 100_000
#: (contact, credit type)
Counter_ = tuple[str, str]


@dataclass
class Desk:
    """One operational store and one stack. ``settings`` is the environment of its processes."""

    stack: Mapping[str, str]
    folder: Path
    #: How long one command may take.
    patience_s: float = 240
    #: Where its operational store is; empty: in a file of the folder.
    database: str = ""

    def __post_init__(self) -> None:
        self.hubspot = HubSpot(self.stack)
        key = self.stack["SUPABASE_SERVICE_ROLE_KEY"]
        self.supabase = httpx.Client(
            base_url=f"{self.stack['SUPABASE_URL']}/rest/v1",
            headers={"apikey": key, "Authorization": f"Bearer {key}"},
            timeout=60,
        )
        self.environment = {
            **os.environ,
            **self.stack,
            "OPS_DATABASE_URL": self.database or f"sqlite:///{self.folder}/desk.sqlite",
            "CREDIT_DESK_ADMINS": ADMIN,
            "CREDIT_DESK_HOLD_S": "0",
            "CREDIT_DESK_REQUEST_TIMEOUT_S": "2",
            "CREDIT_DESK_QUIET_PERIOD_S": "12.5",
            "CREDIT_DESK_SWEEP_SCHEDULE": self.stack.get("CREDIT_DESK_SWEEP_SCHEDULE", "off"),
            "CREDIT_DESK_FULL_SWEEP_SCHEDULE": "off",
            "CREDIT_DESK_METRICS_TOKEN": secrets.token_hex(16),
            # The folder may hold the settings of `make run`, or of somebody's own account.
            **dict.fromkeys(
                (
                    "CREDIT_DESK_PUBLIC_URL",
                    "CREDIT_DESK_NOTIFY_URLS",
                    "CREDIT_DESK_ALLOWED_DOMAINS",
                    # a sign-in is of a server at one address: who starts one says which
                    "OIDC_CLIENT_ID",
                    "OIDC_CLIENT_SECRET",
                    "OIDC_METADATA_URL",
                    "AUTH_COOKIE_SECRET",
                ),
                "",
            ),
        }

        self.journal = SqlJournal(self.environment["OPS_DATABASE_URL"])
        self._take_over()

    def close(self) -> None:
        self.journal.close()
        self.hubspot.close()
        self.supabase.close()

    def _take_over(self) -> None:
        """Desks of earlier tests wrote on this stack, and their stores are gone."""
        self.journal.take_over(Takeover(at=datetime.now(UTC), by=ADMIN, reason="an earlier test"))
        everyone = {"process": "neq."}
        self.supabase.delete("/credit_desk_desks", params=everyone).raise_for_status()

    @property
    def bearer(self) -> dict[str, str]:
        """The header by which a monitoring system shows itself."""
        return {"Authorization": f"Bearer {self.environment['CREDIT_DESK_METRICS_TOKEN']}"}

    # --- processes

    def core(self, *args: str, fails: bool | None = False) -> Any:
        """``python -m core args... --json``, its report. ``fails`` None: it may or may not."""
        done = subprocess.run(
            [sys.executable, "-m", "core", *args, "--json"],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=self.patience_s,
            check=False,
        )
        assert fails is None or (done.returncode != 0) == fails, done.stderr
        return json.loads(done.stdout) if done.stdout else done.stderr

    def worker(self) -> AbstractContextManager[subprocess.Popen[bytes]]:
        return self._process("worker.log", "-m", "core", "worker")

    def crew_worker(self, role: str) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """See tests/crash/crew_worker.py."""
        return self._process(f"{role}.log", "-m", "tests.crash.crew_worker", role)

    def server(self, port: int) -> AbstractContextManager[subprocess.Popen[bytes]]:
        """As ``deploy/credit-desk.service`` starts it. It carries operations as a worker does."""
        serve = ("-m", "streamlit", "run", "asgi.py", "--server.port", str(port))
        return self._process("server.log", *serve)

    @contextmanager
    def _process(self, log: str, *args: str) -> Iterator[subprocess.Popen[bytes]]:
        command = [sys.executable, *args]
        with (self.folder / log).open("ab") as out:
            process = subprocess.Popen(
                command, cwd=ROOT, env=self.environment, stdout=out, stderr=out
            )
            try:
                yield process
            finally:
                process.kill()
                process.wait()

    def ended(self, operation: Mapping[str, str]) -> bool:
        """From the journal itself: a process of the command line takes a second to ask."""
        return self.journal.operation(operation["operation"]).state in ENDED

    def until_ended(self, operation: Mapping[str, str]) -> None:
        wait_for(lambda: self.ended(operation))

    def until_updates(self, count: int, operation: Mapping[str, str]) -> None:
        """Until HubSpot was asked for so many batch updates in all, or there is none to come."""
        wait_for(lambda: self.updates_made() >= count or self.ended(operation))

    def until_copied(self) -> None:
        wait_for(lambda: self.journal.outbox().due == 0)

    def mirror_is(self, mode: str) -> None:
        """ "up", "dead" or "slow"."""
        fault = {"mode": mode}
        httpx.put(
            f"{self.stack['SUPABASE_URL']}/_sandbox/faults", json=fault, timeout=60
        ).raise_for_status()

    # --- HubSpot, as it is

    def without_a_limit(self) -> None:
        """As fast as it goes: what is tested is not the pace."""
        self._option("rate_limit", UNLIMITED)

    def with_its_limit(self) -> None:
        self._option("rate_limit", 190)

    def latency(self, milliseconds: int) -> None:
        """Of every answer."""
        self._option("latency_ms", milliseconds)

    @contextmanager
    def fault(self, **fault: Any) -> Iterator[None]:
        """HubSpot has this fault meanwhile, as ``sandbox.hubspot.faults`` knows them."""
        self.hubspot.put("/_sandbox/faults", json=[fault]).raise_for_status()
        try:
            yield
        finally:
            self.hubspot.delete("/_sandbox/faults").raise_for_status()

    def _option(self, name: str, value: int) -> None:
        self.hubspot.put("/_sandbox/options", json={name: value}).raise_for_status()

    def updates_made(self) -> int:
        """Batch updates that HubSpot was asked for since it was started."""
        stats = self.hubspot.get("/_sandbox/stats").json()
        return sum(n for kind, n in stats["by_kind"].items() if "batch/update" in kind)

    def active_bookings(self, count: int) -> list[str]:
        """Bookings whose credits can all come back, as a dry run says, whole lists at a time."""
        found: list[str] = []
        after: str | None = None
        while len(found) < count * 2:
            body = {
                "filterGroups": [
                    {
                        "filters": [
                            {"propertyName": "is_active", "operator": "EQ", "value": "Active"}
                        ]
                    }
                ],
                "limit": 200,
                **({"after": after} if after else {}),
            }
            page = self._search(body)
            found += [row["id"] for row in page["results"]]
            if "paging" not in page:
                break
            after = page["paging"]["next"]["after"]
        return found

    def rested_bookings(self, count: int) -> list[str]:
        """So many of them, of the students who were changed longest ago.

        Another desk that gave a student a credit within the last minute, as the one of the test
        before did, leaves doubt whose credit that was, and a person decides.
        """
        ids = self.active_bookings(count)
        of = self.objects(BOOKINGS, ids, ["associated_contact_id"])
        whose = {id_: row["associated_contact_id"] or "" for id_, row in of.items()}
        students = self.objects("0-1", sorted({*whose.values()} - {""}), ["lastmodifieddate"])
        changed = {id_: str(row["lastmodifieddate"]) for id_, row in students.items()}
        unknown = "a date is before this"
        return sorted(ids, key=lambda id_: changed.get(whose[id_], unknown))[:count]

    def _search(self, body: Mapping[str, Any]) -> Any:
        path = f"/crm/objects/2026-09/{BOOKINGS}/search"
        answer = self.hubspot.post(path, json=body)
        answer.raise_for_status()
        return answer.json()

    def objects(self, kind: str, ids: Sequence[str], properties: Sequence[str]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for start in range(0, len(ids), BATCH):
            inputs = [{"id": id_} for id_ in ids[start : start + BATCH]]
            answer = self.hubspot.post(
                f"/crm/objects/2026-09/{kind}/batch/read",
                json={"inputs": inputs, "properties": list(properties)},
            )
            answer.raise_for_status()
            found |= {row["id"]: row["properties"] for row in answer.json()["results"]}
        return found

    def balances(self, counters: Iterable[Counter_]) -> dict[Counter_, int]:
        """In HubSpot, of these (contact, credit) pairs."""
        wanted = sorted(counters)
        read = self.objects("0-1", sorted({id_ for id_, _ in wanted}), SCHOOL.keys)
        return {(id_, key): int(float(read[id_][key] or 0)) for id_, key in wanted}

    def mirrored(self, counters: Iterable[Counter_]) -> dict[Counter_, int]:
        """In Supabase, of these (contact, credit) pairs."""
        wanted = sorted(counters)
        contacts = sorted({id_ for id_, _ in wanted})
        rows: dict[str, Any] = {}
        for start in range(0, len(contacts), BATCH):
            ids = ",".join(contacts[start : start + BATCH])
            answer = self.supabase.get(
                "/hubspot_contact_credits", params={"hubspot_id": f"in.({ids})"}
            )
            rows |= {row["hubspot_id"]: row for row in answer.json()}
        return {(id_, key): rows[id_][key] for id_, key in wanted}


@dataclass(frozen=True)
class Expected:
    """A plan's promise, taken from the balances before anything ran."""

    bookings: list[str]
    #: Every counter that the plan moves, as it must be in the end.
    after: dict[Counter_, int]
    credited: list[str]


def expected(desk: Desk, plan: Mapping[str, Any]) -> Expected:
    rows = [row for row in plan["rows"] if row["verdict"] == "will change"]
    gains = Counter((row["contact"], row["credit"]) for row in rows if row["credit"])
    before = desk.balances(gains)
    return Expected(
        bookings=[row["booking"] for row in rows],
        after={counter: n + gains[counter] for counter, n in before.items()},
        credited=[row["booking"] for row in rows if row["credit"]],
    )


def assert_kept(desk: Desk, promise: Expected) -> None:
    """Both stores hold what the plan of a cancellation promised, and each credit has its mark."""
    assert promise.after == desk.balances(promise.after)
    assert promise.after == desk.mirrored(promise.after)
    held = desk.objects(BOOKINGS, promise.bookings, ["is_active", "token_refunded"])
    assert {"Cancelled"} == {row["is_active"] for row in held.values()}
    assert set(promise.credited) == {
        id_ for id_, row in held.items() if row["token_refunded"] == "true"
    }


def write_csv(path: Path, bookings: Sequence[str]) -> Path:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["booking_id"])
        writer.writerows([id_] for id_ in bookings)
    return path
