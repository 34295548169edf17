"""The students' API over real processes and both stores: two servers that share one journal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from core.access.api_keys import BURST_S
from core.access.store.rate import SharedPace
from core.credits.catalogue import SCHOOL, CreditType
from sandbox.ports import any_free
from scripts.processes import ROOT
from tests.crash.desk import Desk
from tests.crash.waiting import wait_for
from tests.e2e.conftest import healthy

CONTACTS, EXAMS, BOOKINGS = "0-1", "2-50158913", "2-50158943"
CS = CreditType("cs_credits")
ANSWERS = {"dominant_hand": "Right", "attending_location": "Toronto"}
WITHIN_S = 60.0
#: Requests a second that a key may make, unless it is set.
RATE = 20.0
#: Every type of exam, with each credit that pays for it.
WAYS = [
    (own.mock_type, credit.key)
    for own in SCHOOL.credits
    if own.mock_type
    for credit in SCHOOL.payable_with(own.mock_type)
]
assert len(WAYS) == 6


#: By which the sign-in of students is signed in these tests.
JWT_SECRET = "the-jwt-secret-of-this-school-012345"
#: Of students, in all tests of this process: they share one account.
NUMBERS = count(1)


@dataclass
class Servers:
    """Two of them, and a key that both know."""

    desk: Desk
    origins: list[str]
    key: str

    def ask(self, method: str, path: str, *, at: int = 0, **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.key}", **options.pop("headers", {})}
        url = f"{self.origins[at]}/api/v1{path}"
        return httpx.request(method, url, headers=headers, timeout=60, **options)

    def post(self, path: str, body: Any, key: str, *, at: int = 0) -> httpx.Response:
        return self.ask("POST", path, at=at, json=body, headers={"Idempotency-Key": key})

    def book(self, contact: str, exam: str, key: str, *, at: int = 0) -> httpx.Response:
        return self.post(f"/contacts/{contact}/bookings", {"exam_id": exam, **ANSWERS}, key, at=at)

    def made(self, type_: str, **properties: object) -> str:
        body = {"properties": {name: str(value) for name, value in properties.items()}}
        answer = self.desk.hubspot.post(f"/crm/v3/objects/{type_}", json=body)
        answer.raise_for_status()
        return str(answer.json()["id"])

    def student(self, **balances: int) -> str:
        n = next(NUMBERS)
        email = f"api{n}.{os.getpid()}@example.test"
        return self.made(CONTACTS, email=email, student_id=7_700_000 + n, **balances)

    def exam(self, mock_type: str, day: str, *, taken: int = 0, capacity: int = 5) -> str:
        return self.made(
            EXAMS,
            mock_exam_name=f"{mock_type} {day}",
            mock_type=mock_type,
            exam_date=day,
            capacity=capacity,
            total_bookings=taken,
            is_active="true",
        )

    def held(self, contact: str, credit: CreditType) -> tuple[int, int]:
        """In HubSpot and, once what is due was copied, in Supabase."""
        wait_for(lambda: self.desk.journal.outbox().due == 0, within_s=WITHIN_S)
        of = [(contact, str(credit))]
        return self.desk.balances(of)[of[0]], self.desk.mirrored(of)[of[0]]

    def seats(self, exam: str) -> int:
        held = self.desk.objects(EXAMS, [exam], ["total_bookings"])[exam]["total_bookings"]
        return int(float(held))  # HubSpot may send it as 1.0

    def bookings(self, contact: str) -> list[tuple[str, str]]:
        """Record id and status in HubSpot of each."""
        links = self.desk.hubspot.post(
            f"/crm/v4/associations/{CONTACTS}/{BOOKINGS}/batch/read",
            json={"inputs": [{"id": contact}]},
        ).json()["results"]
        ids = [str(to["toObjectId"]) for result in links for to in result["to"]]
        read = self.desk.objects(BOOKINGS, ids, ["is_active"]) if ids else {}
        return [(id_, read[id_]["is_active"]) for id_ in ids]


@pytest.fixture(scope="module")
def servers(sandbox: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("api")
    more = {
        "CREDIT_DESK_API_WAIT_S": "30",
        "CREDIT_DESK_API_STUDENTS_ALARM": "3",
        "SUPABASE_JWT_SECRET": JWT_SECRET,
    }
    desk = Desk({**sandbox, **more}, folder)
    desk.core("provision")
    scopes = [part for scope in ("read", "book", "cancel") for part in ("--scope", scope)]
    key = desk.core("keys", "make", "student-app", *scopes)["key"]
    with ExitStack() as stack:
        started = [stack.enter_context(server(desk, folder / f"server{n}.log")) for n in range(2)]
        for origin, _ in started:
            wait_for(partial(healthy, origin))
        yield Servers(desk, [at for at, _ in started], key)
    desk.close()


@contextmanager
def server(desk: Desk, log: Path) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The app's own server, in a process that can be killed."""
    port = any_free()
    command = ["-m", "uvicorn", "asgi:app", "--port", str(port), "--log-level", "warning"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=ROOT, env=desk.environment, stdout=out, stderr=out
        )
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()
            process.wait()


