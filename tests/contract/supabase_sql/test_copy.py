"""credit_desk_copy over real PostgreSQL and PostgREST."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from core.mirror.names import MirrorNames
from core.mirror.supabase.migrations import sql
from tests.contract.supabase_sql.conftest import copy, held

CONTACTS = "hubspot_contact_credits"
FIVE = (
    "sj_credits",
    "cs_credits",
    "sjmini_credits",
    "mock_discussion_token",
    "shared_mock_credits",
)


def at(minute: int) -> str:
    return f"2026-11-23T12:{minute:02d}:00+00:00"


def row(id_: str, minute: int, **columns: object) -> dict[str, object]:
    return {"hubspot_id": id_, "source_modified_at": at(minute), **columns}


def test_a_new_row_is_written_with_defaults_for_what_was_not_read(
    server: httpx.Client, new_id: Iterator[str]
) -> None:
    id_ = next(new_id)

    assert copy(server, "contacts", row(id_, 1, sj_credits=3)) == [(id_, "written")]
    found = held(server, CONTACTS, id_)
    assert [found[name] for name in FIVE] == [3, 0, 0, 0, 0]
    assert found["email"] is None
    assert found["source_modified_at"] == at(1)
    assert found["synced_at"] is not None


def test_a_column_that_was_not_read_is_never_touched(
    server: httpx.Client, new_id: Iterator[str]
) -> None:
    id_ = next(new_id)
    copy(
        server, "contacts", row(id_, 1, sj_credits=3, shared_mock_credits=7, email="a@example.test")
    )

    assert copy(server, "contacts", row(id_, 2, sj_credits=4)) == [(id_, "written")]
    found = held(server, CONTACTS, id_)
    assert (found["sj_credits"], found["shared_mock_credits"]) == (4, 7)
    assert found["email"] == "a@example.test"


def test_a_partial_copy_never_makes_a_row(server: httpx.Client, new_id: Iterator[str]) -> None:
    """The columns it leaves out would be invented: a student would see credits fall to zero."""
    id_, other = next(new_id), next(new_id)
    rows = [row(id_, 1, sj_credits=3, partial=True), row(other, 1, sj_credits=4)]

    assert copy(server, "contacts", *rows) == [(id_, "missing"), (other, "written")]
    assert copy(server, "contacts", row(other, 2, sj_credits=5, partial=True)) == [
        (other, "written")
    ]
    assert held(server, CONTACTS, other)["sj_credits"] == 5
    found = server.get(f"/{CONTACTS}", params={"hubspot_id": f"eq.{id_}"}).json()
    assert found == []


def test_a_late_copy_never_overwrites_a_newer_row(
    server: httpx.Client, new_id: Iterator[str]
) -> None:
    id_ = next(new_id)
    copy(server, "contacts", row(id_, 5, sj_credits=5))

    assert copy(server, "contacts", row(id_, 4, sj_credits=4)) == [(id_, "newer_kept")]
    assert held(server, CONTACTS, id_)["sj_credits"] == 5


def test_a_repeated_copy_is_already_equal_and_changes_nothing(
    server: httpx.Client, new_id: Iterator[str]
) -> None:
    id_ = next(new_id)
    copy(server, "contacts", row(id_, 5, sj_credits=5))
    before = held(server, CONTACTS, id_)

    assert copy(server, "contacts", row(id_, 5, sj_credits=5)) == [(id_, "already_equal")]
    assert held(server, CONTACTS, id_) == before


def test_the_version_of_an_equal_newer_copy_is_remembered(
    server: httpx.Client, new_id: Iterator[str]
) -> None:
    """Else a copy from between the two would pass for newer."""
    id_ = next(new_id)
    copy(server, "contacts", row(id_, 1, sj_credits=5))

    assert copy(server, "contacts", row(id_, 9, sj_credits=5)) == [(id_, "already_equal")]
    assert copy(server, "contacts", row(id_, 5, sj_credits=4)) == [(id_, "newer_kept")]
    found = held(server, CONTACTS, id_)
    assert (found["sj_credits"], found["source_modified_at"]) == (5, at(9))
    assert found["updated_at"] < found["synced_at"]


def test_the_same_version_repairs_a_row_that_was_changed_in_the_mirror(
    server: httpx.Client, db: psycopg.Connection[Any], new_id: Iterator[str]
) -> None:
    id_ = next(new_id)
    copy(server, "contacts", row(id_, 5, sj_credits=5))
    db.execute("update hubspot_contact_credits set sj_credits = 9 where hubspot_id = %s", [id_])
    edited = held(server, CONTACTS, id_)

    assert edited["credit_desk_changed_at"] > edited["credit_desk_synced_at"], "it leaves a trace"
    assert copy(server, "contacts", row(id_, 5, sj_credits=5)) == [(id_, "written")]
    assert held(server, CONTACTS, id_)["sj_credits"] == 5


def test_a_row_without_a_source_time_counts_as_older(
    server: httpx.Client, db: psycopg.Connection[Any], new_id: Iterator[str]
) -> None:
    id_ = next(new_id)
    db.execute("insert into hubspot_contact_credits (hubspot_id, sj_credits) values (%s, 2)", [id_])

    assert copy(server, "contacts", row(id_, 1, sj_credits=3)) == [(id_, "written")]


def test_of_two_copies_of_one_row_in_one_call_the_newest_counts(
    server: httpx.Client, new_id: Iterator[str]
) -> None:
    id_ = next(new_id)
    rows = [row(id_, minute, sj_credits=minute) for minute in (2, 8, 5)]

    assert copy(server, "contacts", *rows) == [
        (id_, "newer_kept"),
        (id_, "written"),
        (id_, "newer_kept"),
    ]
    assert held(server, CONTACTS, id_)["sj_credits"] == 8


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ({"source_modified_at": at(1)}, "hubspot_id is missing"),
        ({"hubspot_id": "", "source_modified_at": at(1)}, "hubspot_id is missing"),
        ({"hubspot_id": "x"}, "source_modified_at is missing"),
        (row("x", 1, sj_credits="abc"), "sj_credits is 'abc', not a whole number from 0 up"),
        (row("x", 1, sj_credits=1.5), "sj_credits is '1.5', not a whole number from 0 up"),
        (row("x", 1, sj_credits=-1), "sj_credits is '-1', not a whole number from 0 up"),
        (row("x", 1, credits=1), "hubspot_contact_credits has no column credits"),
        (row("x", 1, synced_at=at(1)), "synced_at is set by the mirror itself"),
        (
            row("x", 1, ndecc_exam_date="soon"),
            "ndecc_exam_date: invalid input syntax for type date",
        ),
        ({"hubspot_id": "x", "source_modified_at": "now-ish"}, "source_modified_at: invalid input"),
        ("a text", "not an object"),
        (None, "not an object"),
    ],
)
def test_an_unfit_row_is_refused_by_name_and_the_others_are_written(
    server: httpx.Client, new_id: Iterator[str], bad: Any, why: str
) -> None:
    first, last = next(new_id), next(new_id)

    answers = copy(server, "contacts", row(first, 1, sj_credits=1), bad, row(last, 1, sj_credits=2))
    assert [answers[0], answers[2]] == [(first, "written"), (last, "written")]
    id_, outcome = answers[1]
    assert outcome.startswith("refused: ")
    assert why in outcome
    assert id_ == (bad.get("hubspot_id") if isinstance(bad, dict) else None)
    assert held(server, CONTACTS, last)["sj_credits"] == 2
    assert server.get(f"/{CONTACTS}", params={"hubspot_id": "eq.x"}).json() == []


def test_numbers_may_come_as_text(server: httpx.Client, new_id: Iterator[str]) -> None:
    id_ = next(new_id)

    assert copy(server, "contacts", row(id_, 1, sj_credits="3")) == [(id_, "written")]
    assert held(server, CONTACTS, id_)["sj_credits"] == 3


def test_rows_that_name_different_columns_go_in_one_call(
    server: httpx.Client, new_id: Iterator[str]
) -> None:
    one, two = next(new_id), next(new_id)
    copy(server, "contacts", *(row(i, 1, sj_credits=1, cs_credits=1) for i in (one, two)))

    answers = copy(server, "contacts", row(one, 2, sj_credits=2), row(two, 2, cs_credits=2))
    assert [outcome for _, outcome in answers] == ["written", "written"]
    assert [held(server, CONTACTS, one)[name] for name in FIVE[:2]] == [2, 1]
    assert [held(server, CONTACTS, two)[name] for name in FIVE[:2]] == [1, 2]


def test_bookings_and_exams_are_copied_with_their_own_columns(
    server: httpx.Client, new_id: Iterator[str]
) -> None:
    booking, exam = next(new_id), next(new_id)
    seat = row(
        booking,
        1,
        booking_id="Clinical Skills-1-March 4, 2027",
        contact_hubspot_id="7",
        exam_hubspot_id=exam,
        is_active="Cancelled",
        token_refunded=True,
        token_refunded_at="2026-11-23T12:00:00Z",
        exam_date="2027-03-04",
    )
    session = row(
        exam,
        1,
        mock_type="Clinical Skills",
        capacity=40,
        total_bookings=12,
        is_active="scheduled",
        scheduled_activation_datetime="2026-12-01T09:00:00Z",
    )

    assert copy(server, "bookings", seat) == [(booking, "written")]
    assert copy(server, "exams", session) == [(exam, "written")]
    assert copy(server, "bookings", seat) == [(booking, "already_equal")]
    assert held(server, "hubspot_bookings", booking)["token_refunded"] is True
    assert held(server, "hubspot_mock_exams", exam)["total_bookings"] == 12


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ({"kind": "people", "rows": []}, "kind is 'people'"),
        ({"kind": "contacts", "rows": {}}, "rows is not an array"),
        ({"kind": "contacts", "rows": [{}] * 1001}, "at most 1000"),
    ],
)
def test_a_call_that_makes_no_sense_is_refused_as_a_whole(
    server: httpx.Client, body: dict[str, object], why: str
) -> None:
    answer = server.post("/rpc/credit_desk_copy", json=body)

    assert answer.status_code == 400
    assert why in answer.json()["message"]


def test_a_table_that_we_made_before_lets_a_balance_be_empty_once_the_sql_is_run_again(
    db: psycopg.Connection[Any],
) -> None:
    columns = """select attname from pg_attribute where attnotnull
        and attrelid = 'hubspot_contact_credits'::regclass and attname like '%credit%'"""
    db.execute("""update hubspot_contact_credits set sj_credits = 0 where sj_credits is null;
        alter table hubspot_contact_credits alter column sj_credits set not null""")
    assert [("sj_credits",)] == db.execute(columns).fetchall()

    db.execute(sql("public", MirrorNames()).encode())

    assert [] == db.execute(columns).fetchall()


def test_no_rows_is_no_answer(server: httpx.Client) -> None:
    assert copy(server, "contacts") == []
