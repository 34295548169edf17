"""How much anybody may send to /api, for how long, and how many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, MutableMapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from starlette.responses import PlainTextResponse

from api.guard import limits
from api.guard.limits import HEADERS_BYTES, LIMITS
from tests.unit.api.asking import HOST, Server, echo, scope_of, serving

V1, WEBHOOKS = "/api/v1/bookings", "/api/webhooks/hubspot"
V1_MAX = LIMITS["/api/v1/"].body_bytes


def endless() -> Iterator[bytes]:
    while True:
        yield b"x" * 10_000


@pytest.mark.parametrize("path", [V1, WEBHOOKS, "/api/healthz", "/api"])
def test_a_body_without_an_end_is_read_no_further_than_the_limit(path: str) -> None:
    limit = limits.limit_of(path)
    answer = serving().ask(path, method="POST", body=endless())

    assert 413 == answer.status
    assert str(limit.body_bytes) in answer.problem
    assert answer.read <= limit.body_bytes + 10_000


def test_of_a_body_that_says_it_is_too_long_nothing_is_read() -> None:
    answer = serving().ask(
        V1, method="POST", headers={"Content-Length": str(V1_MAX + 1)}, body=endless()
    )

    assert (413, 0) == (answer.status, answer.read)


def test_a_length_that_is_no_number_is_refused() -> None:
    assert 400 == serving().ask(V1, method="POST", headers={"Content-Length": "-1"}).status


def test_a_body_within_the_limit_arrives_whole() -> None:
    answer = serving().ask(V1, method="POST", body=[b"x" * 1000] * 64)

    assert (200, b"64000") == (answer.status, answer.body)


async def never_reads(_: object) -> PlainTextResponse:
    return PlainTextResponse("no body was needed", status_code=401)


def test_a_body_that_nobody_asks_for_is_not_read() -> None:
    answer = serving(never_reads).ask(WEBHOOKS, method="POST", body=endless())

    assert (401, 0) == (answer.status, answer.read)


def test_headers_without_end_are_refused() -> None:
    answer = serving().ask(V1, headers={"X-Long": "x" * HEADERS_BYTES})

    assert 431 == answer.status
    assert 200 == serving().ask("/", headers={"Cookie": "x" * HEADERS_BYTES}).status


async def swallows(request: object) -> PlainTextResponse:
    """As frameworks do that answer 400 for whatever goes wrong with a body."""
    try:
        return await echo(request)
    except Exception:  # noqa: BLE001
        return PlainTextResponse("the body is wrong", status_code=400)


def test_a_framework_that_hides_the_reason_is_answered_for() -> None:
    assert 413 == serving(swallows).ask(V1, method="POST", body=endless()).status


def at_once(monkeypatch: pytest.MonkeyPatch, **changed: Any) -> None:
    quick = {path: replace(limit, **changed) for path, limit in LIMITS.items()}
    monkeypatch.setattr(limits, "LIMITS", quick)


def test_a_body_that_does_not_come_is_waited_for_only_so_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once(monkeypatch, body_s=0.0)
    server = serving()

    async def dripping() -> int:
        told: list[int] = []

        async def receive() -> dict[str, object]:
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: MutableMapping[str, Any]) -> None:
            if "status" in message:
                told.append(int(str(message["status"])))

        await server.stack(scope_of(V1, "POST", [("host", HOST)]), receive, send)
        return told[0]

    assert 408 == asyncio.run(dripping())


async def never(_: object) -> PlainTextResponse:
    await asyncio.Event().wait()
    raise AssertionError


def test_an_answer_that_does_not_come_is_given_up_with_a_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once(monkeypatch, answer_s=0.0)
    answer = serving(never).ask(V1, method="POST")

    assert 504 == answer.status
    assert "may still be done" in answer.problem


async def too_late(_: object) -> PlainTextResponse:
    with suppress(asyncio.CancelledError):
        await asyncio.Event().wait()
    return PlainTextResponse("done all the same")


def test_an_answer_that_comes_just_too_late_is_given_up_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at_once(monkeypatch, answer_s=0.0)

    assert 504 == serving(too_late).ask(V1, method="POST").status


def test_what_fails_is_told_without_its_words() -> None:
    async def app(*_: object) -> None:
        raise RuntimeError("with a secret in its words")

    answer = Server(app).ask(V1)

    assert 500 == answer.status
    assert "secret" not in answer.problem


def test_more_than_so_many_at_once_are_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    at_once(monkeypatch, at_once=2)
    go = asyncio.Event()

    async def waits(_: object) -> PlainTextResponse:
        await go.wait()
        return PlainTextResponse("")

    server = serving(waits)

    async def crowd() -> list[int]:
        asked = [
            asyncio.ensure_future(server.asked(path, "GET", {}, iter(())))
            for path in (V1, V1, V1, WEBHOOKS, WEBHOOKS)
        ]
        await asyncio.wait(asked, return_when="FIRST_COMPLETED")  # the one that finds no room
        go.set()
        answers = await asyncio.gather(*asked)
        assert answers[2].header("retry-after") == "1"
        again = await server.asked(V1, "GET", {}, iter(()))
        return [answer.status for answer in (*answers, again)]

    assert [200, 200, 503, 200, 200, 200] == asyncio.run(crowd())


def test_answers_are_counted_by_area_and_status() -> None:
    server = serving()
    for path in (V1, V1, WEBHOOKS, "/", "/api/healthz"):
        server.ask(path)
    server.ask(V1, method="POST", body=endless())

    assert {("v1", 200): 2, ("webhooks", 200): 1, ("watching", 200): 1, ("v1", 413): 1} == (
        server.tally.counts()
    )
