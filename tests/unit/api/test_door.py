"""Who comes in, with what, how often; and that nothing of the API is ever answered as a page."""

from __future__ import annotations

import asyncio
import logging
from datetime import timedelta
from typing import Any

import httpx
import pytest

from api.v1.app import application
from api.v1.changing import pauses
from api.v1.problems import KINDS, name_of
from core.access.api_key_rules import Scope
from core.app.assembly.parts import Core
from core.credits.errors import (
    Forbidden,
    GatewayError,
    JournalError,
    LimitReached,
    NotReady,
    NotSent,
    OutcomeUnknown,
)
from core.operations.verdicts import Why
from tests.unit.api.school import BOOK, School, kind, served
from tests.unit.services.desk import ADMIN

PATHS = {
    Scope.READ: [
        "/contacts/101/balances",
        "/contacts/101/credit-check?exam_id=80",
        "/contacts/101/sessions",
        "/contacts/101/bookings",
        "/contacts/101/bookings/1",
    ],
    Scope.BOOK: ["/contacts/101/bookings"],
    Scope.CANCEL: ["/contacts/101/bookings/1/cancel", "/contacts/101/cancellations"],
}


@pytest.fixture
def school() -> School:
    return School()


def reach(school: School, scope: Scope, path: str, **headers: str | None) -> httpx.Response:
    """A request that its scope lets in; its body may still be refused."""
    if scope is Scope.READ:
        return school.get(path, headers=headers)
    return school.post(path, BOOK, headers=headers)


@pytest.mark.parametrize(
    "shown",
    [None, "", "Bearer", "Bearer ", "Basic abc", "Bearer nonsense", "Bearer desk_0_0", "Bearer é"],
)
@pytest.mark.parametrize(("scope", "path"), [(s, p) for s, ps in PATHS.items() for p in ps])
def test_without_a_key_nobody_comes_in(
    school: School, scope: Scope, path: str, shown: str | None
) -> None:
    header: Any = shown.encode("latin-1") if shown else shown
    answer = reach(school, scope, path, Authorization=header)

    assert (401, "key-missing-or-invalid") == kind(answer)
    assert "Bearer" == answer.headers["www-authenticate"]


def test_a_key_with_one_letter_changed_is_as_good_as_none(school: School) -> None:
    last = "A" if school.text[-1] != "A" else "B"
    wrong = {"Authorization": f"Bearer {school.text[:-1]}{last}"}

    assert 401 == school.get("/contacts/101/balances", headers=wrong).status_code


def test_a_withdrawn_key_and_one_that_is_over_open_nothing(school: School) -> None:
    ends = school.desk.time + timedelta(hours=1)
    _, text = school.core.api_keys.make("b", [Scope.READ], ADMIN, expires_at=ends)

    def asked() -> int:
        headers = {"Authorization": f"Bearer {text}"}
        return school.get("/contacts/101/balances", headers=headers).status_code

    assert (200, 200) == (asked(), school.get("/contacts/101/balances").status_code)
    school.desk.time = ends
    school.core.api_keys.withdraw(school.key.id, ADMIN)
    assert (401, 401) == (asked(), school.get("/contacts/101/balances").status_code)


@pytest.mark.parametrize("held", list(Scope))
@pytest.mark.parametrize(("scope", "path"), [(s, p) for s, ps in PATHS.items() for p in ps])
def test_a_key_does_what_it_was_made_for_and_nothing_else(
    school: School, held: Scope, scope: Scope, path: str
) -> None:
    _, text = school.new_key(held)

    answer = reach(school, scope, path, Authorization=f"Bearer {text}")

    assert (held is scope) == (answer.status_code != 403)
    if held is not scope:
        assert (403, "not-allowed") == kind(answer)


def test_of_a_request_without_a_key_no_body_is_read(school: School) -> None:
    read = 0

    async def endless() -> Any:
        nonlocal read
        while True:
            read += 1
            yield b"x" * 1000

    answer = school.ask(
        "POST", "/contacts/101/bookings", content=endless(), headers={"Authorization": None}
    )

    assert 401 == answer.status_code
    assert read <= 1


