"""What lets others read more than their own rows is told by name, with the SQL that ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
import pytest
from psycopg import sql

from core.credits.catalogue import SCHOOL
from core.mirror.names import MirrorNames
from core.mirror.port import Exposure
from core.mirror.rows import columns
from core.mirror.supabase import migrations
from core.mirror.supabase.client import Supabase
from sandbox.supabase import SupabaseSettings
from sandbox.supabase.keys import user_token
from tests.contract.supabase_sql.conftest import client, copy

Db = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way past a student's own rows."""

    opens: str
    #: May be run when it is shut already.
    shuts: str
    what: str
    target: str
    who: str
    #: Among what is told of it.
    said: str


BOOKINGS, CREDITS = "public.hubspot_bookings", "public.hubspot_contact_credits"
STUDENTS, ALL = "authenticated", "anon and authenticated"
OURS = migrations.sql("public", MirrorNames())
WAYS = {
    "a permissive policy that anybody added": Way(
        opens='create policy "public read" on hubspot_bookings for select using (true)',
        shuts='drop policy if exists "public read" on hubspot_bookings',
        what="policy",
        target=BOOKINGS,
        who=STUDENTS,
        said='policy "public read" lets select rows where true',
    ),
    "a policy that lets students write": Way(
        opens="""grant update on hubspot_contact_credits to authenticated;
            create policy "own" on hubspot_contact_credits for update using (true)""",
        shuts="""revoke update on hubspot_contact_credits from authenticated;
            drop policy if exists "own" on hubspot_contact_credits""",
        what="policy",
        target=CREDITS,
        who=STUDENTS,
        said='policy "own" lets update rows where true',
    ),
    "a policy of ours that was altered": Way(
        opens="""alter policy "students read their own bookings" on hubspot_bookings
            using (1 = 1)""",
        shuts=OURS,
        what="policy",
        target=BOOKINGS,
        who=STUDENTS,
        said="rows where (1 = 1)",
    ),
    "the whole table granted": Way(
        opens="grant select on hubspot_bookings to authenticated",
        shuts=OURS,
        what="grant",
        target=BOOKINGS,
        who=STUDENTS,
        said="idempotency_key",
    ),
    "a column granted to whoever is signed out": Way(
        opens="grant select (email) on hubspot_contact_credits to anon",
        shuts=OURS,
        what="grant",
        target=CREDITS,
        who="anon",
        said="the columns email can be read",
    ),
    "a table of the desk's own granted": Way(
        opens="grant select on credit_desk_desks to anon",
        shuts="revoke select on credit_desk_desks from anon",
        what="grant",
        target="public.credit_desk_desks",
        who="anon",
        said="can be read",
    ),
    "row level security switched off": Way(
        opens="alter table hubspot_mock_exams disable row level security",
        shuts="alter table hubspot_mock_exams enable row level security",
        what="table",
        target="public.hubspot_mock_exams",
        who=STUDENTS,
        said="row level security is off",
    ),
    "a view of a view as its owner": Way(
        opens="""create view seats with (security_invoker = on) as select * from hubspot_bookings;
            create view seats_of_all as select * from seats""",
        shuts="drop view if exists seats_of_all, seats",
        what="view",
        target="public.seats_of_all",
        who=ALL,
        said="as its owner",
    ),
    "a materialized view": Way(
        opens="create materialized view seats_then as select * from hubspot_bookings",
        shuts="drop materialized view if exists seats_then",
        what="materialized view",
        target="public.seats_then",
        who=ALL,
        said="as its owner",
    ),
    "a function as its owner": Way(
        opens="""create function all_seats() returns setof hubspot_bookings language sql
            security definer as 'select * from public.hubspot_bookings'""",
        shuts="drop function if exists all_seats()",
        what="function",
        target="public.all_seats()",
        who=ALL,
        said="as its owner",
    ),
    "a function of the desk given away": Way(
        opens="grant execute on function credit_desk_delete(text, jsonb) to anon",
        shuts="revoke execute on function credit_desk_delete(text, jsonb) from anon",
        what="function",
        target="public.credit_desk_delete(kind text, rows jsonb)",
        who="anon",
        said="it is the server's alone",
    ),
    "a role past all policies": Way(
        opens="alter role anon bypassrls",
        shuts="alter role anon nobypassrls",
        what="role",
        target=BOOKINGS,
        who="anon",
        said="bound by no row level security",
    ),
}


@pytest.fixture(scope="module")
def mirror(stack: Any) -> Iterator[Supabase]:
    made = Supabase(
        url=stack.settings.url,
        service_key=stack.settings.service_role_key,
        columns=columns(SCHOOL),
    )
    yield made
    made.close()


@contextmanager
def opened(db: Db, name: str) -> Iterator[Way]:
    """While it is open."""
    way = WAYS[name]
    db.execute(sql.SQL(way.opens))
    try:
        yield way
    finally:
        db.execute(sql.SQL(way.shuts))


def told(mirror: Supabase, way: Way) -> list[Exposure]:
    return [
        each
        for each in mirror.exposures()
        if (each.what, each.target, each.who) == (way.what, way.target, way.who)
        and way.said in each.said
    ]


def test_tables_as_the_migrations_make_them_let_nobody_read_more(mirror: Supabase) -> None:
    assert [] == mirror.exposures()


@pytest.mark.parametrize("name", WAYS)
def test_each_way_past_a_students_own_rows_is_told_and_its_mend_ends_it(
    db: Db, mirror: Supabase, name: str
) -> None:
    with opened(db, name) as way:
        [found] = told(mirror, way)

        db.execute(sql.SQL(found.mend.partition(", then ")[0]))

        assert [] == told(mirror, way)
    db.execute(sql.SQL(OURS))
    assert [] == mirror.exposures()


def test_applying_the_sql_again_says_what_is_open_and_leaves_it(db: Db) -> None:
    said: list[str] = []
    db.add_notice_handler(lambda notice: said.append(notice.message_primary or ""))
    with opened(db, "a permissive policy that anybody added"):
        db.execute(sql.SQL(OURS))

        assert db.execute("select 1 from pg_policy where polname = 'public read'").fetchone()
    assert any('policy "public read" lets select rows where true' in each for each in said)
    assert any('drop policy "public read" on public.hubspot_bookings' in each for each in said)


def test_a_permissive_policy_does_not_open_private_columns(
    db: Db, settings: SupabaseSettings, server: httpx.Client, new_id: Iterator[str]
) -> None:
    seat = {"hubspot_id": next(new_id), "token_refund_admin": "staff@example.test"}
    copy(server, "bookings", {**seat, "source_modified_at": "2026-11-23T12:00:00Z"})
    token = user_token(settings.jwt_secret, "eve@example.test")
    with (
        opened(db, "a permissive policy that anybody added"),
        client(settings, settings.anon_key, token) as student,
        client(settings, settings.anon_key) as nobody,
    ):
        read = student.get("/hubspot_bookings", params={"select": "token_refund_admin"})
        signed_out = nobody.get("/hubspot_bookings", params={"select": "hubspot_id"})

    assert (403, 401) == (read.status_code, signed_out.status_code)