def at_once(works: Sequence[Callable[[], httpx.Response]]) -> list[httpx.Response]:
    """All begin in the same moment."""
    together = threading.Barrier(len(works))

    def run(work: Callable[[], httpx.Response]) -> httpx.Response:
        together.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_every_credit_that_pays_falls_in_both_stores_and_comes_back(servers: Servers) -> None:
    for n, (mock_type, credit) in enumerate(WAYS):
        contact = servers.student(**{credit: 2})
        exam = servers.exam(mock_type, f"2031-03-{n + 1:02}")
        check = servers.ask("GET", f"/contacts/{contact}/credit-check?exam_id={exam}").json()
        assert (True, credit) == (check["may_book"], check["spends"]["credit"])

        booked = servers.book(contact, exam, f"b{n}")
        assert 201 == booked.status_code, booked.text
        id_ = booked.json()["bookings"][0]["record_id"]
        assert ((1, 1), 1) == (servers.held(contact, credit), servers.seats(exam))
        listed = servers.ask("GET", f"/contacts/{contact}/bookings").json()["bookings"]
        assert [(id_, "Active", credit)] == [
            (one["record_id"], one["status"], one["credit"]) for one in listed
        ]

        cancelled = servers.post(f"/contacts/{contact}/bookings/{id_}/cancel", {}, f"c{n}")
        assert 200 == cancelled.status_code, cancelled.text
        assert ((2, 2), 0) == (servers.held(contact, credit), servers.seats(exam))


def test_nothing_below_the_path_is_answered_as_a_page(servers: Servers) -> None:
    for path in ("/nothing", "/a%0Ab", "/contacts/1/balances/", "/..%2f..%2fhealthz", "//x"):
        answer = servers.ask("GET", path)
        assert (404, "application/problem+json") == (
            answer.status_code, answer.headers["content-type"],
        ), path  # fmt: skip
    assert 405 == servers.ask("POST", "").status_code
    assert "default-src 'self'" in servers.ask("GET", "/docs").headers["content-security-policy"]


def test_one_key_sent_to_two_servers_at_once_is_one_booking_and_a_seat_is_sold_once(
    servers: Servers,
) -> None:
    contact, exam = servers.student(cs_credits=5), servers.exam("Clinical Skills", "2031-05-01")
    same = at_once([partial(servers.book, contact, exam, "same", at=n % 2) for n in range(4)])
    assert {201} == {answer.status_code for answer in same}, [a.text for a in same]
    assert 1 == len({answer.json()["operation_id"] for answer in same})
    assert ((4, 4), 1) == (servers.held(contact, CS), servers.seats(exam))
    assert 1 == len(servers.bookings(contact))

    last = servers.exam("Clinical Skills", "2031-05-02", taken=4)
    two = [servers.student(cs_credits=1) for _ in range(2)]
    answers = at_once([partial(servers.book, two[n], last, f"last{n}", at=n) for n in range(2)])
    assert [201, 409] == sorted(answer.status_code for answer in answers)
    (refused,) = [answer for answer in answers if answer.status_code == 409]
    assert "/api/v1/problems/exam-full" == refused.json()["type"]
    assert 5 == servers.seats(last)


def test_what_a_key_asked_of_one_process_counts_in_all(servers: Servers) -> None:
    made = servers.desk.core("keys", "make", "greedy-app", "--scope", "read")
    greedy = {"Authorization": f"Bearer {made['key']}"}
    contact = servers.student()

    def asked(at: int) -> httpx.Response:
        return servers.ask("GET", f"/contacts/{contact}/balances", at=at, headers=greedy)

    assert 200 == asked(0).status_code
    with greedily(servers.desk.environment["OPS_DATABASE_URL"], made["id"]):
        for at in (0, 1):
            answers = [asked(at) for _ in range(30)]
            refused = [answer for answer in answers if answer.status_code == 429]
            assert refused, "another process has used up what the key may ask"
            assert all(int(answer.headers["retry-after"]) >= 1 for answer in refused)


