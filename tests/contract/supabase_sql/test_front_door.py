"""What hosted Supabase does in front of PostgREST: keys, browsers, bodies, words of errors."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from sandbox.supabase import LocalSupabase, SupabaseSettings
from sandbox.supabase.keys import mint

from .conftest import client

TABLE = "/hubspot_mock_exams"


@pytest.fixture
def rest(settings: SupabaseSettings) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{settings.url}/rest/v1", timeout=60) as made:
        yield made


def keyed(key: str, **more: str) -> dict[str, str]:
    return {"apikey": key, **more}


@pytest.mark.parametrize("with_bearer", [False, True])
def test_a_secret_key_has_the_rights_of_the_service_role(
    rest: httpx.Client, settings: SupabaseSettings, with_bearer: bool
) -> None:
    key = settings.secret_key
    assert key.startswith("sb_secret_")
    more = {"Authorization": f"Bearer {key}"} if with_bearer else {}

    assert 200 == rest.get(TABLE, headers=keyed(key, **more)).status_code


def test_a_publishable_key_has_the_rights_of_anybody(
    rest: httpx.Client, settings: SupabaseSettings
) -> None:
    assert settings.publishable_key.startswith("sb_publishable_")

    answers = [
        rest.get(TABLE, headers=keyed(key)) for key in (settings.publishable_key, settings.anon_key)
    ]

    assert [401, 401] == [answer.status_code for answer in answers]
    assert answers[0].json() == answers[1].json()
    assert "42501" == answers[0].json()["code"]


def test_a_students_token_counts_beside_a_publishable_key(
    rest: httpx.Client, settings: SupabaseSettings
) -> None:
    token = mint(settings.jwt_secret, {"role": "service_role", "exp": 4_000_000_000})
    headers = keyed(settings.publishable_key, Authorization=f"Bearer {token}")

    assert 200 == rest.get(TABLE, headers=headers).status_code


def test_a_short_key_is_no_token_beside_another_key(
    rest: httpx.Client, settings: SupabaseSettings
) -> None:
    headers = keyed(settings.publishable_key, Authorization=f"Bearer {settings.secret_key}")

    assert 401 == rest.get(TABLE, headers=headers).status_code


def test_a_secret_key_is_refused_to_a_browser(
    rest: httpx.Client, settings: SupabaseSettings
) -> None:
    agent = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0"}

    refused = rest.get(TABLE, headers=keyed(settings.secret_key, **agent))
    old = rest.get(TABLE, headers=keyed(settings.service_role_key, **agent))

    assert (401, 200) == (refused.status_code, old.status_code)
    assert "Forbidden use of secret API key in browser" == refused.json()["message"]


def test_a_key_may_stand_in_the_address(rest: httpx.Client, settings: SupabaseSettings) -> None:
    query = {"apikey": settings.service_role_key, "limit": "1"}

    assert 200 == rest.get(TABLE, params=query).status_code
    assert 401 == rest.get(TABLE, params={**query, "apikey": "no"}).status_code


def test_a_missing_and_a_wrong_key_come_with_a_hint(rest: httpx.Client) -> None:
    missing, wrong = rest.get(TABLE), rest.get(TABLE, headers=keyed("wrong"))

    assert ["No API key found in request", "Invalid API key"] == [
        answer.json()["message"] for answer in (missing, wrong)
    ]
    assert "`apikey`" in missing.json()["hint"]
    assert "`service_role`" in wrong.json()["hint"]


def test_a_browser_may_ask_before_it_calls(rest: httpx.Client) -> None:
    asking = {
        "Origin": "https://school.example",
        "Access-Control-Request-Method": "PATCH",
        "Access-Control-Request-Headers": "apikey,authorization",
    }

    answer = rest.options(TABLE, headers=asking)

    assert (200, b"") == (answer.status_code, answer.content)
    assert "*" == answer.headers["Access-Control-Allow-Origin"]
    assert "apikey,authorization" == answer.headers["Access-Control-Allow-Headers"]
    assert "PATCH" in answer.headers["Access-Control-Allow-Methods"]


def test_a_page_of_another_origin_may_read_answers_and_refusals(
    rest: httpx.Client, settings: SupabaseSettings
) -> None:
    for key, status in ((settings.service_role_key, 200), ("wrong", 401)):
        answer = rest.get(TABLE, headers=keyed(key, Origin="https://school.example"))
        assert (status, "*") == (
            answer.status_code,
            answer.headers["Access-Control-Allow-Origin"],
        )


def test_a_body_in_chunks_arrives(server: httpx.Client) -> None:
    row = b'{"hubspot_id": "chunked", "source_modified_at": "2026-11-23T12:00:00Z"}'

    def parts() -> Iterator[bytes]:
        yield b'{"kind": "contacts", '
        yield b'"rows": ['
        yield row + b"]}"

    headers = {"Content-Type": "application/json"}
    for _ in range(2):  # the connection is of use afterwards
        answer = server.post("/rpc/credit_desk_copy", content=parts(), headers=headers)
        assert (200, "chunked") == (answer.status_code, answer.json()[0]["hubspot_id"])


def test_chunks_that_are_none_are_refused(settings: SupabaseSettings) -> None:
    url = httpx.URL(settings.url)
    head = (
        f"POST /rest/v1/rpc/x HTTP/1.1\r\nHost: x\r\napikey: {settings.anon_key}\r\n"
        "Transfer-Encoding: chunked\r\n\r\nzz\r\n"
    )
    with socket.create_connection((url.host, url.port), timeout=60) as raw:
        raw.sendall(head.encode())
        assert b" 400 " in raw.recv(4_096).split(b"\r\n")[0]


@pytest.fixture
def versions(stack: LocalSupabase) -> Iterator[Any]:
    url = f"{stack.settings.url}/_sandbox/options"

    def choose(version: int) -> None:
        assert 200 == httpx.put(url, json={"postgrest": version}, timeout=60).status_code

    yield choose
    choose(14)


@pytest.mark.parametrize(
    ("path", "more", "old", "new"),
    [
        (
            "/nothing",
            {},
            (404, "42P01", 'relation "public.nothing" does not exist'),
            (404, "PGRST205", "Could not find the table 'public.nothing' in the schema cache"),
        ),
        (
            "/hubspot_mock_exams?hubspot_id=eq.nobody",
            {"Accept": "application/vnd.pgrst.object+json"},
            (406, "PGRST116", "JSON object requested, multiple (or no) rows returned"),
            (406, "PGRST116", "Cannot coerce the result to a single JSON object"),
        ),
        (
            "/hubspot_mock_exams",
            {"Accept-Profile": "elsewhere"},
            (406, "PGRST106", "The schema must be one of the following: public"),
            (406, "PGRST106", "Invalid schema: elsewhere"),
        ),
        (
            "/hubspot_mock_exams?colour=eq.red",
            {},
            (400, "42703", "column hubspot_mock_exams.colour does not exist"),
            (400, "42703", "column hubspot_mock_exams.colour does not exist"),
        ),
    ],
)
def test_errors_are_those_of_the_chosen_version_of_postgrest(
    server: httpx.Client, versions: Any, path: str, more: dict[str, str], old: Any, new: Any
) -> None:
    told = {}
    for version in (12, 14):
        versions(version)
        answer = server.get(path, headers=more)
        told[version] = (answer.status_code, answer.json()["code"], answer.json()["message"])

    assert {12: old, 14: new} == told


@pytest.mark.parametrize(
    ("claims", "old", "new"),
    [
        (
            {"role": "anon", "exp": 1},
            ("PGRST301", "JWT expired"),
            ("PGRST303", "JWT expired"),
        ),
        (
            None,
            ("PGRST301", "JWSError JWSInvalidSignature"),
            ("PGRST301", "No suitable key or wrong key type"),
        ),
    ],
)
def test_bad_tokens_are_told_as_the_chosen_version_tells_them(
    settings: SupabaseSettings, versions: Any, claims: Any, old: Any, new: Any
) -> None:
    token = mint(settings.jwt_secret if claims else "x" * 40, claims or {"role": "anon"})
    told = {}
    for version in (12, 14):
        versions(version)
        with client(settings, settings.anon_key, token) as asking:
            answer = asking.get(TABLE)
        assert 401 == answer.status_code
        told[version] = (answer.json()["code"], answer.json()["message"])

    assert {12: old, 14: new} == told


def test_an_unknown_version_is_refused(settings: SupabaseSettings) -> None:
    url = f"{settings.url}/_sandbox/options"

    bodies: list[Any] = [{"postgrest": 13}, {"colour": 1}, [], {}]
    for body in bodies:
        assert 400 == httpx.put(url, json=body, timeout=60).status_code
    assert {"postgrest": 14} == httpx.get(url, timeout=60).json()


def test_an_answer_ends_at_a_thousand_rows(server: httpx.Client) -> None:
    moment = "2026-11-23T12:00:00Z"
    for start in range(0, 1_200, 400):
        rows = [
            {"hubspot_id": f"cap{n:05}", "source_modified_at": moment}
            for n in range(start, start + 400)
        ]
        answer = server.post("/rpc/credit_desk_copy", json={"kind": "contacts", "rows": rows})
        assert 200 == answer.status_code, answer.text

    found = server.get(
        "/hubspot_contact_credits", params={"hubspot_id": "like.cap*", "limit": 1_200}
    )

    assert (200, 1_000) == (found.status_code, len(found.json()))


def test_a_path_that_is_none_is_told_by_the_newer_version(
    server: httpx.Client, versions: Any
) -> None:
    told = {}
    for version in (12, 14):
        versions(version)
        answer = server.get("/a/b")
        told[version] = (answer.status_code, answer.json().get("code"))

    assert {12: (404, None), 14: (404, "PGRST125")} == told


def test_heads_and_errors_take_turns(server: httpx.Client) -> None:
    for _ in range(3):
        assert 404 == server.head("/nothing").status_code
        assert "PGRST205" == server.get("/nothing").json()["code"]
        assert 200 == server.head(TABLE).status_code
        assert 200 == server.get(TABLE, params={"limit": 1}).status_code


@pytest.mark.parametrize("path", ["/nothing", TABLE])
def test_a_head_whose_connection_ends_says_so(server: httpx.Client, path: str) -> None:
    """PostgREST 12 ends it after a head without a length; a client may not use it again."""
    assert "close" == server.head(path).headers["Connection"]
    assert "Connection" not in server.get(path).headers
