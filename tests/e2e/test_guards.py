"""The guards around the whole server, asked by hand: no client tidies a request up on the way."""

from __future__ import annotations

import base64
import json
import os
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, FilePayload

from api.guard.limits import HEADERS_BYTES
from pages.shared.places import PLACES
from tests.crash.desk import ADMIN
from tests.e2e.conftest import App
from tests.e2e.person import SLOW_MS, Person

NOWHERE = [
    *("/api", "/api/", "/api/nothing", "/api/v0/bookings", "/API/healthz", "/api/%2e%2e/"),
    *("//api/healthz", "/api//healthz", "/api/../bulk_refund", "/api/..;/", "/api/%2fhealthz"),
    *("/api/%252e%252e/", "/api/healthz;x=1"),
]
POLICY = "Content Security Policy"
STRANGERS = ["https://evil.test", "null", "http://localhost:1", None]


def asked(app: App, target: str, *headers: str, host: str | None = None) -> tuple[int, str, bytes]:
    """Status, kind and body of the answer to one request, sent as it stands."""
    address = urlsplit(app.origin)
    lines = [f"GET {target} HTTP/1.1", f"Host: {host or address.netloc}", *headers]
    with socket.create_connection(("127.0.0.1", address.port or 0), timeout=30) as line:
        line.sendall("\r\n".join([*lines, "Connection: close", "", ""]).encode("latin-1"))
        raw = b"".join(iter(lambda: line.recv(65536), b""))
    head, _, body = raw.partition(b"\r\n\r\n")
    kinds = [
        h for h in head.decode("latin-1").split("\r\n") if h.lower().startswith("content-type")
    ]
    return int(head.split()[1]), kinds[0].partition(": ")[2] if kinds else "", body


@pytest.mark.parametrize("target", NOWHERE)
def test_under_api_nothing_is_ever_answered_with_a_page(app: App, target: str) -> None:
    status, kind, body = asked(app, target)

    assert (404, "application/problem+json") == (status, kind)
    assert 404 == json.loads(body)["status"]


@pytest.mark.parametrize(
    "target",
    ["/_stcore/metrics", "/_stcore/script-health-check", "/_stcore/agent/openapi.json", "/.env"],
)
def test_what_streamlit_would_tell_anybody_is_shut(app: App, target: str) -> None:
    assert 404 == asked(app, target)[0]


@pytest.mark.parametrize("target", ["/", "/_stcore/health", "/static/js/x.js"])
def test_another_host_is_not_this_server(app: App, target: str) -> None:
    assert 421 == asked(app, target, host="desk.evil.test")[0]


def test_health_is_told_whatever_host_a_platform_asks_for(app: App) -> None:
    assert 200 == asked(app, "/api/healthz", host="10.1.2.3:8501")[0]


def test_headers_without_end_are_refused(app: App) -> None:
    assert 431 == asked(app, "/api/healthz", f"X-Long: {'x' * HEADERS_BYTES}")[0]


@pytest.mark.parametrize(
    ("origin", "status"), [("ours", 101), *((stranger, 403) for stranger in STRANGERS)]
)
def test_a_websocket_is_for_our_own_pages(app: App, origin: str | None, status: int) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    address = urlsplit(app.origin)
    lines = [
        "GET /_stcore/stream HTTP/1.1",
        f"Host: {address.netloc}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
        *([f"Origin: {app.origin if origin == 'ours' else origin}"] if origin else []),
    ]
    with socket.create_connection(("127.0.0.1", address.port or 0), timeout=30) as line:
        line.sendall("\r\n".join([*lines, "", ""]).encode())

        assert status == int(line.recv(64).split()[1])


def test_a_page_of_another_site_changes_nothing(app: App) -> None:
    answer = httpx.post(
        f"{app.origin}/api/webhooks/hubspot", headers={"Origin": "https://evil.test"}
    )

    assert 403 == answer.status_code


