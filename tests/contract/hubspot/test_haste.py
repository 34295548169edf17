"""Previews in haste beside an operation, at a sandbox that counts as HubSpot does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from core.credits.account import Portal
from core.credits.records import ContactId
from core.credits.ways import Way, coming_by
from core.hubspot.client import HubSpot, connect
from core.hubspot.pace.shared_slots import SharedSlots
from core.hubspot.pace.slots import Grant, Limit, Wait
from core.work.call_count import CallCount, counting_calls
from sandbox.hubspot import limits
from sandbox.hubspot.server import HubSpotServer
from tests.contract.hubspot.world import utc_now

TOKEN, LIMIT, WINDOW_S = "pat-haste", 60, 2.0
BATCH = 100


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """HubSpot's rule in a window of two seconds, so that many of them pass in a test."""
    monkeypatch.setattr(limits, "WINDOW_MS", int(WINDOW_S * 1000))
    with HubSpotServer(tmp_path / "hubspot", token=TOKEN, rate_limit=LIMIT) as server:
        yield server.start()


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[Wait]:
    """Whoever was told to wait."""
    told: list[Wait] = []
    take = SharedSlots.take

    def watched(
        slots: SharedSlots, limit: Limit, priority: int, *, hasty: bool = False
    ) -> Grant | Wait:
        answer = take(slots, limit, priority, hasty=hasty)
        if isinstance(answer, Wait):
            told.append(answer)
        return answer

    monkeypatch.setattr(SharedSlots, "take", watched)
    return told


def client(url: str, folder: Path) -> HubSpot:
    """One of several processes that share slots."""
    return connect(
        base_url=url,
        token=TOKEN,
        api_version="2026-09",
        portal=Portal(),
        now=utc_now,
        slots_url=f"sqlite:///{folder}/desk.sqlite",
    )


def read(crm: HubSpot, batches: int) -> int:
    """How many calls it took, by the count of whoever reads."""
    ids = [ContactId(str(n)) for n in range(1, batches * BATCH + 1)]
    with counting_calls() as count:
        crm.contacts(ids)
    return count.made


def refused(url: str) -> int:
    told = httpx.get(f"{url}/_sandbox/stats", trust_env=False).json()
    return int(told["rate_limited"])


def test_a_preview_takes_at_once_what_is_free_and_nobody_ever_meets_a_429(
    url: str, tmp_path: Path, waits: list[Wait]
) -> None:
    with ExitStack() as closing:
        clients = [client(url, tmp_path) for _ in range(3)]
        for crm in clients:
            closing.callback(crm.close)
            read(crm, 1)  # it learns the limit
        waits.clear()
        time.sleep(WINDOW_S + 0.1)  # those calls leave the window

        with coming_by(Way.PAGE):
            assert 50 == read(clients[0], 50)
        alone = list(waits)

        made: dict[int, int] = {}
        ready = threading.Barrier(3)

        def preview(n: int) -> None:
            ready.wait()
            with coming_by(Way.COMMAND):
                made[n] = read(clients[n], 40)

        def operation() -> None:
            ready.wait()
            made[2] = sum(read(clients[2], 3) for _ in range(7))

        works = [*(threading.Thread(target=preview, args=(n,)) for n in range(2))]
        works.append(threading.Thread(target=operation))
        for thread in works:
            thread.start()
        for thread in works:
            thread.join(60)

    assert [] == alone, "six of 60 are kept for others, and nobody else asked"
    assert waits, "then there was more to ask than HubSpot allows"
    assert {0: 40, 1: 40, 2: 21} == made, "each counts its own calls"
    assert 0 == refused(url)


def test_calls_of_two_at_once_are_counted_for_each(url: str, tmp_path: Path) -> None:
    crm = client(url, tmp_path)
    counts: dict[int, CallCount] = {}
    both = threading.Barrier(2)

    def work(batches: int) -> None:
        with counting_calls() as count:
            both.wait()
            crm.contacts([ContactId(str(n)) for n in range(batches * BATCH)])
        counts[batches] = count

    threads = [threading.Thread(target=work, args=(n,)) for n in (2, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    crm.close()

    assert {2: 2, 7: 7} == {n: count.made for n, count in counts.items()}
