"""How long people wait for a HubSpot that is silent, slow, busy, or there."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import httpx
import pytest

from core.credits.account import Portal
from core.credits.errors import (
    GatewayError,
    LimitUnknown,
    NoRoom,
    NotSent,
    OutcomeUnknown,
    Unauthorized,
)
from core.credits.records import ContactId
from core.credits.ways import Way, coming_by
from core.hubspot import client
from core.hubspot.pace.people import People

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
SOON_S, LONG_S = 0.02, 30.0
SILENT = "HubSpot has not answered for 0.04 s"


@dataclass
class Side:
    """HubSpot, as a test has it."""

    fails: Exception | None = None
    knocks: int = 0
    heard: float | None = None
    #: Answers what was read.
    go: threading.Event = field(default_factory=threading.Event)
    wanted: list[Callable[[], bool]] = field(default_factory=list)
    time: float = 0.0

    def knock(self) -> None:
        self.knocks += 1
        if self.fails is not None:
            raise self.fails

    def read(self, wanted: Callable[[], bool]) -> str:
        self.wanted.append(wanted)
        self.go.wait(LONG_S)
        return "read"

    def people(self) -> People:
        return People(self.knock, lambda: self.heard, SOON_S, lambda: self.time)


@pytest.fixture
def side() -> Iterator[Side]:
    made = Side()
    yield made
    made.go.set()


@pytest.mark.parametrize("fails", [NotSent("refused"), OutcomeUnknown("lost")])
def test_a_hubspot_that_is_silent_is_told_of_and_the_read_is_wanted_no_more(
    side: Side, fails: Exception
) -> None:
    side.fails = fails

    with pytest.raises(NotSent, match=SILENT):
        side.people().read(side.read)

    assert 1 == side.knocks
    assert [False] == [wanted() for wanted in side.wanted]


@pytest.mark.parametrize(
    ("fails", "told"),
    [
        (OutcomeUnknown("HubSpot failed with 503"), f"{SILENT}: HubSpot failed with 503"),
        (LimitUnknown("our own disk is full"), "our own disk is full"),
    ],
)
def test_what_became_of_the_question_is_told_to_this_person_and_the_next(
    side: Side, fails: Exception, told: str
) -> None:
    side.fails = fails
    waiting = side.people()

    for _ in range(2):
        with pytest.raises(NotSent) as error:
            waiting.read(side.read)
        assert told == str(error.value)
    assert 1 == side.knocks


def test_one_that_hangs_even_when_it_is_knocked_at_is_silent_too(side: Side) -> None:
    def hangs() -> None:
        side.go.wait(LONG_S)

    waiting = People(hangs, lambda: None, SOON_S)

    with pytest.raises(NotSent, match=SILENT):
        waiting.read(side.read)


@pytest.mark.parametrize(
    "says",
    [None, NoRoom("ours use it up"), Unauthorized("no"), NotSent("busy", retry_after_s=9.0)],
)
def test_one_that_is_there_is_waited_for(side: Side, says: Exception | None) -> None:
    side.fails = says
    waiting, calls = side.people(), iter(range(5))

    def knock() -> None:
        if next(calls) == 3:
            side.go.set()
        side.knock()

    waiting.knock = knock

    assert "read" == waiting.read(side.read)
    assert side.knocks >= 4


def test_while_others_are_answered_nobody_knocks(side: Side) -> None:
    side.heard = 0.0
    waiting = side.people()
    asked = iter(range(5))

    def heard() -> float:
        if next(asked) == 3:
            side.go.set()
        return 0.0

    waiting.well_s_ago = heard

    assert "read" == waiting.read(side.read)
    assert 0 == side.knocks


def test_what_the_work_raises_is_raised(side: Side) -> None:
    def refused(_: Callable[[], bool]) -> None:
        raise Unauthorized("no")

    with pytest.raises(Unauthorized):
        side.people().read(refused)


def test_the_next_reads_of_the_same_page_do_not_wait_again(side: Side) -> None:
    side.fails = NotSent("refused")
    waiting = side.people()
    with pytest.raises(NotSent):
        waiting.read(side.read)

    with pytest.raises(NotSent, match=SILENT):
        waiting.read(side.read)
    assert (1, 1) == (len(side.wanted), side.knocks)

    side.go.set()
    side.time, side.heard = 0.01, 0.001
    assert "read" == waiting.read(side.read), "it was heard since"
    side.time, side.heard = SOON_S, None
    assert "read" == waiting.read(side.read), "long enough ago to try again"


def connected(answer: Callable[[httpx.Request], httpx.Response]) -> client.HubSpot:
    """To a HubSpot that answers like this."""
    return client.connect(
        base_url="https://hubspot.test",
        token="pat-test",
        api_version="2026-09",
        portal=Portal(),
        now=lambda: NOW,
        transport=httpx.MockTransport(answer),
    )


@pytest.mark.parametrize("way", [Way.PAGE, Way.API])
@pytest.mark.parametrize("number", [1, 250])
def test_reads_of_people_are_watched_also_in_many_batches_and_no_others(
    way: Way, number: int
) -> None:
    go, ids = threading.Event(), [ContactId(str(n)) for n in range(1, number + 1)]

    def silent(request: httpx.Request) -> httpx.Response:
        go.wait(LONG_S)
        asked = [one["id"] for one in json.loads(request.content)["inputs"]]
        told = [{"id": id_, "properties": {}, "updatedAt": "2026-05-04T12:00:00Z"} for id_ in asked]
        return httpx.Response(200, json={"status": "COMPLETE", "results": told})

    hubspot = connected(silent)
    assert hubspot.hub.transport.people is not None
    hubspot.hub.transport.people.ask_after_s = SOON_S

    with coming_by(way), pytest.raises(NotSent, match="has not answered"):
        hubspot.contacts(ids)
    go.set()
    assert set(ids) == set(hubspot.contacts(ids)), "nobody waits: as long as it takes"
    hubspot.close()


@pytest.mark.parametrize(
    ("status", "told"),
    [(503, r"has not answered for .* s: HubSpot failed with 503"), (403, "lacks a scope")],
)
def test_a_hubspot_that_only_fails_or_refuses_is_not_waited_for_and_says_so(
    status: int, told: str
) -> None:
    asked: list[httpx.Request] = []
    knocked = threading.Event()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if not json.loads(request.content)["inputs"]:
            knocked.set()
        elif status == 503 and len(asked) > 1:
            knocked.wait(LONG_S)  # else it may be tried to its end before anybody knocks
        return httpx.Response(status, json={})

    hubspot = connected(answer)
    assert hubspot.hub.transport.people is not None
    hubspot.hub.transport.people.ask_after_s = SOON_S

    with coming_by(Way.PAGE), pytest.raises(GatewayError, match=told):
        hubspot.contacts([ContactId("1")])
    assert len(asked) <= 3
    hubspot.close()