@pytest.mark.parametrize("declared", [True, False])
def test_a_body_is_read_no_further_than_the_limit(school: School, declared: bool) -> None:
    body = b'{"exam_id": "80"' + b" " * 64_000 + b"}"

    async def parts() -> Any:
        for start in range(0, len(body), 1000):
            yield body[start : start + 1000]

    answer = school.ask(
        "POST",
        "/contacts/101/bookings",
        content=body if declared else parts(),
        headers={"Idempotency-Key": "a", "Content-Type": "application/json"},
    )

    assert (413, "application/problem+json") == (
        answer.status_code, answer.headers["content-type"],
    )  # fmt: skip
    assert "more than 64000 bytes" in answer.json()["detail"]


@pytest.mark.parametrize("media_type", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_a_change_is_sent_as_json(school: School, media_type: str | None) -> None:
    """A form of a foreign page cannot send that without being asked for leave."""
    headers = {"Idempotency-Key": "a", "Content-Type": media_type}

    answer = school.ask("POST", "/contacts/101/bookings", content=b"{}", headers=headers)

    assert (415, "not-json") == kind(answer)


@pytest.mark.parametrize("key", [None, "", "a b", "x" * 129])
def test_a_change_needs_a_key_of_its_own(school: School, key: str | None) -> None:
    answer = school.ask(
        "POST", "/contacts/101/bookings", json=BOOK, headers={"Idempotency-Key": key}
    )

    assert (400, "idempotency-key-missing") == kind(answer)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", (400, "malformed-request")),
        (b"\xff\xfe", (400, "malformed-request")),
        (b"", (422, "invalid-request")),
        (b"[]", (422, "invalid-request")),
        (b"[" * 5000, (400, "malformed-request")),
        (b'{"exam_id": 80}', (422, "invalid-request")),
        (b'{"exam_id": "80", "extra": 1}', (422, "invalid-request")),
        (b'{"exam_id": "80", "reason": "a\\u0000b"}', (422, "invalid-request")),
        (b'{"exam_id": "80", "reason": "\\ud800"}', (422, "invalid-request")),
        (b'{"exam_id": "80", "dominant_hand": "Both"}', (422, "invalid-request")),
    ],
)
def test_a_body_that_is_not_as_described_is_told_where(
    school: School, body: bytes, expected: tuple[int, str]
) -> None:
    headers = {"Idempotency-Key": "a", "Content-Type": "application/json"}

    answer = school.ask("POST", "/contacts/101/bookings", content=body, headers=headers)

    assert expected == kind(answer)
    assert [] == school.desk.journal.operations()


def test_all_slips_of_a_request_are_told_at_once_without_its_values(school: School) -> None:
    answer = school.post("/contacts/101/bookings", {"exam_id": "my secret", "hand": "Left"})

    where = [fault["where"] for fault in answer.json()["faults"]]
    assert ["body.exam_id", "body.hand"] == where
    assert "my secret" not in answer.text


@pytest.mark.parametrize(
    "path",
    ["/nothing", "/contacts", "/contacts/101/balances/", "//contacts/101/balances", "/docs/x",
     "/contacts/101/../101", "/%2e%2e/healthz", "/docs/files/../../x", "/problems/nonsense",
     "/contacts/101%2F..%2F102/balances", "/a\nb", "/operations/x\n/y"],
)  # fmt: skip
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_what_is_not_there_is_a_problem_and_never_a_page(
    school: School, path: str, method: str
) -> None:
    scope_path = f"/api/v1{path}"

    status, media_type = asyncio.run(raw(school, method, scope_path))

    assert status in {404, 405, 422} | ({400, 401, 415} if method == "POST" else set())
    assert b"application/problem+json" == media_type


