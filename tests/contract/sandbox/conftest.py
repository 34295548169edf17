"""A local HubSpot for each test module, a fresh one where a test asks for it."""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.hubspot.seed import SeedLink, SeedObject
from sandbox.hubspot.server import HubSpotServer


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The cases that may ask a real account may reach it, when one is named."""
    host = httpx.URL(os.environ.get("HUBSPOT_CONTRACT_URL", "")).host
    for item in items:
        if host and item.path.name == "test_clients.py":
            item.add_marker(pytest.mark.allow_hosts([host, "127.0.0.1"]), append=False)


TOKEN = "pat-na1-local"
CONTACTS, NOTES, BOOKINGS, EXAMS = "0-1", "0-46", "2-50158943", "2-50158913"
START = datetime(2026, 10, 1, 8, tzinfo=UTC)


def seed() -> tuple[list[SeedObject], list[SeedLink]]:
    """Twenty contacts, two exams, forty bookings: two for each contact."""
    objects = [_object(CONTACTS, 101 + n, _contact(n)) for n in range(20)]
    links: list[SeedLink] = []
    for n, exam in enumerate(("Situational Judgment", "Clinical Skills")):
        values = {"mock_exam_name": exam, "mock_type": exam, "exam_date": f"2026-12-0{n + 1}"}
        more = {"location": "Toronto", "capacity": "40", "total_bookings": "20"}
        objects.append(_object(EXAMS, 901 + n, {**values, **more, "is_active": "true"}))
    for n in range(40):
        objects.append(_object(BOOKINGS, 501 + n, _booking(n)))
        links.append(SeedLink(BOOKINGS, str(501 + n), CONTACTS, str(101 + n // 2)))
        links.append(SeedLink(BOOKINGS, str(501 + n), EXAMS, str(901 + n % 2)))
    return objects, links


def _object(object_type: str, id_: int, properties: dict[str, str | None]) -> SeedObject:
    return SeedObject(object_type, str(id_), properties, START, START)


def _contact(n: int) -> dict[str, str | None]:
    return {
        "email": f"student{n}@school.example",
        "firstname": f"First{n}",
        "lastname": f"Last{n}",
        "student_id": str(7000 + n),
        "sj_credits": str(n % 4),
        "cs_credits": "2",
    }


def _booking(n: int) -> dict[str, str | None]:
    kind = "Situational Judgment" if n % 2 == 0 else "Clinical Skills"
    return {
        "booking_id": f"{kind}-{7000 + n // 2}-December {n % 2 + 1}, 2026",
        "is_active": "Active" if n % 3 else "Cancelled",
        "token_used": f"{kind} Token",
        "mock_type": kind,
        "exam_date": f"2026-12-0{n % 2 + 1}",
    }


class Clock:
    """The time, moved by the test."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 23, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class Sandbox:
    """The server and a plain HTTP client on it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.clock = Clock()
        options = {"token": TOKEN, "now": self.clock, "rate_limit": 1_000_000, **options}
        self.server = HubSpotServer(folder, **options)
        if self.server.store.is_empty():
            self.server.store.load(*seed())
        self.url = self.server.start()
        headers = {"Authorization": f"Bearer {TOKEN}"}
        plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # else a store of certificates is read
        self.http = httpx.Client(base_url=self.url, headers=headers, timeout=60, verify=plain)

    def post(self, path: str, body: Any, status: int = 200) -> Any:
        answer = self.http.post(path, json=body)
        assert status == answer.status_code, answer.text
        return answer.json() if answer.content else None

    def get(self, path: str, status: int = 200, /, **query: Any) -> Any:
        answer = self.http.get(path, params=query or None)
        assert status == answer.status_code, answer.text
        return answer.json()

    def patch(self, path: str, properties: dict[str, Any], status: int = 200) -> Any:
        answer = self.http.patch(path, json={"properties": properties})
        assert status == answer.status_code, answer.text
        return answer.json()

    def put(self, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self.http.put(path, json=body)
        assert status == answer.status_code, answer.text
        return answer.json()

    def faults(self, *faults: dict[str, Any]) -> None:
        self.put("/_sandbox/faults", list(faults))

    def history(self, contact: str, name: str) -> list[dict[str, Any]]:
        body = self.get(f"/crm/v3/objects/0-1/{contact}", propertiesWithHistory=name)
        return list(body["propertiesWithHistory"][name])

    def begin_again(self) -> None:
        """The seed as it was, no faults, no stats; properties and schemas stay."""
        app = self.server.app
        self.clock.now = Clock().now
        app.faults.clear()
        app.senders.unsubscribe()
        app.desk.rules.all.clear()
        app.apps.daily.searches.clear()
        with self.server.store.database.writing() as connection:
            for table in ("objects", "links", "uniques", "words", "counters"):
                connection.execute(f"delete from {table}")  # noqa: S608 - the names above
        self.server.store.load(*seed())
        self.http.delete("/_sandbox/stats")

    def stop(self) -> None:
        self.http.close()
        self.server.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Sandbox]]:
    """Starts a sandbox with options of the test's own."""
    running: list[Sandbox] = []

    def begin(**options: Any) -> Sandbox:
        running.append(Sandbox(tmp_path / "state", **options))
        return running[-1]

    yield begin
    for one in running:
        one.stop()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    one = Sandbox(tmp_path_factory.mktemp("hubspot"))
    yield one
    one.stop()


@pytest.fixture
def hubspot(shared: Sandbox) -> Sandbox:
    """The seeded account, with nothing left of the tests before."""
    shared.begin_again()
    return shared
