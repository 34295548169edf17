"""Secrets and students are planted, all sorts of things fail, and what comes out is searched."""

from __future__ import annotations

import asyncio
import json
import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import stamina
from starlette.applications import Starlette
from starlette.routing import Route

from api import webhooks
from core.app import wiring
from core.app.stores import SqlJournal
from core.credits.account import Portal
from core.credits.catalogue import SCHOOL
from core.credits.errors import GatewayError, JournalError
from core.credits.records import BookingId, ContactId, Kind
from core.credits.redact import unquoted
from core.health.alarms import Alarms
from core.health.apprise_notifier import Apprise
from core.hubspot.client import HubSpot, connect
from core.mirror.rows import columns
from core.mirror.supabase.client import Supabase
from core.mirror.webhook_rules import signature
from core.mirror.webhooks import PATH, WebhookReceiver
from core.operations.verdicts import OperationKind
from core.settings import load
from core.settings.faults import BadSettings
from core.settings.model import Settings
from tests.contract.journal.given import operation, plan_of
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import TestDesk

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)

#: Each a value that nothing else has.
SECRETS = {
    "HUBSPOT_TOKEN": "pat-canary-1f0a",
    "SUPABASE_SERVICE_ROLE_KEY": "eyJ-canary-2b77",
    "HUBSPOT_CLIENT_SECRET": "canary-3c41-client",
    "OPS_DATABASE_URL": "postgresql://desk:canary-4d9e@127.0.0.1:9/desk",
    "CREDIT_DESK_METRICS_TOKEN": "canary-6f11-metrics",
    "CREDIT_DESK_NOTIFY_URLS": "mailtos://desk:canary-5e02@mail.test,json://u:canary-5e03@h.test",
}
NAME, MAIL = ("Zdenka", "Zzcanary"), "zdenka.zzcanary@canary.test"
CANARIES = (
    "pat-canary-1f0a",
    "eyJ-canary-2b77",
    "canary-3c41-client",
    "canary-4d9e",
    "canary-5e02",
    "canary-5e03",
    "canary-6f11",
    *NAME,
    MAIL,
)
#: What a rude server or a proxy before it says of a request that it does not like.
ECHO = f"bad request of {MAIL} with Bearer {SECRETS['HUBSPOT_TOKEN']}"
NESTED = "Property values were not valid: " + json.dumps([{"message": ECHO, "name": "email"}])


def found(*told: object) -> list[str]:
    """The canaries that can be heard in it."""
    heard = "\n".join(str(each) for each in told)
    return [canary for canary in CANARIES if canary in heard]


