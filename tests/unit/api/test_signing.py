"""Sign-ins before anybody is known: budgets of an address and of all, and few at a time."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

import pytest
from starlette.types import Message, Receive, Scope, Send

from api.guard.signing import AT_ONCE, OF_ADDRESS, OF_ALL, PATHS, SigningIn
from api.guard.visitors import Visitors

#: As a server has it for all its requests.
ONE_LOOP = asyncio.Runner()
LOGIN, LOGOUT, CALLBACK = "/auth/login", "/auth/logout", "/oauth2callback"


class Provider:
    """What answers behind the guard, as slowly as a provider does."""

    def __init__(self) -> None:
        self.now = self.most = 0

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        await send({"type": "http.response.start", "status": 302, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def guard(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> SigningIn:
    monkeypatch.setattr(time, "monotonic", lambda: 100.0)
    known = Visitors(
        is_signed_in=lambda cookies: cookies == {"sign_in": "known"},
        unwanted=lambda *_: "",
        held=Counter,
    )
    return SigningIn(provider, visitors=known)


async def asked(guard: SigningIn, path: str, address: str, cookie: str = "") -> int:
    status: list[int] = []

    async def send(message: Message) -> None:
        status.append(message.get("status", 0))

    async def receive() -> Message:
        return {"type": "http.request"}

    headers = [(b"cookie", f"sign_in={cookie}".encode())] if cookie else []
    scope = {"type": "http", "path": path, "client": (address, 1), "headers": headers}
    await guard(scope, receive, send)
    return status[0]


def answers(
    guard: SigningIn, times: int, address: str, path: str = LOGIN, *, cookie: str = ""
) -> Counter[int]:
    async def all_of_them() -> list[int]:
        return await asyncio.gather(*(asked(guard, path, address, cookie) for _ in range(times)))

    return Counter(ONE_LOOP.run(all_of_them()))


def test_one_address_signs_in_so_often_and_no_more(guard: SigningIn, provider: Provider) -> None:
    burst = int(OF_ADDRESS.burst)

    assert Counter({302: burst, 429: 40}) == answers(guard, burst + 40, "203.0.113.1")
    assert AT_ONCE == provider.most


@pytest.mark.parametrize("path", sorted(PATHS))
def test_beginning_coming_back_and_ending_spend_of_one_budget(guard: SigningIn, path: str) -> None:
    answers(guard, int(OF_ADDRESS.burst), "203.0.113.1", LOGIN)

    assert Counter({429: 1}) == answers(guard, 1, "203.0.113.1", path)


def test_all_addresses_together_have_a_budget(guard: SigningIn) -> None:
    each = int(OF_ADDRESS.burst)
    addresses = [f"203.0.113.{n}" for n in range(int(OF_ALL.burst) // each)]
    assert all({302} == set(answers(guard, each, address)) for address in addresses)

    assert Counter({429: 1}) == answers(guard, 1, "198.51.100.1")


def test_who_is_signed_in_signs_out_and_other_addresses_are_not_counted(guard: SigningIn) -> None:
    answers(guard, 2 * int(OF_ADDRESS.burst), "203.0.113.1")

    assert Counter({302: 1}) == answers(guard, 1, "203.0.113.1", LOGOUT, cookie="known")
    assert Counter({429: 1}) == answers(guard, 1, "203.0.113.1", LOGOUT, cookie="a copy")
    assert Counter({302: 1}) == answers(guard, 1, "203.0.113.1", "/contacts")
    assert Counter({302: 1}) == answers(guard, 1, "203.0.113.2", CALLBACK)
