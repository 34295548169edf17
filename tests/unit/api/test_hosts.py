"""For whom the server answers at all."""

from __future__ import annotations

import pytest
from starlette.types import Receive, Scope, Send

from api.guard.public import Public
from tests.unit.api.asking import HOST, PUBLIC, Server, serving

STRANGE = [
    "evil.test",
    "desk.example.test.evil.test",
    "desk.example.test@evil.test",
    "",
    "[::1",
    "a b",
]
STRANGE += ["desk.example.test/x", "desk.example.test:x", "desk.example.test:444", "10.0.0.7:8501"]


@pytest.mark.parametrize("host", STRANGE)
@pytest.mark.parametrize("path", ["/", "/api/metrics", "/_stcore/health", "/api/v1/bookings"])
def test_a_request_for_another_host_is_refused(host: str, path: str) -> None:
    answer = serving().ask(path, host=host)

    assert 421 == answer.status
    assert "that host name" in answer.problem


@pytest.mark.parametrize("hosts", [(), (HOST, HOST), (HOST, "evil.test")])
def test_a_request_that_names_no_host_or_several_is_refused(hosts: tuple[str, ...]) -> None:
    answer = serving().ask("/", headers=[("host", host) for host in hosts], host=None)

    assert 421 == answer.status


@pytest.mark.parametrize(
    "host",
    [
        HOST,
        "DESK.example.test",
        "desk.example.test.",
        "desk.example.test:443",
        "localhost:8501",
        "127.0.0.1:8501",
        "[::1]:8501",
    ],
)
def test_the_public_name_and_this_machine_s_own_are_answered(host: str) -> None:
    assert 200 == serving().ask("/", host=host).status


def test_without_a_public_address_only_this_machine_is_answered() -> None:
    server = Server(serving().app, public_url="")

    assert (200, 421) == (
        server.ask("/", host="localhost:8501").status,
        server.ask("/", host=HOST).status,
    )


SIGNING = ["/auth/login", "/auth/logout"]


@pytest.mark.parametrize("path", SIGNING)
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Referer": f"{PUBLIC}/audit"}, 403),
        ({"Sec-Fetch-Site": "nonsense"}, 403),
        ({"Referer": f"{PUBLIC}/audit?n=1"}, 200),
        ({"Referer": PUBLIC}, 200),
        ({"Referer": f"{PUBLIC}.evil.test/"}, 403),
        ({"Referer": f"https://evil.test/{PUBLIC}/"}, 403),
        ({"Referer": "about:blank"}, 403),
        ({}, 403),
    ],
)
def test_a_page_of_another_site_signs_nobody_in_or_out(
    path: str, headers: dict[str, str], status: int
) -> None:
    for method in ("GET", "HEAD", "POST"):
        assert status == serving().ask(path, method=method, headers=headers).status


def test_a_link_of_another_site_leads_to_a_page_and_back_from_its_provider() -> None:
    headers = {"Sec-Fetch-Site": "cross-site"}

    assert {200} == {
        serving().ask(path, headers=headers).status for path in ("/audit", "/oauth2callback?code=1")
    }


@pytest.mark.parametrize("host", [*STRANGE, None])
@pytest.mark.parametrize("path", ["/api/healthz", "/api/readyz"])
def test_health_is_answered_whatever_a_probe_calls_the_server(host: str | None, path: str) -> None:
    server = Server(serving().app, public_url="")

    assert 200 == server.ask(path, host=host).status
    assert 421 == server.ask(path, method="POST", host=host).status
    assert 421 == server.ask(f"{path}/x", host=host).status


EXTRA = ("10.0.0.7", "desk.internal:8501", "[fd00::7]")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("10.0.0.7", 200),
        ("10.0.0.7:8501", 200),
        ("desk.internal:8501", 200),
        ("DESK.internal.:8501", 200),
        ("[fd00::7]:8501", 200),
        (HOST, 200),
        ("desk.internal", 421),
        ("desk.internal:80", 421),
        ("10.0.0.8", 421),
        ("10.0.0.7.evil.test", 421),
    ],
)
def test_extra_hosts_are_answered_and_no_others(host: str, status: int) -> None:
    assert status == Server(serving().app, extra_hosts=EXTRA).ask("/", host=host).status


def test_a_page_of_an_extra_host_may_open_a_websocket_to_that_host_alone() -> None:
    server = Server(accepts, extra_hosts=EXTRA)
    own, host = {"Origin": "http://10.0.0.7:8501"}, "10.0.0.7:8501"

    assert ["websocket.accept"] == server.shake_hands(own, host=host)
    assert ["websocket.close"] == server.shake_hands(own, host=HOST)
    assert ["websocket.close"] == server.shake_hands({"Origin": "http://10.0.0.8"}, host=host)


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.test",
        "null",
        "http://desk.example.test:8080",
        "https://desk.example.test.evil",
        "https://desk.example.test/x",
        "ftp://desk.example.test",
        "file://",
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_pages_of_other_sites_may_not_change_anything(origin: str, method: str) -> None:
    answer = serving().ask("/api/v1/bookings", method=method, headers={"Origin": origin})

    assert 403 == answer.status


def test_a_link_from_another_site_may_be_followed() -> None:
    assert 200 == serving().ask("/operations", headers={"Origin": "https://evil.test"}).status


def test_who_is_no_browser_has_no_origin_and_may() -> None:
    assert 200 == serving().ask("/api/v1/bookings", method="POST").status


def test_a_page_of_ours_is_only_asked_to_sign_in_before_it_uploads() -> None:
    path = "/_stcore/upload_file/session/file"

    answer = serving().ask(path, method="PUT", headers={"Origin": PUBLIC})

    assert "sign in to upload files" == answer.problem


async def accepts(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "websocket.accept"})


@pytest.mark.parametrize(
    ("headers", "host", "told"),
    [
        ({"Origin": PUBLIC}, HOST, "websocket.accept"),
        ({"Origin": f"{PUBLIC}:443"}, HOST, "websocket.accept"),
        ({"Origin": "http://localhost:8501"}, "localhost:8501", "websocket.accept"),
        ({"Origin": PUBLIC}, "evil.test", "websocket.close"),
        ({"Origin": "https://evil.test"}, HOST, "websocket.close"),
        ({"Origin": "http://localhost:9999"}, "localhost:8501", "websocket.close"),
        ({"Origin": "null"}, HOST, "websocket.close"),
        ({}, HOST, "websocket.close"),
    ],
)
def test_a_websocket_is_opened_by_our_own_pages_alone(
    headers: dict[str, str], host: str, told: str
) -> None:
    assert [told] == Server(accepts).shake_hands(headers, host=host)


def test_a_websocket_at_a_tricky_address_is_refused() -> None:
    told = Server(accepts).shake_hands({"Origin": PUBLIC}, path="/x/%2e%2e/_stcore/stream")

    assert ["websocket.close"] == told


@pytest.mark.parametrize(
    ("url", "websocket"),
    [
        ("https://desk.example.test", "wss://desk.example.test"),
        ("https://desk.example.test:8443/", "wss://desk.example.test:8443"),
        ("http://localhost:8501", "ws://localhost:8501"),
        ("http://[::1]:8501", "ws://[::1]:8501"),
        ("", ""),
    ],
)
def test_the_websockets_address_follows_from_the_public_one(url: str, websocket: str) -> None:
    assert websocket == Public.of(url).websocket
