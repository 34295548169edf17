"""What the desk changes of tables that are there: nothing that anybody else could notice."""

from __future__ import annotations

import psycopg
import pytest

from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.mirror.names import MirrorNames
from core.mirror.rows import columns
from core.mirror.supabase import migrations
from core.mirror.supabase.client import Supabase
from sandbox.school.generations import Generation
from tests.contract.school.world import OWN, School

TABLES = ("hubspot_contact_credits", "hubspot_bookings", "hubspot_mock_exams", "sync_metadata")


def added(school: School, what: str) -> set[tuple[object, ...]]:
    now = school.told()[what]
    assert school.catalogue[what] <= now, "nothing of the school's goes or changes"
    return now - school.catalogue[what]


@pytest.mark.parametrize("what", ["rules", "policies", "access"])
def test_no_rule_policy_or_right_of_a_table_changes(school: School, what: str) -> None:
    assert school.told()[what] == school.catalogue[what]


def test_only_columns_that_other_writers_may_leave_out_are_added(school: School) -> None:
    found = added(school, "columns")

    needed = {"token_refunded", "token_refunded_at", "token_refund_admin"}
    expected = OWN | (needed if school.generation is Generation.OLDEST else set())
    assert {str(column) for _, column, *_ in found} == expected
    assert not [row for row in found if row[3] or row[4] is not None], "no not null, no default"


def test_whatever_else_is_added_bears_the_desks_name(school: School) -> None:
    for what, place in (("triggers", 1), ("functions", 0), ("indexes", 1)):
        assert all(str(row[place]).startswith("credit_desk_") for row in added(school, what))
    assert not [row for row in added(school, "indexes") if "UNIQUE" in str(row[2])]


def test_old_readers_get_the_same_answers_as_before(school: School) -> None:
    assert school.read_as_before() == school.answers


@pytest.mark.parametrize("table", TABLES)
def test_a_table_that_was_shut_stays_shut(school: School, table: str) -> None:
    settings = school.stack.settings
    answer = school.ask(f"/{table}", key=settings.publishable_key)

    assert answer.status_code == 401, "no right to it, whatever its policies say"


def test_the_desks_functions_are_the_servers_alone(school: School) -> None:
    key = school.stack.settings.publishable_key
    for name in ("credit_desk_copy", "credit_desk_sessions", "credit_desk_unrefunded"):
        given = {
            "credit_desk_copy": {"kind": "contacts", "rows": []},
            "credit_desk_sessions": {"since": None, "until": None, "tokens": [], "most": 1},
            "credit_desk_unrefunded": {"after": "", "most": 1},
        }[name]
        answer = school.ask(f"/rpc/{name}", method="POST", json=given, key=key)
        assert answer.status_code in {401, 403, 404}, name


def test_the_doctor_tries_a_copy_of_each_kind_and_leaves_nothing(school: School) -> None:
    before = {table: school.held(table) for table in TABLES}

    assert school.mirror.faults() == []
    assert {table: school.held(table) for table in TABLES} == before


def test_the_first_sweep_finds_no_difference_that_is_none(school: School) -> None:
    """Types, names and times that the old apps chose are no drift. What a table never held is."""
    sweep, drifts = school.swept()

    assert sweep.complete
    assert sweep.known == sweep.compared
    marks = {"token_refunded", "token_refunded_at", "token_refund_admin"}
    differing = {column for drift in drifts for column in drift.columns}
    if school.generation is Generation.CURRENT:
        assert drifts == []
    else:
        assert differing == marks, "the oldest tables had no place for a mark"


def test_people_exams_and_bookings_are_looked_up_by_our_names(school: School) -> None:
    booking = school.held("hubspot_bookings")[5]
    contact, exam = booking[school.tables.contact], booking[school.tables.exam]

    (found,) = school.mirror.candidates(booking["hubspot_id"], limit=5)
    mine = school.mirror.bookings_held(contact)
    sessions = school.mirror.sessions(None, None, ["clinical skills token"], limit=100)

    assert found.row["hubspot_id"] == contact
    assert booking["hubspot_id"] in {row["hubspot_id"] for row in mine}
    assert {row["contact_hubspot_id"] for row in mine} == {contact}
    assert exam in {row["hubspot_id"] for row, _ in sessions}
    everything = [(counts.active, counts.completed, counts.cancelled) for _, counts in sessions]
    assert sum(map(sum, everything)) == len(school.held("hubspot_bookings"))


