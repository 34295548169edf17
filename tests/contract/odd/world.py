"""A school in which every property of every kind of record holds every odd value once.

The real client reads the sandbox; what it holds as ``~odd:7~`` comes over the wire as the seventh
odd value. So whatever the desk overwrites is seen: the placeholder is gone.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx
from starlette.applications import Starlette

from api.v1.app import application
from core.access.api_key_rules import Scope
from core.access.pacing import Limits
from core.app.assembly import assemble
from core.app.assembly.parts import Core
from core.app.stores import SqlJournal
from core.credits.account import OBJECT_TYPES, PROPERTIES, Portal
from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.hubspot.client import HubSpot, connect
from core.mirror.supabase.client import Supabase
from core.operations.choosing.select import ByReference
from core.operations.plans import Plan
from core.operations.states import ENDED, Operation
from core.operations.verdicts import OperationKind
from core.work.work import Work
from sandbox.hubspot.seed import SeedLink, SeedObject
from sandbox.hubspot.server import HubSpotServer
from tests.contract.odd.values import MISSING, ODD
from tests.fakes.mirror import FakeMirror
from tests.unit.api.school import served
from tests.unit.services.desk import ADMIN, Account, HandEngine

TOKEN = "pat-odd"
_KEYS = count(1)
EXAM = "70"
CREDIT = "cs_credits"
#: What each contact has before, so that a credit given back shows.
BALANCE = 4
LOOKS_MAX = 400
PLACEHOLDER = re.compile(rb'"~odd:(\d+)~"')
SESSION = {
    "mock_type": "Clinical Skills",
    "exam_date": "2027-06-01",
    "location": "Mississauga",
    "start_time": "09:00",
    "end_time": "15:00",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """One record with one odd value, and what belongs to it."""

    n: int
    kind: Kind
    name: str
    value: str
    contact: str
    booking: str
    exam: str

    @property
    def record(self) -> str:
        """The odd one of the three."""
        return {Kind.CONTACT: self.contact, Kind.BOOKING: self.booking, Kind.EXAM: self.exam}[
            self.kind
        ]

    @property
    def held(self) -> str:
        return f"~odd:{self.n}~"

    @property
    def to_cancel(self) -> bool:
        """Its booking is active; others are cancelled and owed."""
        return self.n % 2 == 1


def _properties(kind: Kind) -> Sequence[str]:
    return [*PROPERTIES[kind], *(SCHOOL.keys if kind is Kind.CONTACT else ())]


def oddities() -> list[Oddity]:
    """Every value in every property of every kind."""
    found: list[Oddity] = []
    for kind in Kind:
        for property_ in _properties(kind):
            for value in ODD:
                n = len(found)
                exam = str(300_000 + n) if kind is Kind.EXAM else EXAM
                found.append(
                    Oddity(
                        n=n,
                        kind=kind,
                        name=property_,
                        value=value,
                        contact=str(100_000 + n),
                        booking=str(200_000 + n),
                        exam=exam,
                    )
                )
    return found


@dataclass(slots=True)
class Wire(httpx.BaseTransport):
    """The sandbox's answers with each placeholder made the odd value that it stands for."""

    all: Sequence[Oddity]
    network: httpx.HTTPTransport = field(default_factory=httpx.HTTPTransport)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self.network.handle_request(request)
        body = answer.read()
        if b"~odd:" in body:
            body = self._odd(body)
        headers = [(k, v) for k, v in answer.headers.raw if k.lower() != b"content-length"]
        return httpx.Response(answer.status_code, headers=headers, content=body)

    def _odd(self, body: bytes) -> bytes:
        for n in {int(found) for found in PLACEHOLDER.findall(body)}:
            odd = self.all[n]
            if ODD[odd.value] is MISSING:
                pair = rb'"%s":"~odd:%d~"' % (odd.name.encode(), n)
                body = body.replace(pair + b",", b"").replace(b"," + pair, b"")
                body = body.replace(b'"value":"~odd:%d~"' % n, b'"value":null')
        return PLACEHOLDER.sub(lambda found: ODD[self.all[int(found[1])].value], body)

    def close(self) -> None:
        self.network.close()


