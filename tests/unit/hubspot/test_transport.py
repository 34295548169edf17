"""What is tried again, what is never, and how each failure of the network is sorted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import stamina

from core.credits.account import Portal
from core.credits.catalogue import CreditType
from core.credits.errors import (
    Forbidden,
    GatewayError,
    LimitReached,
    NotSent,
    OutcomeUnknown,
    Refused,
)
from core.credits.records import MARKER, BookingId, ContactId, Kind, WriteId
from core.credits.writes import Write
from core.hubspot import transport
from core.hubspot.client import HubSpot, connect
from core.hubspot.ports.crm import Fate
from core.hubspot.transport import MAYBE_SENT, NEVER_SENT, Call, translated

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)
CS = CreditType("cs_credits")
Answer = httpx.Response | Exception


def told(answer: Answer) -> str:
    if isinstance(answer, Exception):
        return type(answer).__name__
    return f"{answer.status_code} {answer.text[:12]}"


def leaves(kind: type[Exception]) -> set[type[Exception]]:
    below = kind.__subclasses__()
    return set().union(*map(leaves, below)) if below else {kind}


def test_every_failure_of_the_network_is_sorted_once() -> None:
    """When httpx learns a new way to fail, this test asks us what it means."""
    sorted_out = [*NEVER_SENT, *MAYBE_SENT]

    assert leaves(httpx.TransportError) == set(sorted_out)
    assert len(sorted_out) == len(set(sorted_out))


@pytest.mark.parametrize("kind", NEVER_SENT)
def test_what_never_left_may_be_repeated(kind: type[httpx.TransportError]) -> None:
    with pytest.raises(NotSent, match=kind.__name__), translated():
        raise kind("no")


@pytest.mark.parametrize("kind", [*MAYBE_SENT, httpx.DecodingError])
def test_what_may_have_arrived_is_unknown(kind: type[httpx.RequestError]) -> None:
    with pytest.raises(OutcomeUnknown, match=kind.__name__), translated():
        raise kind("no")


@dataclass(slots=True)
class App:
    """A HubSpot that gives the answers it was told to, then goes on with the last of them."""

    script: Sequence[Answer]
    seen: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self.script[min(len(self.seen), len(self.script) - 1)]
        self.seen.append(request)
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


@dataclass(slots=True)
class Clock:
    """Moves when somebody sleeps."""

    at: float = 1000.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.at - 1000)


Make = Callable[..., tuple[HubSpot, App, Clock]]


@pytest.fixture
def make() -> Iterator[Make]:
    made: list[HubSpot] = []

    def hubspot(*script: Answer) -> tuple[HubSpot, App, Clock]:
        app, clock = App(script), Clock()
        client = connect(
            base_url="https://hubspot.test",
            token="pat-test",
            api_version="2026-09",
            portal=Portal(),
            now=clock.now,
            transport=httpx.MockTransport(app),
        )
        client.hub.transport.monotonic = clock
        client.hub.transport.sleep = clock.sleep
        client.hub.transport.chance = lambda: 0.5
        client.hub.transport.limiter._calls.now = clock
        client.hub.transport.limiter.now = clock
        made.append(client)
        return client, app, clock

    with stamina.set_testing(True, attempts=4, cap=True):
        yield hubspot
    for client in made:
        client.close()


def ok(*results: dict[str, object]) -> httpx.Response:
    return httpx.Response(200, json={"status": "COMPLETE", "results": list(results)})


def contact(id_: str, **properties: str) -> dict[str, object]:
    held = dict.fromkeys(Portal().names(Kind.CONTACT).values()) | properties
    return {"id": id_, "properties": held, "updatedAt": "2026-05-04T12:00:00Z"}


def limited(policy: str = "TEN_SECONDLY_ROLLING", **headers: str) -> httpx.Response:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(429, json={"policyName": policy}, headers=names)


def write(id_: str = "1", *, age_s: float = 0) -> Write:
    return Write(
        id=WriteId(f"w{id_}"),
        operation_id="o",
        kind=Kind.CONTACT,
        target_id=id_,
        movements=(),
        before={CS: 1},
        after={CS: 2},
        marker_before="",
        sent_at=NOW - timedelta(seconds=age_s),
    )


def fate(client: HubSpot, one: Write | None = None) -> Fate:
    one = one or write()
    return client.write_counts([one])[one.id].fate


LANDED = ok(contact("1", **{MARKER: "w1"}))


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("no"),
        httpx.ReadTimeout("no"),
        httpx.RemoteProtocolError("no"),
        httpx.Response(502, html="<html>"),
        httpx.Response(503),
        httpx.Response(524),
        httpx.Response(500, json={}),
        httpx.Response(423, json={}),
        httpx.Response(477, headers={"Retry-After": "1"}),
        httpx.Response(200, html="<html>not HubSpot"),
        httpx.Response(200, json=[]),
    ],
    ids=told,
)
def test_a_read_is_tried_again_until_it_is_answered(make: Make, trouble: Answer) -> None:
    client, app, _ = make(trouble, trouble, ok(contact("1", cs_credits="3")))

    read = client.contacts([ContactId("1")])[ContactId("1")]

    assert read is not None
    assert (3, 3) == (read.balances[CS], len(app.seen))


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refused_read_is_not_tried_again(make: Make, status: int) -> None:
    client, app, _ = make(httpx.Response(status, json={"message": "why"}))

    with pytest.raises(Refused):
        client.contacts([ContactId("1")])

    assert 1 == len(app.seen)


def test_a_read_gives_up_with_the_last_failure(make: Make) -> None:
    client, app, _ = make(httpx.Response(503))

    with pytest.raises(OutcomeUnknown, match="503"):
        client.contacts([ContactId("1")])

    assert 4 == len(app.seen)


def test_a_wait_of_hours_is_not_waited_for(make: Make) -> None:
    client, app, _ = make(httpx.Response(477, headers={"Retry-After": "7200"}))

    with pytest.raises(NotSent, match="data centres"):
        client.contacts([ContactId("1")])

    assert 1 == len(app.seen)


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ReadTimeout("no"),
        httpx.WriteError("no"),
        httpx.RemoteProtocolError("no"),
        *(httpx.Response(status) for status in (500, 502, 503, 504, 520, 524)),
        httpx.Response(200, html="<html>not HubSpot"),
        httpx.Response(200, json={"results": []}),
    ],
    ids=told,
)
def test_a_write_that_may_have_landed_is_never_repeated(make: Make, trouble: Answer) -> None:
    client, app, _ = make(trouble, LANDED)

    assert Fate.UNKNOWN is fate(client)
    assert 1 == len(app.seen)


@pytest.mark.parametrize(
    "trouble",
    [httpx.ConnectError("no"), httpx.ConnectTimeout("no"), limited(), httpx.Response(423, json={})],
    ids=told,
)
def test_a_write_that_was_certainly_not_taken_is_sent_again(make: Make, trouble: Answer) -> None:
    client, app, clock = make(trouble, trouble, LANDED)

    assert Fate.LANDED is fate(client)
    assert 3 == len(app.seen)
    assert sum(clock.slept) < 10


def test_a_write_is_not_sent_again_after_its_time(make: Make) -> None:
    client, app, clock = make(httpx.ConnectError("no"))

    assert Fate.NOT_SENT is fate(client)
    assert clock.at - 1000 <= 10
    assert len(app.seen) > 2


def test_a_write_has_only_what_is_left_of_its_time(make: Make) -> None:
    client, app, clock = make(limited(retry_after="4"), LANDED)

    assert Fate.NOT_SENT is fate(client, write(age_s=8))
    assert (1, []) == (len(app.seen), clock.slept)


def test_a_write_older_than_its_time_reaches_nobody(make: Make) -> None:
    client, app, _ = make(LANDED)

    assert Fate.NOT_SENT is fate(client, write(age_s=10.1))
    assert [] == app.seen


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_refuses_no_write_and_is_waited_for(make: Make, status: int) -> None:
    client, app, _ = make(httpx.Response(status, json={"category": "EXPIRED_AUTHENTICATION"}))

    outcomes = client.write_counts([write("1"), write("2")])

    assert {Fate.NOT_SENT} == {outcome.fate for outcome in outcomes.values()}
    assert all(outcome.barred for outcome in outcomes.values())
    assert 1 == len(app.seen), "it is not asked again and again"


@pytest.mark.parametrize("status", [400, 404, 409])
def test_a_refused_batch_refuses_each_of_its_writes(make: Make, status: int) -> None:
    client, _, _ = make(httpx.Response(status, json={"message": "why not"}))

    outcomes = client.write_counts([write("1"), write("2")])

    assert {Fate.REFUSED} == {outcome.fate for outcome in outcomes.values()}
    assert all(outcome.reason for outcome in outcomes.values())


@dataclass(slots=True)
class Strict:
    """A HubSpot whose rules some records break: it refuses every batch with one of them."""

    bad: set[str]
    category: str = "VALIDATION_ERROR"
    error: dict[str, object] = field(default_factory=lambda: {"message": "a rule"})
    sizes: list[int] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        inputs = json.loads(request.content)["inputs"]
        self.sizes.append(len(inputs))
        ids = {one["id"] for one in inputs}
        if ids & self.bad:
            return httpx.Response(400, json={"category": self.category, **self.error})
        return ok(*({"id": id_, "properties": {}} for id_ in ids))


def test_one_bad_record_does_not_refuse_the_ninety_nine_beside_it(make: Make) -> None:
    client, _, _ = make(LANDED)
    strict = Strict({"13", "77"})
    client.hub.transport.client._transport = httpx.MockTransport(strict)

    outcomes = client.write_counts([write(str(n)) for n in range(100)])

    refused = {id_ for id_, outcome in outcomes.items() if outcome.fate is Fate.REFUSED}
    assert {"w13", "w77"} == refused
    assert {Fate.LANDED, Fate.REFUSED} == {outcome.fate for outcome in outcomes.values()}
    assert len(strict.sizes) <= 30


@pytest.mark.parametrize(
    "strict",
    [
        Strict({"13"}, category="CONFLICT_OF_ANOTHER_KIND"),
        Strict({"13"}, error={"message": "Duplicate IDs found in batch input: [13]"}),
        Strict(
            {"13"},
            error={
                "errors": [
                    {"code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["cs_credits"]}}
                ]
            },
        ),
    ],
    ids=["not understood", "duplicates", "no such property"],
)
def test_a_batch_that_is_wrong_as_a_whole_is_not_sent_in_parts(make: Make, strict: Strict) -> None:
    client, _, _ = make(LANDED)
    client.hub.transport.client._transport = httpx.MockTransport(strict)

    outcomes = client.write_counts([write(str(n)) for n in range(100)])

    assert [100] == strict.sizes
    assert {Fate.REFUSED} == {outcome.fate for outcome in outcomes.values()}


def test_a_hubspot_that_refuses_everything_is_not_asked_for_ever(make: Make) -> None:
    client, _, _ = make(LANDED)
    strict = Strict({str(n) for n in range(100)})
    client.hub.transport.client._transport = httpx.MockTransport(strict)

    outcomes = client.cancel_bookings(
        [BookingId(str(n)) for n in range(100)], marker="op-1", sent_at=client.hub.now()
    )

    assert 100 == len(outcomes)
    assert len(strict.sizes) <= 60
    assert {Fate.REFUSED} == {outcome.fate for outcome in outcomes.values()}


def test_the_end_of_the_day_is_told_and_nothing_more_is_sent(make: Make) -> None:
    client, app, clock = make(limited("DAILY"), ok(contact("1")))

    with pytest.raises(LimitReached, match="midnight"):
        client.contacts([ContactId("1")])
    with pytest.raises(LimitReached, match="midnight"):
        client.contacts([ContactId("1")])
    assert 1 == len(app.seen)

    clock.at += 301  # it looks again now and then
    assert client.contacts([ContactId("1")])[ContactId("1")] is not None


def test_an_answer_that_drips_is_cut_off(make: Make) -> None:
    client, _, clock = make(LANDED)

    class Dripping(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            for byte in json.dumps({"results": []}):
                clock.at += 9
                yield byte.encode()

    def app(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Dripping())

    client.hub.transport.client._transport = httpx.MockTransport(app)

    assert Fate.UNKNOWN is fate(client)
    assert clock.at - 1000 < 30 + 10


def test_the_token_is_sent_and_never_told(make: Make) -> None:
    client, app, _ = make(httpx.Response(401, json={"message": "no"}), httpx.ConnectError("x"))
    told = []
    for _ in range(2):
        with pytest.raises(GatewayError) as caught:
            client.contacts([ContactId("1")])
        told.append(str(caught.value))

    assert "Bearer pat-test" == app.seen[0].headers["authorization"]
    assert "pat-test" not in f"{told} {client!r}"


def test_a_missing_scope_is_named_in_each_outcome(make: Make) -> None:
    body = {"errors": [{"context": {"requiredGranularScopes": ["crm.objects.contacts.write"]}}]}
    client, _, _ = make(httpx.Response(403, json=body))

    assert "crm.objects.contacts.write" in client.write_counts([write()])[WriteId("w1")].reason
    with pytest.raises(Forbidden):
        client.contacts([ContactId("1")])


def test_a_batch_that_leaves_records_out_is_asked_again_for_those(make: Make) -> None:
    client, app, _ = make(ok(contact("1")), ok(contact("3")), ok(contact("2")), ok(contact("2")))

    read = client.contacts([ContactId(n) for n in "123"])

    assert ["1", "2", "3"] == [held.id for held in read.values() if held]
    assert 3 == len(app.seen)


def test_a_record_that_answers_alone_under_another_id_was_merged(make: Make) -> None:
    """Neither id of the merge is in the answer: asked alone, it can be nobody else's."""
    client, _, _ = make(ok(contact("9")))

    read = client.contacts([ContactId("1"), ContactId("2")])

    assert ["9", "9"] == [held.id for held in read.values() if held]