@contextmanager
def greedily(url: str, key: str) -> Iterator[None]:
    """Another process that asks with this key as often as it is let, at the key's own rate."""
    pace, spent, ended = SharedPace(url), threading.Event(), threading.Event()

    def ask() -> None:
        while not ended.is_set():
            if pace.take(key, rate=RATE, most=RATE * BURST_S):
                spent.set()

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        assert spent.wait(60), "what it may ask at once is never used up"
        yield
    finally:
        ended.set()
        thread.join()
        pace.close()


@dataclass
class Doomed:
    """A third server, of one test alone: no other may need what it kills."""

    servers: Servers
    process: subprocess.Popen[bytes]


@pytest.fixture
def doomed(servers: Servers, tmp_path: Path) -> Iterator[Doomed]:
    with server(servers.desk, tmp_path / "doomed.log") as (origin, process):
        wait_for(partial(healthy, origin))
        servers.origins.append(origin)
        yield Doomed(servers, process)
        servers.origins.remove(origin)
        servers.desk.latency(0)


def test_a_server_killed_with_a_booking_in_hand_and_the_request_sent_to_another_is_one_booking(
    doomed: Doomed,
) -> None:
    servers = doomed.servers
    contact, exam = servers.student(cs_credits=3), servers.exam("Clinical Skills", "2031-06-01")
    before = len(servers.desk.journal.operations())
    servers.desk.latency(1_000)
    with ThreadPoolExecutor(1) as pool:
        sent = pool.submit(servers.book, contact, exam, "killed", at=-1)
        wait_for(lambda: len(servers.desk.journal.operations()) > before, within_s=WITHIN_S)
        doomed.process.kill()
        lost = sent.exception(60)
    servers.desk.latency(0)
    assert isinstance(lost, httpx.TransportError)

    answer = servers.book(contact, exam, "killed")

    assert 201 == answer.status_code, answer.text
    assert ((2, 2), 1) == (servers.held(contact, CS), servers.seats(exam))
    assert ["Active"] == [status for _, status in servers.bookings(contact)]


def test_stolen_key_is_seen_by_people_and_stops_at_its_budget(servers: Servers) -> None:
    made = servers.desk.core(
        "keys", "make", "stolen", "--scope", "book", "--scope", "cancel", "--writes-a-day", "5"
    )
    exam = servers.exam("Clinical Skills", "2027-03-04", capacity=9)
    thief = {"Authorization": f"Bearer {made['key']}"}

    def book(n: int) -> httpx.Response:
        return servers.ask(
            "POST",
            f"/contacts/{servers.student(cs_credits=1)}/bookings",
            at=n % 2,
            json={"exam_id": exam, **ANSWERS},
            headers={**thief, "Idempotency-Key": f"stolen-{n}"},
        )

    answers = [book(n) for n in range(7)]

    assert [201] * 5 + [429] * 2 == [answer.status_code for answer in answers]
    assert 5 == servers.seats(exam)
    told = json.dumps(servers.desk.core("overview", fails=None)["needs"])
    assert f"The app stolen (key {made['id']}): more than 3 students acted for" in told
    assert "more than 5 bookings and cancellations within 24 hours" in told

    servers.desk.core("keys", "withdraw", made["id"])
    assert 401 == book(8).status_code


def test_key_that_needs_the_student_is_worth_nothing_alone(servers: Servers) -> None:
    make = ("keys", "make", "careful-app", "--scope", "read", "--scope", "book")
    key = servers.desk.core(*make, "--needs-student", "--network", "127.0.0.0/8")["key"]
    elsewhere = servers.desk.core(*make, "--network", "203.0.113.0/24")["key"]
    mine, other = servers.student(cs_credits=1), servers.student(cs_credits=1)
    email = servers.desk.objects(CONTACTS, [mine], ["email"])[mine]["email"]
    claims = {"aud": "authenticated", "email": email.upper(), "exp": int(time.time()) + 600}
    token = jwt.encode(claims, JWT_SECRET, "HS256")
    ended = jwt.encode({**claims, "exp": int(time.time()) - 60}, JWT_SECRET, "HS256")

    def status(contact: str, token: str | None, key: str = key) -> int:
        shown = {"X-Student-Token": token} if token else {}
        headers = {"Authorization": f"Bearer {key}", **shown}
        return servers.ask("GET", f"/contacts/{contact}/balances", headers=headers).status_code

    assert [200, 403, 403, 403] == [
        status(mine, token), status(mine, None), status(mine, ended), status(other, token),
    ]  # fmt: skip
    assert 401 == status(mine, None, elsewhere), "from another network than it was made for"