def test_unrefunded_bookings_are_found_whatever_type_the_mark_has(school: School) -> None:
    held = school.held("hubspot_bookings")
    expected = sorted(
        row["hubspot_id"]
        for row in held
        if row["is_active"] == "Cancelled"
        and row["token_used"] is not None
        and str(row.get("token_refunded")).lower() != "true"
    )

    assert school.mirror.unrefunded(limit=1000) == expected
    assert expected


def test_a_table_that_changed_since_is_told_with_what_mends_it(school: School) -> None:
    table = f"{school.tables.schema}.hubspot_bookings"
    school.db.execute(f"alter table {table} add column shoe_size integer")
    try:
        (fault,) = school.mirror.faults()
        assert "hubspot_bookings changed since" in fault
        again = fault.partition("run ")[2].partition("; notify")[0]
        school.db.execute(again + "; reset search_path")
        assert school.mirror.faults() == []
    finally:
        school.db.execute(f"alter table {table} drop column shoe_size")
        school.db.execute(school.sql)


def test_names_that_the_database_was_not_told_are_a_fault(school: School) -> None:
    settings = school.stack.settings
    other = Supabase(
        url=settings.url,
        service_key=settings.secret_key,
        columns=columns(SCHOOL),
        schema=school.tables.schema,
        names=MirrorNames(),
    )

    (fault,) = other.faults()
    other.close()

    assert "in the column contact_hubspot_id, the database was told" in fault
    assert "mirror-sql" in fault


def test_without_the_names_of_contact_and_exam_nothing_is_done(school: School) -> None:
    """A column of our own would hide the desk's bookings from the apps that read the other one."""
    before = school.told()

    with pytest.raises(psycopg.errors.RaiseException) as caught:
        school.db.execute(migrations.sql(school.tables.schema, MirrorNames()))
    school.db.execute("rollback")
    school.db.execute("reset search_path")

    assert "has no column contact_hubspot_id" in str(caught.value)
    assert "[columns.bookings] contact_hubspot_id" in str(caught.value.diag.message_hint)
    assert school.told() == before


def test_a_schema_that_is_not_there_is_named_and_nothing_is_made(school: School) -> None:
    with pytest.raises(psycopg.errors.RaiseException, match="there is no schema elsewhere"):
        school.db.execute(migrations.sql("elsewhere", school.names))
    school.db.execute("rollback")


def test_the_way_back_leaves_the_school_as_it_was(school: School) -> None:
    rows = {table: school.held(table) for table in TABLES}
    school.db.execute(migrations.removal(school.tables.schema))
    try:
        now = school.told()
        marks = {"token_refunded", "token_refunded_at", "token_refund_admin"}
        left = {row for row in now.pop("columns") if row not in school.catalogue["columns"]}
        assert {str(column) for _, column, *_ in left} <= marks, "they hold values of HubSpot"
        assert now == {what: all_ for what, all_ in school.catalogue.items() if what != "columns"}
        assert {table: school.held(table) for table in TABLES} == rows
    finally:
        school.db.execute(school.sql)
        school.wait_for_the_api()
    assert school.mirror.faults() == []


def test_every_kind_has_its_table_in_the_schema(school: School) -> None:
    for kind in Kind:
        assert school.mirror.page(kind, limit=1)


def test_tables_that_were_shut_are_told_to_be_shut(school: School) -> None:
    assert [] == school.mirror.exposures()


def test_a_policy_of_the_schools_own_is_told_and_stays(school: School) -> None:
    """Another app of the school may need it: the desk says what it opens, and no more."""
    table = f"{school.tables.schema}.hubspot_mock_exams"
    exams = "hubspot_mock_exams"
    school.execute("grant select on {} to authenticated", exams)
    add = 'create policy "timetable" on {} for select to authenticated using (true)'
    school.execute(add, exams)
    try:
        school.db.execute(school.sql)
        found = school.mirror.exposures()
        kept = school.db.execute("select 1 from pg_policy where polname = 'timetable'").rowcount
    finally:
        school.execute('drop policy "timetable" on {}', exams)
        school.execute("revoke select on {} from authenticated", exams)

    assert [("policy", table, "authenticated")] == [
        (each.what, each.target, each.who) for each in found
    ]
    assert 'policy "timetable" lets select rows where true' == found[0].said
    assert 1 == kept