def test_a_record_that_hubspot_never_tells_of_is_an_error_and_not_gone(make: Make) -> None:
    client, _, _ = make(ok())

    with pytest.raises(OutcomeUnknown, match="did not tell of 1"):
        client.contacts([ContactId("1")])


def test_a_failed_association_is_an_error_and_not_none(make: Make) -> None:
    broken = {"results": [], "errors": [{"category": "INTERNAL_ERROR", "context": {"ids": ["1"]}}]}
    client, _, _ = make(httpx.Response(207, json=broken))

    with pytest.raises(OutcomeUnknown):
        client.bookings([BookingId("1")])


def test_one_failing_batch_fails_the_read(make: Make) -> None:
    client, _, _ = make(httpx.Response(400, json={"message": "why"}))

    with pytest.raises(Refused):
        client.contacts([ContactId(str(n)) for n in range(1000)])


def test_calls_in_a_proxys_shadow_are_local_only_for_this_machine() -> None:
    def trusts(url: str) -> bool:
        http = transport.make_client(base_url=url, token="t", concurrency=1, request_timeout_s=1)
        http.close()
        return http.trust_env

    assert trusts("https://api.hubapi.com")
    assert not trusts("http://127.0.0.1:9")


def test_a_call_knows_whether_it_is_a_search() -> None:
    assert Call(what="x", path="/crm/objects/2026-09/0-1/search").search
    assert not Call(what="x", path="/crm/objects/2026-09/0-1/batch/read").search


def test_retries_are_told_on_the_log_and_not_on_stdout(
    make: Make, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """On stdout scripts expect one JSON object, and nothing else."""
    client, _, _ = make(httpx.Response(503), ok(contact("1")))

    client.contacts([ContactId("1")])

    assert "" == capsys.readouterr().out
    assert "HubSpot is asked again" in caplog.text
