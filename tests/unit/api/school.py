"""The API over a desk of fakes, asked as a student app asks it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from api.guard.limits import Limits
from api.guard.tally import Tally
from api.v1.app import AtItsPath, application
from core.access.api_key_rules import ApiKey, Scope
from core.access.api_keys import ApiKeys
from core.app.assembly.parts import Core
from core.credits.records import TOTAL_BOOKINGS, BookingStatus, ContactId, Kind
from core.mirror.store.outbox_port import Due
from core.operations.commands import OperationCommands
from core.students.api_requests import IdempotentRequests
from tests.fakes.pace import MemoryPace
from tests.unit.services.desk import ADMIN, TestDesk

ALL = tuple(Scope)
CS, SHARED = "cs_credits", "shared_mock_credits"
BOOK = {"exam_id": "80", "dominant_hand": "Left"}


@dataclass
class AtOnce:
    """An engine that carries what it is given while it is given it, one at a time."""

    desk: TestDesk
    idle: bool = False
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def submit(self, operation_id: str) -> None:
        if not self.idle:
            with self._turn:
                self.desk.carry(self.desk.journal.operation(operation_id))


class School:
    """One student ``101`` with two Clinical Skills credits and a shared one, and exam ``80``."""

    core: Core
    seconds: float
    #: Whose request it is: IP address and port.
    caller: tuple[str, int]

    def __init__(self, *, wait_s: float = 0, rate: float = 1e6) -> None:
        self.desk = TestDesk()
        self.engine = AtOnce(self.desk)
        self.core = with_engine(self.desk.core, self.engine)
        pace = MemoryPace(lambda: self.seconds)
        api_keys: ApiKeys = replace(self.core.api_keys, pace=pace, rate=rate)
        self.core = replace(self.core, api_keys=api_keys)
        self.exam("80", taken=3)
        self.desk.crm.add_contact("101", {CS: 2, SHARED: 1}, student_id="S1", firstname="Ada")
        self.desk.crm.add_contact("102", {CS: 1}, student_id="S2", firstname="Ben")
        self.key, self.text = self.new_key(*ALL)
        self.seconds = 0.0
        self.caller = ("127.0.0.1", 123)
        self.app = served(application(lambda: self.core, wait_s=wait_s))
        self._numbers = count(1)

    def exam(self, id_: str, taken: int = 0, **properties: str) -> None:
        ordinary = {
            "mock_type": "Clinical Skills",
            "exam_date": "2026-06-01",
            "capacity": "10",
            "is_active": "true",
        }
        self.desk.crm.add_exam(id_, taken, **{**ordinary, **properties})

    def holds(self, contact: str, **balances: str) -> None:
        """Somebody changed it in HubSpot."""
        truth = self.desk.crm.truth
        truth.change(truth.need(Kind.CONTACT, contact), balances)

    def new_key(self, *scopes: Scope, client: str = "student-app") -> tuple[ApiKey, str]:
        return self.core.api_keys.make(client, scopes, ADMIN)

    def mirrored(self) -> None:
        """The mirror holds all exams, of which lists are made."""
        ids = [record.id for record in self.desk.crm.truth.all(Kind.EXAM)]
        self.core.mirror_copier.put([Due(kind=Kind.EXAM, record_id=id_, row=None) for id_ in ids])
        self.desk.drain()

    # asking

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """``path``: below ``/api/v1``. With the school's key unless ``headers`` say otherwise."""
        headers = {"Authorization": f"Bearer {self.text}", **options.pop("headers", {})}
        given = {name: value for name, value in headers.items() if value is not None}

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=self.caller)
            async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
                return await client.request(method, f"/api/v1{path}", headers=given, **options)

        return asyncio.run(send())

    def get(self, path: str, **options: Any) -> httpx.Response:
        return self.ask("GET", path, **options)

    def post(self, path: str, body: Any, key: str = "", **options: Any) -> httpx.Response:
        headers = {"Idempotency-Key": key or f"k{next(self._numbers)}"}
        headers |= options.pop("headers", {})
        return self.ask("POST", path, json=body, headers=headers, **options)

    def book(self, key: str = "", contact: str = "101", **wish: Any) -> httpx.Response:
        return self.post(f"/contacts/{contact}/bookings", BOOK | wish, key)

    def cancel(self, *ids: str, key: str = "", contact: str = "101") -> httpx.Response:
        return self.post(f"/contacts/{contact}/cancellations", {"record_ids": list(ids)}, key)

    def booked(self, **wish: Any) -> str:
        """The id of a booking just made."""
        made = self.book(**wish)
        assert made.status_code == 201, made.text
        return str(made.json()["bookings"][0]["record_id"])

    # what came of it

    def state(self, contact: str = "101", exam: str = "80") -> tuple[int, int, int]:
        """Clinical Skills credits, seats taken, active bookings."""
        held = self.desk.crm.bookings_of(ContactId(contact))
        active = [one for one in held if one.status is BookingStatus.ACTIVE]
        balance = self.desk.crm.balance
        return (
            balance(Kind.CONTACT, contact, CS),
            balance(Kind.EXAM, exam, TOTAL_BOOKINGS),
            len(active),
        )

    def carry_all(self) -> None:
        """What waits is carried now."""
        for operation in self.desk.journal.operations():
            self.desk.carry(operation)


def served(api: ASGIApp) -> Starlette:
    """Behind the server's own limits, beside something that has nothing."""
    return Starlette(middleware=[Middleware(Limits, tally=Tally()), Middleware(AtItsPath, api=api)])


def with_engine(core: Core, engine: Any) -> Core:
    operation_commands: OperationCommands = replace(core.operation_commands, engine=engine)
    serving: IdempotentRequests = replace(
        core.idempotent_requests, operation_commands=operation_commands
    )
    return replace(core, operation_commands=operation_commands, idempotent_requests=serving)


def kind(answer: httpx.Response) -> tuple[int, str]:
    """Status and the name of the problem; every refusal is problem+json with the same status."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told = answer.json()
    assert told["status"] == answer.status_code
    assert told["title"]
    assert told["detail"]
    return answer.status_code, name(told)


def name(told: dict[str, Any]) -> str:
    root, _, found = str(told["type"]).rpartition("/")
    assert root == "/api/v1/problems"
    return found


def faults(answer: httpx.Response) -> list[str]:
    return [name(fault) for fault in answer.json().get("faults", [])]


Work = Callable[[], httpx.Response]


def at_once(*works: Work) -> list[httpx.Response]:
    """All of these begin in the same moment, each on a thread of its own."""
    together = threading.Barrier(len(works))
    answers: list[httpx.Response | None] = [None] * len(works)

    def run(n: int, work: Work) -> None:
        together.wait()
        answers[n] = work()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = [answer for answer in answers if answer is not None]
    assert len(found) == len(works)
    return found