async def raw(school: School, method: str, path: str) -> tuple[int, bytes]:
    """As a server hands it over: no client has tidied the path."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"authorization", f"Bearer {school.text}".encode())],
    }
    await school.app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"])[b"content-type"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "HEAD", "BREW"])
def test_a_method_that_a_path_does_not_take_names_those_it_does(
    school: School, method: str
) -> None:
    answer = school.ask(method, "/contacts/101/balances")

    assert (405, "GET") == (answer.status_code, answer.headers["allow"])
    assert "application/problem+json" == answer.headers["content-type"]


def test_a_key_that_asks_too_often_is_told_when_to_come_again() -> None:
    school = School(rate=2)
    _, other = school.new_key(Scope.READ)

    statuses = [school.get("/contacts/101/balances").status_code for _ in range(8)]
    refused = school.get("/contacts/101/balances")

    assert [200] * 6 + [429] * 2 == statuses
    assert (429, "too-many-requests") == kind(refused)
    assert "1" == refused.headers["retry-after"]
    headers = {"Authorization": f"Bearer {other}"}
    assert 200 == school.get("/contacts/101/balances", headers=headers).status_code
    school.seconds += 0.5
    assert 200 == school.get("/contacts/101/balances").status_code
    assert 429 == school.get("/contacts/101/balances").status_code


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (NotSent("no connection"), (503, "hubspot-unavailable")),
        (OutcomeUnknown("timed out"), (503, "hubspot-unavailable")),
        (LimitReached("used up"), (503, "hubspot-unavailable")),
        (NotReady(["marker property missing"]), (503, "not-ready")),
        (Forbidden("lacks a scope"), (503, "not-ready")),
        (GatewayError("odd"), (503, "not-ready")),
        (JournalError("disk full"), (503, "store-unavailable")),
    ],
)
def test_a_side_that_does_not_answer_is_told_with_when_to_ask_again(
    school: School, error: Exception, expected: tuple[int, str]
) -> None:
    def fail(_: Any) -> Any:
        raise error

    school.desk.crm.sending = fail

    answer = school.get("/contacts/101/balances")

    assert expected == kind(answer)
    assert answer.headers["retry-after"].isdigit()
    assert str(error) not in answer.text


def test_what_nobody_foresaw_is_logged_and_told_without_its_words(
    school: School, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Any) -> Any:
        raise ZeroDivisionError("of our own making")

    school.desk.crm.sending = fail

    answer = school.get("/contacts/101/balances")

    assert (500, "internal-error") == kind(answer)
    assert "of our own making" not in answer.text
    assert "of our own making" in caplog.text


def test_before_the_services_are_there_it_says_so(school: School) -> None:
    def starting() -> Core:
        raise JournalError("not yet")

    school.app = served(application(starting, wait_s=0))

    assert (503, "not-ready") == kind(school.get("/contacts/101/balances"))


def test_neither_keys_nor_people_get_into_the_log(
    school: School, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    id_ = school.booked()
    school.cancel(id_)
    school.get("/contacts/101/balances", headers={"Authorization": "Bearer desk_wrong"})

    ours = "".join(r.getMessage() for r in caplog.records if not r.name.startswith("httpx"))
    for secret in (school.text, school.key.digest, "desk_wrong", "Ada", "S1-June"):
        assert secret not in ours


@pytest.mark.parametrize("wait_s", [0, 0.01, 1, 8.0])
def test_pauses_are_as_long_as_the_wait_together_and_few(wait_s: float) -> None:
    found = list(pauses(wait_s))

    assert wait_s == pytest.approx(sum(found))
    assert len(found) <= 5 + wait_s / 0.25


def test_every_reason_has_a_kind_of_problem() -> None:
    assert {name_of(why) for why in Why} <= KINDS.keys()


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_type_of_a_problem_leads_to_its_explanation(school: School, name: str) -> None:
    answer = school.get(f"/problems/{name}", headers={"Authorization": None})

    assert (200, KINDS[name].title) == (answer.status_code, answer.json()["title"])


def test_the_description_is_read_without_a_key_and_asks_no_foreign_host(school: School) -> None:
    def text(path: str) -> str:
        answer = school.get(path, headers={"Authorization": None})
        assert 200 == answer.status_code
        return answer.text

    page = text("/docs")
    described = school.get("/openapi.json", headers={"Authorization": None}).json()

    assert "http" not in page
    assert "<script>" not in page
    assert "SwaggerUIBundle" in text("/docs/start.js")
    assert text("/docs/files/swagger-ui-bundle.js")
    assert [{"url": "/api/v1"}] == described["servers"]
    assert 19 == sum(len(each) for each in described["paths"].values())


@pytest.mark.parametrize("method", ["POST", "DELETE", "OPTIONS", "BREW"])
def test_the_bare_address_takes_nothing(school: School, method: str) -> None:
    assert (405, "method-not-allowed") == kind(school.ask(method, ""))


@pytest.mark.parametrize("path", ["/api/v1x", "/api", "/", "/x/api/v1/docs"])
def test_what_only_looks_like_the_path_is_left_to_others(school: School, path: str) -> None:
    assert (404, b"text/plain; charset=utf-8") == asyncio.run(raw(school, "GET", path))


@pytest.mark.parametrize("path", ["", "/"])
def test_the_bare_address_leads_to_the_description(school: School, path: str) -> None:
    assert "/api/v1/docs" == school.get(path).headers["location"]