@dataclass(slots=True)
class School:
    """The desk over this world and one journal."""

    server: HubSpotServer
    url: str
    journal: SqlJournal
    mirror: FakeMirror | Supabase
    all: Sequence[Oddity] = field(default_factory=oddities)
    ahead: timedelta = timedelta()
    client: HubSpot = field(init=False)
    core: Core = field(init=False)
    key: str = field(init=False)
    app: Starlette = field(init=False)

    def __post_init__(self) -> None:
        self._fill()
        self.client = connect(
            base_url=self.url,
            token=TOKEN,
            api_version="2026-09",
            portal=Portal(),
            now=self.now,
            transport=Wire(self.all),
        )
        self.core = assemble(
            crm=self.client,
            mirror=self.mirror,
            journal=self.journal,
            engine=HandEngine(),
            inspecting=Account(),
            admins=[ADMIN.email],
            now=self.now,
            chance=lambda: 0.5,
            limits=Limits(opened=None, listed=None),  # a test opens hundreds in a moment
        )
        _, self.key = self.core.api_keys.make("student-app", tuple(Scope), ADMIN)
        self.app = served(application(lambda: self.core, wait_s=0))

    def now(self) -> datetime:
        """The sandbox's own clock, and what a test has let pass."""
        return datetime.now(UTC) + self.ahead

    def close(self) -> None:
        self.client.close()

    def ask(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The students' API."""
        headers = {"Authorization": f"Bearer {self.key}", "Idempotency-Key": f"k{next(_KEYS)}"}

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://desk") as client:
                return await client.request(method, f"/api/v1{path}", headers=headers, **options)

        return asyncio.run(send())

    # the world

    def _fill(self) -> None:
        seeds = [self._seed(Kind.EXAM, EXAM, {**_exam(), "capacity": "5000"})]
        links: list[SeedLink] = []
        for odd in self.all:
            seeds += self._seeds(odd)
            for kind, other in ((Kind.CONTACT, odd.contact), (Kind.EXAM, odd.exam)):
                booking = OBJECT_TYPES[Kind.BOOKING]
                links.append(SeedLink(booking, odd.booking, OBJECT_TYPES[kind], other))
        self.server.store.load(seeds, links)

    def _seeds(self, odd: Oddity) -> Iterator[SeedObject]:
        own = {odd.kind: {odd.name: odd.held}}
        status = "Active" if odd.to_cancel else "Cancelled"
        booking = {
            "booking_id": f"Clinical Skills-{odd.contact}-June 1, 2027",
            "is_active": status,
            "token_used": "Clinical Skills Token",
            **SESSION,
        }
        yield self._seed(
            Kind.CONTACT, odd.contact, _contact(odd.contact) | own.get(Kind.CONTACT, {})
        )
        yield self._seed(Kind.BOOKING, odd.booking, booking | own.get(Kind.BOOKING, {}))
        if odd.exam != EXAM:
            yield self._seed(Kind.EXAM, odd.exam, _exam() | own.get(Kind.EXAM, {}))

    def _seed(self, kind: Kind, id_: str, properties: Mapping[str, str]) -> SeedObject:
        at = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
        return SeedObject(OBJECT_TYPES[kind], id_, properties, at, at)

    def held(self, kind: Kind, ids: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        """What HubSpot holds, placeholders as they are."""
        type_ = self.server.store.catalog.kind(OBJECT_TYPES[kind])
        rows = self.server.store.rows(type_, [int(id_) for id_ in ids])
        return {str(id_): row.properties for id_, row in rows.items()}

    # what the desk does

    def preview(self, kind: OperationKind, bookings: Sequence[str]) -> Plan:
        return self.core.operation_planner.preview(
            kind, ByReference(references=tuple(bookings)), ADMIN
        )

    def run(self, plan: Plan) -> Operation:
        operation = self.core.operation_commands.confirm(plan.id, ADMIN, reason="a test")
        self.carry(Work.OPERATION, operation.id)
        ended = self.journal.operation(operation.id)
        assert ended.state in ENDED
        return ended

    def carry(self, work: Work, id_: str) -> None:
        """As an engine and the copying threads do. Fails when it does not end."""
        for _ in range(LOOKS_MAX):
            again = self.core.carries[work](id_)
            self.drain()
            if again is None:
                return
            self.ahead += max(timedelta(), again - self.now())
        raise AssertionError(f"{work} {id_} did not end")

    def drain(self) -> None:
        while self.core.mirror_copier.drain().taken:
            pass

    def copy_all(self) -> None:
        """Until nothing is due. Fails when something waits without an end."""
        for _ in range(20):
            self.drain()
            if not self.journal.outbox().due:
                return
            self.ahead += timedelta(minutes=2)
        waiting = self.journal.outbox_rows(dead=False)
        raise AssertionError(
            f"still due: {[(due.kind, due.record_id, due.error) for due in waiting]}"
        )


def _contact(id_: str) -> dict[str, str]:
    credits_ = dict.fromkeys(SCHOOL.keys, str(BALANCE))
    return {
        "student_id": id_,
        "email": f"{id_}@example.test",
        "firstname": "Ada",
        "lastname": "Lovelace",
        **{str(key): value for key, value in credits_.items()},
    }


def _exam() -> dict[str, str]:
    return {
        "mock_exam_name": "Clinical Skills June",
        **SESSION,
        "capacity": "10",
        "total_bookings": "5",
        "is_active": "true",
    }
