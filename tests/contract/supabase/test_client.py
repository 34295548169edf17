"""What only the real client can get wrong: keys, schema, failures of the network, threads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest

from core.credits.catalogue import SCHOOL
from core.credits.errors import (
    Forbidden,
    GatewayError,
    NotSent,
    OutcomeUnknown,
    Refused,
    Store,
    Unauthorized,
)
from core.credits.records import Kind
from core.mirror.port import SETUP, Copied
from core.mirror.rows import PROBE_ID, probe_rows
from core.mirror.supabase import client
from core.mirror.supabase.client import Supabase
from core.mirror.supabase.setup import mend, schema_faults
from core.mirror.supabase.wire import copy_results, failure
from sandbox.supabase import LocalSupabase
from tests.contract.supabase.conftest import Connect, OverSupabase, row

A_ROW = [row("x1", 1, sj_credits=1)]


def only_fault(mirror: Supabase) -> str:
    (fault,) = mirror.faults()
    return fault


# --- doctor ---------------------------------------------------------------------------------------


def test_no_key_and_no_address_are_both_named_at_once(connect: Connect) -> None:
    address, key = connect(url="", service_key="").faults()

    assert "SUPABASE_URL" in address
    assert "SUPABASE_SERVICE_ROLE_KEY is not set" in key


def test_a_secret_key_of_the_new_kind_is_as_good_as_the_service_key(
    connect: Connect, stack: LocalSupabase
) -> None:
    supabase = connect(service_key=stack.settings.secret_key)

    assert [] == list(supabase.faults())
    supabase.copy(Kind.CONTACT, A_ROW)


def test_a_legacy_key_works_and_comes_with_the_warning_when_it_ends(
    connect: Connect, stack: LocalSupabase
) -> None:
    keys = stack.settings
    supabase = connect(service_key=keys.service_role_key)

    assert [] == list(supabase.faults())
    (warning,) = supabase.key_warnings()
    assert "at the end of 2026" in warning
    assert keys.service_role_key not in warning
    others = (keys.secret_key, keys.publishable_key, keys.anon_key)
    assert [[], [], []] == [connect(service_key=key).key_warnings() for key in others]


def test_a_balance_that_may_not_be_empty_is_named_with_what_is_shown_and_how_to_mend_it(
    supabase: Supabase, stack: LocalSupabase, db: psycopg.Connection[Any]
) -> None:
    assert [] == supabase.table_warnings()

    with OverSupabase(supabase, stack, db).never_empty(Kind.CONTACT, "cs_credits"):
        (told,) = supabase.table_warnings()

    assert "cs_credits (then 0)" in told
    mend = "alter table public.hubspot_contact_credits alter column cs_credits drop not null"
    assert mend in told


def test_a_publishable_key_is_told_from_a_secret_one(
    connect: Connect, stack: LocalSupabase
) -> None:
    assert only_fault(connect(service_key=stack.settings.publishable_key))


def test_the_anon_key_is_told_from_the_service_key(connect: Connect, stack: LocalSupabase) -> None:
    fault = only_fault(connect(service_key=stack.settings.anon_key))

    assert "holds the anon key" in fault
    assert "sb_secret_" in fault


def test_a_key_that_does_not_tell_its_role_is_found_out_by_asking(
    connect: Connect, stack: LocalSupabase
) -> None:
    with pytest.raises(Forbidden, match="may not do this"):
        connect(service_key=stack.settings.anon_key).copy(Kind.CONTACT, A_ROW)


def test_a_wrong_key_is_named(connect: Connect) -> None:
    fault = only_fault(connect(service_key="sb_secret_of_another_project"))

    assert "does not accept the key" in fault
    assert "set SUPABASE_SERVICE_ROLE_KEY" in fault


def test_an_address_where_nothing_listens_is_named(connect: Connect) -> None:
    fault = only_fault(connect(url="http://127.0.0.1:1"))

    assert "cannot be reached" in fault
    assert "SUPABASE_URL" in fault


def test_an_address_of_something_else_is_named(connect: Connect, stack: LocalSupabase) -> None:
    fault = only_fault(connect(url=f"{stack.settings.url}/dashboard"))

    assert "no Supabase API at this address" in fault


@pytest.fixture
def schema(supabase: Supabase) -> dict[str, Any]:
    """As the real one tells it, for a test to take something out of."""
    told = supabase.call("credit_desk_schema", {})
    assert isinstance(told, dict)
    return told


def test_the_schema_of_our_migrations_is_well(schema: dict[str, Any], supabase: Supabase) -> None:
    assert schema_faults(schema, supabase.columns, supabase.names) == []


def test_every_missing_table_and_column_is_named_at_once(
    schema: dict[str, Any], supabase: Supabase
) -> None:
    del schema["tables"]["exams"]
    for column in ("sj_credits", "source_modified_at"):
        del schema["tables"]["contacts"][column]

    contacts, exams = schema_faults(schema, supabase.columns, supabase.names)

    assert contacts.startswith(
        "table hubspot_contact_credits lacks sj_credits, source_modified_at: apply "
    )
    assert exams.startswith("table hubspot_mock_exams is missing: apply supabase/migrations")


def test_a_table_that_anybody_can_read_is_named(schema: dict[str, Any], supabase: Supabase) -> None:
    schema["open"]["bookings"] = True

    (fault,) = schema_faults(schema, supabase.columns, supabase.names)

    assert "hubspot_bookings can be read by anybody" in fault
    assert "enable row level security" in fault


PROBES = probe_rows(SCHOOL, datetime(2026, 11, 23, 12, tzinfo=UTC))


def test_a_copy_of_each_kind_is_tried_and_leaves_nothing(
    connect: Connect, db: psycopg.Connection[Any]
) -> None:
    mirror = connect(probes=PROBES)

    assert [] == mirror.faults()
    for kind in Kind:
        assert {} == mirror.rows(kind, [PROBE_ID])


def test_a_table_that_takes_no_copy_is_a_fault_though_its_schema_is_well(
    connect: Connect, db: psycopg.Connection[Any]
) -> None:
    mirror = connect(probes=PROBES)
    table = "public.hubspot_mock_exams"
    db.execute(f"alter table {table} add constraint closed check (hubspot_id = 'none') not valid")
    try:
        fault = only_fault(mirror)
    finally:
        db.execute(f"alter table {table} drop constraint closed")

    assert fault.startswith("a copy or a deletion does not work: the database says exams: ")
    assert "closed" in fault
    assert [] == mirror.faults()


@pytest.mark.parametrize("strange", [None, [], {}, {"version": 99}])
def test_functions_of_another_version_are_named(strange: object, supabase: Supabase) -> None:
    (fault,) = schema_faults(strange, supabase.columns, supabase.names)

    assert "another version" in fault


def test_a_function_that_is_not_there_says_to_apply_the_migrations(supabase: Supabase) -> None:
    with pytest.raises(Refused, match="apply supabase/migrations") as caught:
        supabase.call("credit_desk_of_tomorrow", {})

    assert caught.value.category == SETUP
    assert "apply supabase/migrations" in mend(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "told", "not_told"),
    [
        (404, '{"code":"PGRST125","message":"Invalid path"}', "no Supabase API at this", "apply"),
        (404, "<html>", "no Supabase API at this", "apply"),
        (406, '{"code":"PGRST106","message":"Invalid schema: x"}', "exposed ones", "apply"),
        (404, '{"code":"PGRST205","message":"no table"}', "apply supabase/migrations", "exposed"),
        (402, '{"message":"over"}', "over its quota", "apply"),
        (540, "", "paused: restore it", "apply"),
    ],
)
def test_each_refusal_says_what_it_is_and_how_to_fix_it(
    status: int, body: str, told: str, not_told: str
) -> None:
    said = str(failure(status, body))

    assert told in said
    assert not_told not in said


@pytest.mark.parametrize("kind", [NotSent, OutcomeUnknown])
def test_a_failure_of_supabase_says_whose_it_is(connect: Connect, kind: type[GatewayError]) -> None:
    error = httpx.ConnectError if kind is NotSent else httpx.ReadTimeout

    def fail(_request: httpx.Request) -> httpx.Response:
        raise error("what happened")

    mirror = connect(transport=httpx.MockTransport(fail))

    for ask in (
        lambda: mirror.copy(Kind.CONTACT, A_ROW),
        lambda: mirror.rows(Kind.CONTACT, ["1"]),
        lambda: mirror.page(Kind.CONTACT),
    ):
        with pytest.raises(kind) as caught:
            ask()
        assert Store.SUPABASE is caught.value.store


def test_an_answer_that_lacks_a_row_is_supabases_fault(connect: Connect) -> None:
    silent = httpx.MockTransport(lambda _request: httpx.Response(200, json=[]))

    with pytest.raises(OutcomeUnknown) as caught:
        connect(transport=silent).copy(Kind.CONTACT, A_ROW)

    assert Store.SUPABASE is caught.value.store


def test_what_a_table_asks_for_is_asked_again_after_a_while(connect: Connect) -> None:
    """Somebody lets a column be empty while the desk runs: contacts without it have rows now."""
    columns = ["student_id", "email"]
    asked: list[str] = []
    at = [1000.0]

    def schema(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json={"required": {"contacts": columns}})

    mirror = connect(transport=httpx.MockTransport(schema), monotonic=lambda: at[0])
    assert {"student_id", "email"} == mirror.required(Kind.CONTACT)

    columns.remove("email")
    at[0] += client.REQUIRED_HOLDS_S - 1
    assert {"student_id", "email"} == mirror.required(Kind.CONTACT)
    at[0] += 1
    assert {"student_id"} == mirror.required(Kind.CONTACT)
    assert 2 == len(asked)


# --- the network ----------------------------------------------------------------------------------


def leaves(kind: type[httpx.TransportError]) -> set[type[httpx.TransportError]]:
    below = kind.__subclasses__()
    return {leaf for sub in below for leaf in leaves(sub)} if below else {kind}


def test_every_transport_failure_is_sorted_once() -> None:
    """When httpx learns a new way to fail, this test asks us what it means."""
    assert leaves(httpx.TransportError) == {*client.NEVER_SENT, *client.MAYBE_SENT}
    assert not {*client.NEVER_SENT} & {*client.MAYBE_SENT}


@pytest.mark.parametrize("kind", sorted(leaves(httpx.TransportError), key=str))
def test_a_transport_failure_says_what_the_caller_may_do(
    connect: Connect, kind: type[httpx.TransportError]
) -> None:
    def fail(_request: httpx.Request) -> httpx.Response:
        raise kind("what happened")

    mirror = connect(transport=httpx.MockTransport(fail))
    # what cannot be sent is quoted by httpx, and may be the key
    told = kind.__name__ if kind is httpx.LocalProtocolError else "happened"

    with pytest.raises(NotSent if kind in client.NEVER_SENT else OutcomeUnknown, match=told):
        mirror.copy(Kind.CONTACT, A_ROW)


def test_a_connection_that_the_other_side_has_closed_is_no_news(connect: Connect) -> None:
    calls = []

    def hang_up_once(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        if len(calls) == 1:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        return httpx.Response(200, json=[{"hubspot_id": "x1", "outcome": "written"}])

    mirror = connect(transport=httpx.MockTransport(hang_up_once))

    assert list(mirror.copy(Kind.CONTACT, A_ROW)) == ["x1"]


def test_a_supabase_that_is_too_slow_is_not_waited_for(
    connect: Connect, stack: LocalSupabase
) -> None:
    hasty = connect(timeout_s=1)
    stack.set_fault("slow", latency_ms=10_000)

    with pytest.raises(OutcomeUnknown, match="did not answer"):
        hasty.copy(Kind.CONTACT, A_ROW)


def test_a_gateway_that_answers_503_did_nothing(supabase: Supabase, stack: LocalSupabase) -> None:
    stack.set_fault("dead", how="503")

    with pytest.raises(NotSent):
        supabase.copy(Kind.CONTACT, A_ROW)


def test_a_client_that_was_closed_connects_again(supabase: Supabase) -> None:
    supabase.copy(Kind.CONTACT, A_ROW)
    supabase.close()

    assert list(supabase.copy(Kind.CONTACT, A_ROW)) == ["x1"]


def test_a_page_of_a_captive_portal_is_no_answer(connect: Connect) -> None:
    def portal(_request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, html="<h1>Welcome to the Airport</h1>")

    mirror = connect(transport=httpx.MockTransport(portal))

    with pytest.raises(OutcomeUnknown):
        mirror.copy(Kind.CONTACT, A_ROW)
    with pytest.raises(OutcomeUnknown, match="not a list of rows"):
        mirror.rows(Kind.CONTACT, ["x1"])
    assert mirror.faults() != []


def test_the_key_is_not_shown_with_the_client(supabase: Supabase, stack: LocalSupabase) -> None:
    assert stack.settings.service_role_key not in repr(supabase)


# --- answers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        [],
        None,
        {"hubspot_id": "1", "outcome": "written"},
        [{"hubspot_id": "2", "outcome": "written"}],
        [{"hubspot_id": "1", "outcome": "perhaps"}],
    ],
)
def test_a_row_without_an_answer_is_an_error_never_a_success(answer: object) -> None:
    with pytest.raises(OutcomeUnknown):
        copy_results(answer, ["1"])


def test_a_copy_function_of_before_is_named_with_what_to_do() -> None:
    told = "refused: hubspot_contact_credits has no column unreadable"

    answers = copy_results([{"hubspot_id": "1", "outcome": told}], ["1"])

    assert Copied.REFUSED is answers["1"].copied
    assert answers["1"].reason.startswith("Supabase's functions are of another version: apply")


NOT_FOUND = '{"code":"PGRST202","message":"Could not find the function","hint":null}'


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, '{"code":"22P05","message":"unsupported Unicode escape sequence"}', Refused),
        (402, '{"message":"exceed_egress_quota"}', NotSent),
        (401, '{"message":"Invalid API key"}', Unauthorized),
        (401, '{"code":"PGRST301","message":"JWT expired"}', Unauthorized),
        (401, '{"code":"42501","message":"permission denied"}', Forbidden),
        (403, "", Forbidden),
        (404, NOT_FOUND, Refused),
        (404, "<html>", Refused),
        (405, '{"code":"25006","message":"read-only transaction"}', NotSent),
        (408, "", OutcomeUnknown),
        (413, "", Refused),
        (429, "", NotSent),
        (500, '{"code":"57014","message":"statement timeout"}', NotSent),
        (500, '{"code":"40P01","message":"deadlock detected"}', NotSent),
        (500, '{"code":"XX000","message":"internal"}', OutcomeUnknown),
        (502, "<html>", OutcomeUnknown),
        (503, '{"code":"PGRST002","message":"schema cache"}', NotSent),
        (504, "", OutcomeUnknown),
        (520, "", OutcomeUnknown),
        (522, "", NotSent),
        (540, '{"message":"project paused"}', NotSent),
        (302, "", Refused),
    ],
)
def test_an_answer_says_what_the_caller_may_do(
    status: int, body: str, kind: type[GatewayError]
) -> None:
    assert type(failure(status, body)) is kind


def test_what_postgrest_says_is_told_in_one_line() -> None:
    error = failure(404, '{"code":"PGRST202","message":"no\\nfunction","details":"d","hint":"h"}')

    assert str(error).count("\n") == 0
    assert "no function - d - h - PGRST202" in str(error)


def test_how_long_supabase_asks_us_to_wait_is_passed_on() -> None:
    error = failure(429, "", "7")

    assert isinstance(error, NotSent)
    assert error.retry_after_s == 7