@dataclass(frozen=True)
class Watched:
    """The admin, and what the browser's console says meanwhile."""

    person: Person
    said: list[str]

    def refusals(self) -> list[str]:
        self.person.page.evaluate("0")  # what was said so far is heard before its answer
        return [each for each in self.said if POLICY in each or "Refused" in each]


@pytest.fixture
def watched(app: App, browser: Browser, signed_in: Path) -> Iterator[Watched]:
    context = browser.new_context(storage_state=signed_in, accept_downloads=True)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    yield Watched(Person(page, app.origin), said)
    context.close()


@pytest.fixture(scope="module")
def swept(app: App) -> None:
    app.desk.core("sweep", "--full", fails=None)


def test_what_the_policy_refuses_is_seen_by_these_tests(watched: Watched) -> None:
    watched.person.open("/operations")

    with watched.person.page.expect_console_message(lambda message: POLICY in message.text):
        watched.person.page.evaluate(
            """() => {
                const script = document.createElement("script");
                script.src = "https://evil.test/x.js";
                document.head.append(script);
            }"""
        )

    assert watched.refusals()


@pytest.mark.usefixtures("swept")
def test_the_policy_refuses_nothing_that_the_pages_show(watched: Watched) -> None:
    person, page = watched.person, watched.person.page

    for place in PLACES:
        person.open(f"/{Path(place.path).stem}")
        person.sees(ADMIN)
    person.open("/drift")
    page.get_by_test_id("stPlotlyChart").first.wait_for(timeout=SLOW_MS)
    person.press("Run a check")  # a menu over the page
    person.sees("It changes nothing, and continues")
    page.keyboard.press("Escape")
    person.press(ADMIN)
    page.get_by_role("menuitem", name="Sign out").wait_for(timeout=SLOW_MS)
    page.keyboard.press("Escape")
    for name in ("Search", "Fullscreen"):  # shown while the mouse is over it
        page.get_by_role("button", name=re.compile(f"^{name}")).first.dispatch_event("click")

    assert [] == watched.refusals()


@pytest.mark.usefixtures("swept")
def test_no_table_can_be_downloaded_past_the_audit(watched: Watched) -> None:
    person, page = watched.person, watched.person.page

    person.open("/drift")

    page.get_by_role("button", name=re.compile("^Fullscreen")).first.wait_for(
        state="attached", timeout=SLOW_MS
    )
    assert 0 == page.get_by_role("button", name=re.compile("^Download as CSV")).count()


@pytest.mark.parametrize("address", ["/batch_cancellation", "/bulk_refund"])
def test_the_policy_lets_a_list_go_up_and_its_preview_come_down(
    watched: Watched, address: str
) -> None:
    person = watched.person
    person.open(address)

    person.page.get_by_role("radio", name="CSV file").click()
    sent: FilePayload = {
        "name": "list.csv",
        "mimeType": "text/csv",
        "buffer": b"booking_id\n123456789\n",
    }
    person.page.get_by_test_id("stFileUploader").locator("input[type=file]").set_input_files(sent)
    person.sees("1 booking in 1 row")
    person.press("Preview")
    person.sees("Nothing to confirm")
    (row,) = person.download("CSV")

    assert ("123456789", "blocked") == (row["record_id"], row["verdict"])
    assert [] == watched.refusals()


@pytest.mark.usefixtures("swept")
def test_the_policy_lets_a_record_open_over_the_page_and_lists_come_down(watched: Watched) -> None:
    person, page = watched.person, watched.person.page
    person.open("/drift")
    drifting = person.download("CSV")

    person.open(f"/drift?record={drifting[0]['kind']}-{drifting[0]['record_id']}")
    drawer = page.get_by_role("dialog")
    drawer.wait_for(timeout=SLOW_MS)
    page.keyboard.press("Escape")
    drawer.wait_for(state="hidden", timeout=SLOW_MS)
    person.open("/audit")

    assert person.download("CSV"), "what was done so far"
    assert [] == watched.refusals()