def all_told(error: BaseException) -> str:
    """Whatever a log or a report could show of it, its causes too."""
    return "".join(traceback.format_exception(error)) + repr(error) + str(error)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """Everything that any library logs."""
    caplog.set_level(logging.DEBUG)
    return caplog


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder whose settings are all canaries."""
    for name in [field.alias for field in Settings.model_fields.values() if field.alias]:
        monkeypatch.delenv(name, raising=False)
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("SUPABASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("CREDIT_DESK_ADMINS", "ann@example.test")
    return tmp_path


# what the stores say


ANSWERS = [
    (401, {"message": ECHO, "category": "INVALID_AUTHENTICATION"}),
    (400, {"message": ECHO}),
    (400, {"message": NESTED}),
    (400, {"message": "x", "errors": [{"message": ECHO, "code": "INVALID"}]}),
    (403, {"message": ECHO, "errors": [{"message": ECHO}]}),
    (409, {"message": ECHO}),
    (500, {"message": ECHO}),
    (502, f"<html>{ECHO}</html>"),
    (200, f"<html>{ECHO}</html>"),
    (207, {"status": "COMPLETE", "results": [], "errors": [{"message": ECHO, "context": {}}]}),
]


@pytest.fixture(autouse=True)
def _no_waiting() -> Iterator[None]:
    with stamina.set_testing(True, attempts=2):
        yield


def hubspot(answer: Callable[[httpx.Request], httpx.Response]) -> HubSpot:
    made = connect(
        base_url="http://127.0.0.1:9",
        token=SECRETS["HUBSPOT_TOKEN"],
        api_version="2026-09",
        portal=Portal(),
        now=lambda: NOW,
        transport=httpx.MockTransport(answer),
    )
    made.hub.transport.sleep = lambda _: None
    return made


def heard_from(ask: Callable[[], object]) -> str:
    try:
        return repr(ask())
    except (GatewayError, JournalError) as error:
        logging.getLogger("test").exception("it failed")
        return all_told(error)


@pytest.mark.parametrize(("status", "body"), ANSWERS, ids=lambda value: str(value)[:40])
def test_hubspot_s_words_hold_no_token_and_no_address(
    log: pytest.LogCaptureFixture, status: int, body: object
) -> None:
    content = body if isinstance(body, str) else json.dumps(body)
    crm = hubspot(lambda _: httpx.Response(status, content=content))

    told = [
        heard_from(lambda: crm.contacts([ContactId("1")])),
        heard_from(
            lambda: crm.cancel_bookings([BookingId("5")], marker="op-1", sent_at=crm.hub.now())
        ),
        heard_from(lambda: crm.search_contacts(MAIL, limit=5)),
    ]
    crm.close()

    assert [] == found(*told, log.text)
    assert [] == found(repr(crm), repr(crm.hub))


def test_a_token_that_cannot_be_sent_is_not_quoted(log: pytest.LogCaptureFixture) -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.LocalProtocolError(f"Illegal header value b'Bearer {SECRETS['HUBSPOT_TOKEN']}'")

    crm = hubspot(refuse)
    with pytest.raises(GatewayError) as caught:
        crm.contacts([ContactId("1")])
    crm.close()

    assert [] == found(str(caught.value), repr(caught.value))
    assert [] == found(log.text)


PG = {
    "code": "23502",
    "message": 'null value in column "email" violates not-null constraint',
    "details": f"Failing row contains (1, {NAME[0]}, {NAME[1]}, {MAIL}, null).",
}
TWICE = {
    "code": "23505",
    "message": "duplicate key value",
    "details": f"Key (email)=({MAIL}) already exists.",
}
KEY = {"message": f"Invalid API key {SECRETS['SUPABASE_SERVICE_ROLE_KEY']}", "hint": ECHO}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 500, 503])
@pytest.mark.parametrize("body", [PG, TWICE, KEY], ids=["row", "key", "token"])
def test_supabase_s_words_hold_no_key_and_no_row(
    log: pytest.LogCaptureFixture, status: int, body: dict[str, str]
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, json=body)

    mirror = _supabase(answer)
    row = {"hubspot_id": "1", "firstname": NAME[0], "lastname": NAME[1], "email": MAIL}
    told = [
        heard_from(lambda: mirror.copy(Kind.CONTACT, [row])),
        heard_from(lambda: mirror.rows(Kind.CONTACT, ["1"])),
        heard_from(mirror.faults),
    ]
    mirror.close()

    lost = SECRETS["HUBSPOT_TOKEN"]  # Supabase never gets that one, so it cannot echo it
    assert [] == [c for c in found(*told, repr(mirror), log.text) if c != lost]


def test_a_key_that_cannot_be_sent_is_not_quoted() -> None:
    def refuse(_: httpx.Request) -> httpx.Response:
        raise httpx.LocalProtocolError(f"Illegal value {SECRETS['SUPABASE_SERVICE_ROLE_KEY']}")

    mirror = _supabase(refuse)
    with pytest.raises(GatewayError) as caught:
        mirror.rows(Kind.CONTACT, ["1"])

    assert [] == found(str(caught.value), repr(caught.value))


def _supabase(answer: Callable[[httpx.Request], httpx.Response]) -> Supabase:
    return Supabase(
        url="http://127.0.0.1:9",
        service_key=SECRETS["SUPABASE_SERVICE_ROLE_KEY"],
        columns=columns(SCHOOL),
        transport=httpx.MockTransport(answer),
    )


@pytest.mark.parametrize(
    ("told", "left"),
    [
        (f"a b@c {MAIL}", "a b@c …"),
        (f'\\"{MAIL}\\" is bad', '\\"…\\" is bad'),
        ("Key (a, b)=(1, 2) exists", "Key (a, b)=(…) exists"),
        ("at 12:00 credit_desk_last_write", "at 12:00 credit_desk_last_write"),
    ],
)
def test_only_what_is_private_is_taken_out_of_a_message(told: str, left: str) -> None:
    assert left == unquoted(told, "", "s3cret")


# the operational store


def test_the_store_says_nothing_of_what_it_was_to_keep(
    log: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    journal = SqlJournal(f"sqlite:///{tmp_path}/desk.sqlite")
    plan = plan_of(1)
    row = replace(plan.rows[0], contact_name=" ".join(NAME), contact_email=MAIL)
    plan = replace(plan, rows=(row,), selection=f"contact {' '.join(NAME)}")
    journal.save_plan(plan)
    wrong = replace(row, detail=None)  # type: ignore[arg-type] # which the table refuses

    told = heard_from(lambda: journal.save_plan(replace(plan, id="other", rows=(wrong,))))
    told += heard_from(lambda: journal.confirm(operation("op", reason=None), []))
    journal.close()

    assert "refused what contradicts its records" in told
    assert [] == found(told, log.text)


def test_a_store_that_cannot_be_reached_is_named_without_its_password(
    planted: Path, log: pytest.LogCaptureFixture
) -> None:
    url = (
        load(planted)
        .ops_database_url.get_secret_value()
        .replace("postgresql", "postgresql+psycopg")
    )
    with pytest.raises(JournalError) as caught:
        SqlJournal(url.replace("127.0.0.1:9", "/nowhere"))

    assert [] == found(all_told(caught.value), log.text)


# settings


def test_settings_never_show_their_secrets(planted: Path) -> None:
    settings = load(planted)

    assert [] == found(
        repr(settings), str(settings), settings.model_dump(), settings.model_dump_json()
    )


def test_what_is_wrong_with_settings_is_told_without_them(
    planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HUBSPOT_TOKEN", "SUPABASE_SERVICE_ROLE_KEY"):
        monkeypatch.setenv(name, f"{SECRETS[name]}\nx")
    monkeypatch.setenv("OPS_DATABASE_URL", "mysql://desk:canary-4d9e@db/x")
    monkeypatch.setenv("CREDIT_DESK_HOLD_S", "canary-4d9e")

    with pytest.raises(BadSettings) as caught:
        load(planted)

    assert 4 == len(caught.value.faults)
    assert [] == found(all_told(caught.value))


def test_the_runtime_never_shows_its_secrets(
    planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPS_DATABASE_URL", f"sqlite:///{planted}/desk.sqlite")
    runtime = wiring.build(load(planted))
    try:
        told = [repr(runtime), repr(runtime.core), *(repr(part) for part in _parts(runtime))]
    finally:
        runtime.close()

    assert [] == found(*told)


def _parts(runtime: wiring.Runtime) -> list[Any]:
    slots = [getattr(runtime.core, name) for name in runtime.core.__slots__]
    return [runtime.diagnosing, runtime.engine, runtime.alarms, *slots]


@pytest.mark.filterwarnings("ignore:'imghdr' is deprecated")  # apprise's, on Python before 3.13
def test_notification_addresses_are_never_told(
    planted: Path, log: pytest.LogCaptureFixture
) -> None:
    urls = [url.get_secret_value() for url in load(planted).notify_urls]
    notifier = Apprise([*urls, "nonsense://u:canary-5e02@h"])

    told = [repr(notifier), *notifier.faults()]
    notifier.tell("Credit Desk: a test", "of nothing")
    notifier.stop(30)

    assert [] == found(*told, log.text)


# an operation, from preview to notification


class Told:
    """``Notifier`` that keeps what it is told."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def tell(self, title: str, text: str) -> None:
        self.said.append(f"{title}\n{text}")


