"""Searches in the mirror: in memory, and by the functions of supabase/migrations."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

import psycopg
import pytest

from core.credits.errors import GatewayError
from core.credits.likeness import fold
from core.credits.records import ContactId, Kind
from core.credits.sessions import Counts
from core.mirror.found_by import FoundBy
from core.mirror.port import Candidate, MirrorLookUp
from tests.contract.supabase.conftest import Setting

_numbers = itertools.count(700_000)
TIME = "2026-05-04T12:00:00+00:00"


@pytest.fixture
def mirror(setting: Setting) -> MirrorLookUp:
    made: Any = setting.mirror
    return made  # type: ignore[no-any-return]


def new_id() -> str:
    return str(next(_numbers))


def contact(mirror: MirrorLookUp, **columns: object) -> str:
    id_ = new_id()
    mirror.copy(Kind.CONTACT, [{"hubspot_id": id_, "source_modified_at": TIME, **columns}])
    return id_


def booking(mirror: MirrorLookUp, **columns: object) -> str:
    id_ = new_id()
    mirror.copy(Kind.BOOKING, [{"hubspot_id": id_, "source_modified_at": TIME, **columns}])
    return id_


def exam(mirror: MirrorLookUp, **columns: object) -> str:
    id_ = new_id()
    mirror.copy(Kind.EXAM, [{"hubspot_id": id_, "source_modified_at": TIME, **columns}])
    return id_


def found(mirror: MirrorLookUp, text: str, by: FoundBy | None = None) -> set[str]:
    got: list[Candidate] = mirror.candidates(text, limit=200)
    return {str(each.row["hubspot_id"]) for each in got if by in {None, each.by}}


def test_a_contact_is_found_by_its_ids(mirror: MirrorLookUp) -> None:
    student = new_id()
    id_ = contact(mirror, student_id=student)

    assert {id_} == found(mirror, id_, FoundBy.ID)
    assert {id_} == found(mirror, student, FoundBy.STUDENT_ID)


def test_a_contact_is_found_by_its_whole_address_in_any_case(mirror: MirrorLookUp) -> None:
    id_ = contact(mirror, email=f"Amara.{new_id()}@Example.test")
    (row,) = mirror.rows(Kind.CONTACT, [id_]).values()

    assert {id_} == found(mirror, str(row["email"]).upper(), FoundBy.EMAIL)


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("zub", "Zubaida", "Qarshi"),
        ("aida", "Zubaida", "Qarshi"),
        ("qarshi zub", "Zubaida", "Qarshi"),
        ("zu qa", "Zubaida", "Qarshi"),
        ("krzyzanow", "Łucja", "Krzyżanowska"),
        ("ŁUCJA", "Łucja", "Krzyżanowska"),
        ("grossl", "Uwe", "Großlau"),
        ("o'shaug", "Niamh", "O'Shaughnessy"),
    ],
)
def test_parts_of_names_are_found_without_their_accents(
    mirror: MirrorLookUp, asked: str, first: str, last: str
) -> None:
    id_ = contact(mirror, firstname=first, lastname=last)

    assert id_ in found(mirror, asked, FoundBy.NAME)


def test_a_part_of_an_address_is_found(mirror: MirrorLookUp) -> None:
    number = new_id()
    id_ = contact(mirror, email=f"quillfeather{number}@example.test")

    assert {id_} == found(mirror, f"feather{number}", FoundBy.NAME)


@pytest.mark.parametrize("asked", ["wrzesniewsky", "wrzesnewski", "wrzesineski", "zwrzesniewski"])
def test_a_name_with_a_typing_error_is_a_candidate(mirror: MirrorLookUp, asked: str) -> None:
    id_ = contact(mirror, firstname="Ola", lastname="Wrześniewski")

    assert id_ in found(mirror, asked, FoundBy.LIKE)


def test_likeness_is_only_tried_for_want_of_others(mirror: MirrorLookUp) -> None:
    right = contact(mirror, lastname="Vandersloot")
    near = contact(mirror, lastname="Vanderslood")

    assert {right} == found(mirror, "vandersloot")
    assert near in found(mirror, "vandersloodt")


@pytest.mark.parametrize("asked", ["%", "_", "qq%", "a_b-1%", "\\", "'; drop table x", "💳", "-"])
def test_signs_that_mean_something_to_a_database_find_nobody(
    mirror: MirrorLookUp, asked: str
) -> None:
    contact(mirror, firstname="Amara", lastname="Okafor")

    assert set() == found(mirror, asked)


def test_a_booking_leads_to_its_student_by_name_and_by_id(mirror: MirrorLookUp) -> None:
    student = new_id()
    id_ = contact(mirror, student_id=student)
    name = f"Clinical Skills-{student}-May 4, 2026"
    record = booking(mirror, booking_id=name, contact_hubspot_id=id_)

    for asked in (record, name, name.upper(), f"clinical skills-{student}"):
        (got,) = mirror.candidates(asked, limit=10)
        assert (id_, FoundBy.BOOKING, name) == (got.row["hubspot_id"], got.by, got.booking)


def test_a_contact_with_many_such_bookings_is_one_result(mirror: MirrorLookUp) -> None:
    student = new_id()
    id_ = contact(mirror)
    for month in ("May", "June", "July"):
        booking(mirror, booking_id=f"Mini-mock-{student}-{month} 4, 2026", contact_hubspot_id=id_)

    (got,) = mirror.candidates(f"Mini-mock-{student}", limit=10)

    assert (id_, f"Mini-mock-{student}-July 4, 2026") == (got.row["hubspot_id"], got.booking)


def test_no_more_come_than_were_asked_for(mirror: MirrorLookUp) -> None:
    for _ in range(5):
        contact(mirror, lastname="Featherstonehaugh")

    assert 3 == len(mirror.candidates("featherstonehaugh", limit=3))


def test_a_name_that_changed_is_found_by_the_new_one_alone(mirror: MirrorLookUp) -> None:
    id_ = contact(mirror, lastname="Ashbourneley")
    later = {"hubspot_id": id_, "source_modified_at": "2026-05-05T12:00:00+00:00"}
    mirror.copy(Kind.CONTACT, [{**later, "lastname": "Thistlewaite"}])

    assert id_ in found(mirror, "thistlewaite", FoundBy.NAME)
    assert id_ not in found(mirror, "ashbourneley")


def test_the_rows_of_a_contacts_bookings_are_given(mirror: MirrorLookUp) -> None:
    id_ = contact(mirror)
    mine = {booking(mirror, contact_hubspot_id=id_) for _ in range(2)}
    booking(mirror, contact_hubspot_id=contact(mirror))

    assert mine == {row["hubspot_id"] for row in mirror.bookings_held(ContactId(id_))}


def test_sessions_come_with_their_bookings_counted(mirror: MirrorLookUp) -> None:
    day = {"exam_date": "2031-05-04"}
    id_, empty = exam(mirror, **day, start_time="09:00"), exam(mirror, **day, start_time="13:00")
    token, at = "Clinical Skills Token", "2031-05-01T09:00:00Z"
    for columns in (
        {"is_active": "Active", "token_used": token},
        {"is_active": "Completed", "token_used": token},
        {"is_active": "Cancelled", "token_used": token.upper()},
        {"is_active": "Cancelled", "token_used": token, "token_refunded": True},
        {"is_active": "Cancelled", "token_used": token, "token_refund_admin": "ann@school.test"},
        {"is_active": "Cancelled", "token_used": token, "token_refunded_at": at},
        {"is_active": "Cancelled", "token_used": token, "attendance": "Yes"},
        {"is_active": "Cancelled", "token_used": token, "attendance": "perhaps"},
        {"is_active": "Cancelled", "token_used": token, "attendance": "No"},
        {"is_active": "Cancelled", "token_used": "Admin Override"},
        {"is_active": "Cancelled"},
    ):
        booking(mirror, exam_hubspot_id=id_, **columns)

    got = mirror.sessions(date(2031, 5, 4), date(2031, 5, 4), [token], limit=10)

    assert [
        (id_, Counts(active=1, completed=1, cancelled=9, owed=2)),
        (empty, Counts()),
    ] == [(row["hubspot_id"], counts) for row, counts in got]


def test_days_narrow_sessions_and_a_session_without_a_day_has_none(mirror: MirrorLookUp) -> None:
    days = ("2032-01-01", "2032-01-02", "2032-01-03")
    ids = [exam(mirror, exam_date=day) for day in days]
    nowhen = exam(mirror)

    def between(since: date | None, until: date | None) -> list[str]:
        got = mirror.sessions(since, until, [], limit=100)
        return [str(row["hubspot_id"]) for row, _ in got if row["hubspot_id"] in {*ids, nowhen}]

    assert ids[1:2] == between(date(2032, 1, 2), date(2032, 1, 2))
    assert ids[1:] == between(date(2032, 1, 2), None)
    assert ids[:2] == between(None, date(2032, 1, 2))
    assert [*ids, nowhen] == between(None, None)


def test_a_dead_mirror_is_said_by_each_question(setting: Setting, mirror: MirrorLookUp) -> None:
    setting.die()
    for ask in (
        lambda: mirror.candidates("okafor", limit=1),
        lambda: mirror.bookings_held(ContactId("1")),
        lambda: mirror.sessions(None, None, [], limit=1),
    ):
        with pytest.raises(GatewayError):
            ask()
    setting.come_back()


@pytest.mark.parametrize("text", ["Zoë Łucja Großlau", "GARCÍA-ñ", "O'Shaughnessy", "Æsir œuvre"])
def test_the_database_folds_words_as_the_domain_does(
    db: psycopg.Connection[Any], text: str
) -> None:
    (row,) = db.execute("select public.credit_desk_fold(%s)", [text]).fetchall()

    assert fold(text) == row[0]
