"""Who may see and do what, through the gateway."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from supabase.lib.client_options import SyncClientOptions

from core.credits.records import Kind
from sandbox.supabase import SupabaseSettings
from sandbox.supabase.keys import mint, user_token
from supabase import create_client
from tests.contract.supabase_sql.conftest import client, copy

TABLES = ("hubspot_contact_credits", "hubspot_bookings", "hubspot_mock_exams")
NOW = "2026-11-23T12:00:00Z"
ID = {"select": "hubspot_id"}


@pytest.fixture
def people(server: httpx.Client, new_id: Iterator[str]) -> dict[str, str]:
    """Two students with one booking each, on one exam that is closed; and two other exams."""
    called = ("ann", "bob", "exam", "open", "shut", "ann_seat", "bob_seat")
    names = {name: next(new_id) for name in called}
    stamp = {"source_modified_at": NOW}
    for name, is_active in (("exam", "false"), ("open", "true"), ("shut", "false")):
        copy(server, "exams", {"hubspot_id": names[name], "is_active": is_active, **stamp})
    for name in ("ann", "bob"):
        email = f"{name}.{names[name]}@Example.test"
        copy(server, "contacts", {"hubspot_id": names[name], "email": email, **stamp})
        refunded = {"token_refund_admin": "staff@example.test", "idempotency_key": "secret"}
        seat = {"hubspot_id": names[f"{name}_seat"], "contact_hubspot_id": names[name], **stamp}
        copy(server, "bookings", {**seat, "exam_hubspot_id": names["exam"], **refunded})
    return names


@pytest.mark.parametrize("table", TABLES)
def test_nobody_signed_out_sees_anything(settings: SupabaseSettings, table: str) -> None:
    with client(settings, settings.anon_key) as anonymous:
        assert anonymous.get(f"/{table}").status_code == 401


@pytest.mark.parametrize(("name", "other"), [("ann", "bob"), ("bob", "ann")])
def test_a_student_sees_the_rows_of_that_email_and_open_exams(
    settings: SupabaseSettings, people: dict[str, str], name: str, other: str
) -> None:
    token = user_token(settings.jwt_secret, f"{name.upper()}.{people[name]}@example.test")
    with client(settings, settings.anon_key, token) as student:
        contacts = student.get("/hubspot_contact_credits", params=ID).json()
        bookings = student.get("/hubspot_bookings", params=ID).json()
        exams = {row["hubspot_id"] for row in student.get("/hubspot_mock_exams", params=ID).json()}
        theirs = {"hubspot_id": f"eq.{people[f'{other}_seat']}", **ID}
        assert [] == student.get("/hubspot_bookings", params=theirs).json()

    assert [row["hubspot_id"] for row in contacts] == [people[name]]
    assert [row["hubspot_id"] for row in bookings] == [people[f"{name}_seat"]]
    assert {people["exam"], people["open"]} <= exams, "one's own, and those that are open"
    assert people["shut"] not in exams


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("hubspot_bookings", "token_refund_admin"),
        ("hubspot_bookings", "idempotency_key"),
        ("hubspot_bookings", "source_modified_at"),
        ("hubspot_contact_credits", "credit_desk_changed_at"),
        ("hubspot_mock_exams", "scheduled_activation_datetime"),
        ("hubspot_mock_exams", "*"),
    ],
)
def test_what_is_not_a_student_s_own_business_cannot_be_read_in_one_s_own_row(
    settings: SupabaseSettings, people: dict[str, str], table: str, column: str
) -> None:
    token = user_token(settings.jwt_secret, f"ann.{people['ann']}@example.test")
    with client(settings, settings.anon_key, token) as student:
        read = student.get(f"/{table}", params={"select": column})
        sorted_by = student.get(f"/{table}", params={**ID, column.strip("*"): "not.is.null"})

    assert read.status_code == 403
    assert column == "*" or sorted_by.status_code == 403, "nor guessed by filters"


def test_a_student_writes_nothing(settings: SupabaseSettings, people: dict[str, str]) -> None:
    token = user_token(settings.jwt_secret, f"ann.{people['ann']}@example.test")
    with client(settings, settings.anon_key, token) as student:
        mine = {"hubspot_id": f"eq.{people['ann']}"}
        patched = student.patch("/hubspot_contact_credits", params=mine, json={"sj_credits": 99})
        called = student.post("/rpc/credit_desk_copy", json={"kind": "contacts", "rows": []})

    assert patched.status_code == 403
    assert called.status_code == 403


@pytest.mark.parametrize(
    "function",
    [
        "credit_desk_copy",
        "credit_desk_copy_contacts",
        "credit_desk_delete",
        "credit_desk_exposure",
        "credit_desk_fault",
        "credit_desk_schema",
    ],
)
def test_the_functions_are_the_servers_alone(settings: SupabaseSettings, function: str) -> None:
    bodies: dict[str, dict[str, object]] = {
        "credit_desk_copy": {"kind": "contacts", "rows": []},
        "credit_desk_delete": {"kind": "contacts", "rows": []},
        "credit_desk_copy_contacts": {"rows": [], "faults": []},
        "credit_desk_fault": {"of_kind": "contacts", "given": {}},
    }
    with client(settings, settings.anon_key) as anonymous:
        answer = anonymous.post(f"/rpc/{function}", json=bodies.get(function, {}))

    assert answer.status_code == 401


def test_the_gateway_asks_for_a_key_it_knows(settings: SupabaseSettings) -> None:
    url = f"{settings.url}/rest/v1/hubspot_mock_exams"
    forged = mint("another secret", {"role": "service_role"})

    assert httpx.get(url, timeout=60).json()["message"] == "No API key found in request"
    wrong = httpx.get(url, headers={"apikey": forged}, timeout=60).json()
    assert wrong["message"] == "Invalid API key"
    assert httpx.get(f"{settings.url}/auth/v1/user", timeout=60).status_code == 404
    key = {"apikey": settings.service_role_key}
    assert httpx.get(url, headers=key, timeout=60).status_code == 200, (
        "the key stands for a missing bearer"
    )
    bearer = {"Authorization": f"Bearer {forged}"}
    assert httpx.get(url, headers=key | bearer, timeout=60).status_code == 401


def test_the_schema_tells_its_version_and_columns(server: httpx.Client) -> None:
    schema = server.post("/rpc/credit_desk_schema", json={}).json()

    assert schema["version"] == 5
    assert schema["tables"].keys() == set(Kind)
    assert schema["tables"]["contacts"]["sj_credits"] == "integer"
    assert schema["open"] == dict.fromkeys(Kind, False)
    assert schema["made"] == dict.fromkeys(Kind, True)
    assert schema["stale"] == schema["names"] == []
    assert schema["never_empty"] == {kind: {} for kind in Kind}


def test_supabase_py_speaks_to_it(settings: SupabaseSettings, people: dict[str, str]) -> None:
    with httpx.Client(timeout=60) as http:
        _copy_and_read(settings, http, people["bob"])


def _copy_and_read(settings: SupabaseSettings, http: httpx.Client, id_: str) -> None:
    options = SyncClientOptions(httpx_client=http)
    supabase = create_client(settings.url, settings.service_role_key, options)
    rows = [{"hubspot_id": id_, "source_modified_at": NOW, "sj_credits": 4}]

    answer = supabase.rpc("credit_desk_copy", {"kind": "contacts", "rows": rows}).execute()
    found = supabase.table("hubspot_contact_credits").select("*").eq("hubspot_id", id_)
    assert answer.data == [{"hubspot_id": id_, "outcome": "written"}]
    assert found.execute().data[0]["sj_credits"] == 4  # type: ignore[index, call-overload]