def test_logs_and_notifications_carry_ids_and_no_student(log: pytest.LogCaptureFixture) -> None:
    desk, notifier = TestDesk(), Told()
    first, last = NAME
    desk.crm.add_contact("1", {"cs_credits": 2}, firstname=first, lastname=last, email=MAIL)
    desk.booked("51", "1", status="Active")
    desk.booked("52", "1", status="Active", token="Gift Token")
    rude = iter([Fault.REQUEST_LOST, Fault.REFUSED, Fault.ANSWER_LOST, Fault.NOT_SENT] * 3)

    def sending(request: Request) -> Fault:
        return next(rude, Fault.NONE) if request.changes else Fault.NONE

    desk.crm.sending = sending
    desk.crm.unreadable_histories.add("1")
    desk.run("51", "52", kind=OperationKind.CANCEL)
    desk.crm.sending = lambda _: Fault.NONE
    alarms = Alarms(desk.journal, notifier, desk.now, drift_above=0)
    for _ in range(3):
        desk.time += timedelta(hours=1)
        desk.drain()
        alarms.look()

    assert first in repr(desk.journal.plan("id1").rows), "a canary that was never there is no test"
    assert [] == found(log.text, *notifier.said, [vars(record) for record in log.records])


# what comes out by HTTP


def _webhooks(secret: str, *, fails: bool) -> Starlette:
    desk = TestDesk()

    def receiving() -> WebhookReceiver:
        if fails:
            raise JournalError(f"{SECRETS['OPS_DATABASE_URL']} {ECHO}")
        return replace(desk.core.webhook_receiver, secret=secret, now=lambda: NOW)

    route = Route(PATH, webhooks.hubspot(receiving, "https://desk.test"), methods=webhooks.METHODS)
    return Starlette(routes=[route])


def _answer(app: Starlette, body: bytes, headers: dict[str, str]) -> httpx.Response:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="https://desk.test") as client:
            return await client.post(PATH, content=body, headers=headers)

    return asyncio.run(ask())


@pytest.mark.parametrize("fails", [False, True])
def test_answers_to_webhooks_tell_nothing(*, fails: bool) -> None:
    body = json.dumps([{"objectId": 1, "subscriptionType": MAIL}]).encode()
    stamp = str(int(NOW.timestamp() * 1000))
    secret = SECRETS["HUBSPOT_CLIENT_SECRET"]
    genuine = signature(secret, "POST", f"https://desk.test{PATH}", body, stamp)
    app = _webhooks(secret, fails=fails)

    for signed in (genuine, "wrong", ""):
        headers = {"X-HubSpot-Signature-v3": signed, "X-HubSpot-Request-Timestamp": stamp}
        answer = _answer(app, body, headers)
        assert [] == found(answer.text, dict(answer.headers))
