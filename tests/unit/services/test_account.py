"""The HubSpot account around the students: links to records, and people and apps by name."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from core.credits.account import OBJECT_TYPES
from core.credits.errors import Forbidden, NotSent
from core.credits.records import Kind
from core.hubspot.ports.directory import Account
from core.mirror.supabase.dashboard import editor_url
from core.students.account import NO_NAMES, AccountDirectory, GivenNames
from core.work.kept import Kept
from tests.fakes.directory import FakeDirectory

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
LONG_S = 10.0
GIVEN = GivenNames(users={"8": "Bo"}, apps={"55": "Booking site"})


def account(directory: FakeDirectory | None, given: GivenNames = NO_NAMES) -> AccountDirectory:
    return AccountDirectory(directory, given, "", lambda: NOON)


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ("a person in HubSpot (user 7)", "a person in HubSpot (Ann Lee, user 7)"),
        ("a person in HubSpot (userId:7)", "a person in HubSpot (Ann Lee, user 7)"),
        ("user 8", "Bo, user 8"),
        ("user 9", "user 9"),
        ("an app (55) at noon", "an app (Booking site, 55) at noon"),
        ("an app (56)", "an app (56)"),
        ("through app 55, by user 7", "through Booking site, app 55, by Ann Lee, user 7"),
        ("3 → 2 by somebody else", "3 → 2 by somebody else"),
    ],
)
def test_people_and_apps_stand_by_name_beside_their_ids(told: str, named: str) -> None:
    assert named == account(FakeDirectory(), GIVEN).named(told)


def test_account_and_people_are_asked_once() -> None:
    directory = FakeDirectory()
    asked = account(directory)

    for id_ in range(50):
        asked.record_url(Kind.CONTACT, str(id_))
        asked.named(f"user {id_}")

    assert ["account", "people"] == directory.calls


def test_token_that_may_not_read_people_leaves_ids() -> None:
    directory = FakeDirectory(dead=Forbidden("the scope is missing", missing=()))
    asked = account(directory, GIVEN)

    assert "user 7 and Bo, user 8" == asked.named("user 7 and user 8")
    assert "" == asked.record_url(Kind.CONTACT, "1")
    assert ["people", "account"] == directory.calls


@pytest.mark.parametrize(
    ("domain", "id_", "url"),
    [
        ("app.hubspot.com", "12", "https://app.hubspot.com/contacts/47/record/0-1/12"),
        ("app-eu1.hubspot.com", "12", "https://app-eu1.hubspot.com/contacts/47/record/0-1/12"),
        ("app.hubspot.com.example.test", "12", ""),
        ("example.test/app.hubspot.com", "12", ""),
        ("", "12", ""),
        ("app.hubspot.com", "", ""),
        ("app.hubspot.com", "12/../x", ""),
    ],
)
def test_record_is_linked_to_on_hubspot_s_own_screens_alone(
    domain: str, id_: str, url: str
) -> None:
    made = Account(portal_id="47", ui_domain=domain, types=OBJECT_TYPES)

    assert url == made.record_url(Kind.CONTACT, id_)


@pytest.mark.parametrize(
    ("url", "editor"),
    [
        (
            "https://abcdefghijklmnopqrst.supabase.co",
            "https://supabase.com/dashboard/project/abcdefghijklmnopqrst/editor?schema=public",
        ),
        ("http://127.0.0.1:54321", ""),
        ("https://db.school.example", ""),
        ("https://abcdefghijklmnopqrst.supabase.co.example.test", ""),
    ],
)
def test_tables_are_linked_to_where_supabase_hosts_them(url: str, editor: str) -> None:
    assert editor == editor_url(url, "public")


def test_answer_that_does_not_come_is_waited_for_once() -> None:
    gate, at, answers = threading.Event(), [NOON], ["first", "second"]
    asked: list[str] = []

    def ask() -> str:
        asked.append("asked")
        gate.wait(LONG_S)
        return answers.pop(0)

    kept = Kept("it", ask, "", lambda: at[0], timedelta(hours=1), timedelta(minutes=5))
    assert "" == kept.get(0.01) == kept.get(LONG_S), "somebody waits already"

    gate.set()
    assert kept._thread is not None
    kept._thread.join(LONG_S)
    assert "first" == kept.get(0)
    assert ["asked"] == asked

    at[0] += timedelta(hours=1)
    assert "second" == kept.get(LONG_S)


def test_failure_is_asked_about_again_after_a_while_and_the_old_answer_holds() -> None:
    at = [NOON]
    directory = FakeDirectory()
    nobody: Mapping[str, str] = {}
    kept = Kept(
        "it", directory.people, nobody, lambda: at[0], timedelta(hours=1), timedelta(minutes=5)
    )
    assert {"7": "Ann Lee"} == kept.get(LONG_S)

    directory.dead = NotSent("HubSpot is away")
    at[0] += timedelta(hours=1)
    assert {"7": "Ann Lee"} == kept.get(LONG_S) == kept.get(LONG_S)
    assert 2 == len(directory.calls)

    at[0] += timedelta(minutes=5)
    directory.dead, directory.names = None, {"8": "Bo"}
    assert {"8": "Bo"} == kept.get(LONG_S)


def test_a_question_that_found_no_thread_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    at = [NOON]
    kept = Kept("it", lambda: "told", "", lambda: at[0], None, timedelta(minutes=5))
    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", no_thread)
        with pytest.raises(RuntimeError):
            kept.get(LONG_S)
    assert "" == kept.get(LONG_S)

    at[0] += timedelta(minutes=5)
    assert "told" == kept.get(LONG_S)


def no_thread(_: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
