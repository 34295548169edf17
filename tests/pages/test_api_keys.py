"""API keys: which apps may ask, the key shown once, and its withdrawal."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from streamlit.testing.v1 import AppTest

from core.access.api_key_rules import FOR_STUDENTS, Scope, digest
from core.credits.roles import Grant, Role
from pages.shared.places import API_KEYS
from tests.pages.acts import frame_with, said, tick
from tests.pages.conftest import Open
from tests.pages.stage import ACTOR, ADMIN, Stage


def make_on_page(at: AppTest, client: str = "student-app", *without: Scope) -> AppTest:
    at.text_input(key="make_client").input(client)
    for scope in without:
        at.checkbox(key=f"make_{scope}").uncheck()
    return at.button(key="make_sure").click().run()


def test_without_a_key_the_page_says_what_to_do(open_page: Open) -> None:
    at = open_page(API_KEYS)

    assert "No app has a key yet" in said(at)
    assert not at.dataframe


def test_a_new_key_is_shown_until_it_was_copied_and_never_again(
    open_page: Open, made: Stage
) -> None:
    at = make_on_page(open_page(API_KEYS))

    text = at.code[0].value
    (key,) = made.journal.api_keys()
    assert (digest(text), "student-app", ADMIN) == (key.digest, key.client, key.made_by)
    assert "" == at.text_input(key="make_client").value, "a second click makes no second key"
    at.button(key="made_kept").click().run()
    assert not at.code
    assert text not in said(at)
    assert not open_page(API_KEYS).code, "another tab"


def test_a_key_is_made_for_the_scopes_chosen_and_to_the_end_of_its_last_day(
    open_page: Open, made: Stage
) -> None:
    at = open_page(API_KEYS)
    at.date_input(key="make_last").set_value(date(2026, 6, 30))
    make_on_page(at, "student-app", Scope.BOOK, Scope.CANCEL)

    (key,) = made.journal.api_keys()
    assert frozenset({Scope.READ}) == key.scopes
    assert key.expires_at is not None
    assert "2026-07-01T00:00:00+00:00" == key.expires_at.isoformat()


def test_the_scope_of_admins_is_given_only_where_it_is_ticked(open_page: Open, made: Stage) -> None:
    at = make_on_page(open_page(API_KEYS))
    at.button(key="made_kept").click().run()
    at.checkbox(key="make_admin").check()
    make_on_page(at, "admin-app", *FOR_STUDENTS)

    scopes = {key.client: key.scopes for key in made.journal.api_keys()}
    assert {"student-app": FOR_STUDENTS, "admin-app": {Scope.ADMIN}} == scopes


def test_slips_are_told_all_at_once_and_make_no_key(open_page: Open, made: Stage) -> None:
    at = make_on_page(open_page(API_KEYS), "Student App", *FOR_STUDENTS)

    assert "no name for an app" in said(at)
    assert "at least one scope" in said(at)
    assert "No key was made." in said(at)
    assert [] == made.journal.api_keys()


def test_keys_stand_with_what_they_may_and_when_they_were_used(
    open_page: Open, made: Stage
) -> None:
    old, _ = made.core.api_keys.make("old-app", [Scope.READ], ACTOR)
    made.core.api_keys.withdraw(old.id, ACTOR)
    _, text = made.core.api_keys.make("student-app", list(Scope), ACTOR)
    made.core.api_keys.admit(text)

    shown = frame_with(open_page(API_KEYS), "State", "App")

    assert ["student-app", "old-app"] == list(shown["App"])
    assert [["Active"], ["Revoked"]] == list(shown["State"])
    assert ["read, book, cancel, admin", "read"] == list(shown["May"])
    assert ["just now", "never"] == list(shown["Last used"])


def test_the_ticked_key_is_withdrawn_after_a_second_word(open_page: Open, made: Stage) -> None:
    key, _ = made.core.api_keys.make("student-app", list(Scope), ACTOR)
    at = tick(open_page(API_KEYS), "keys_", [0])
    assert at.button(key="withdraw").disabled

    at.checkbox(key=f"sure_{key.id}").check().run()
    at.button(key="withdraw").click().run()

    assert f"Key {key.id} of student-app is revoked." in said(at)
    (kept,) = made.journal.api_keys()
    assert ADMIN == kept.withdrawn_by


def test_a_withdrawn_key_has_no_button(open_page: Open, made: Stage) -> None:
    key, _ = made.core.api_keys.make("student-app", list(Scope), ACTOR)
    made.core.api_keys.withdraw(key.id, ACTOR)

    at = tick(open_page(API_KEYS), "keys_", [0])

    assert "withdraw" not in {button.key for button in at.button}
    assert [f"Made by {ADMIN} just now.", f"Revoked by {ADMIN} just now."] == [
        text.value for text in at.text
    ]


@pytest.mark.parametrize("role", [Role.STAFF, Role.MANAGER])
def test_others_are_refused(open_page: Open, made: Stage, role: Role) -> None:
    made.journal.grant(Grant(email="ben@example.test", role=role, by=ADMIN, at=made.clock()))

    at = open_page(API_KEYS, who={"is_logged_in": True, "email": "ben@example.test"})

    assert "API keys is not open to you" == at.title[0].value


def test_key_ends_in_a_year_and_never_only_on_purpose(open_page: Open, made: Stage) -> None:
    at = make_on_page(open_page(API_KEYS))
    at.button(key="made_kept").click().run()
    at.checkbox(key="make_forever").check()
    make_on_page(at, "old-app")

    ends = {key.client: key.expires_at for key in made.journal.api_keys()}
    assert ends["old-app"] is None
    assert ends["student-app"] is not None
    assert timedelta(days=365) <= ends["student-app"] - made.clock() <= timedelta(days=366)


def test_limits_are_of_the_key_they_were_given_for_alone(open_page: Open, made: Stage) -> None:
    at = open_page(API_KEYS)
    at.text_input(key="make_networks").input("203.0.113.0/24, 2001:db8::/32")
    at.number_input(key="make_writes").set_value(40)
    at.checkbox(key="make_student").check()
    make_on_page(at)
    at.button(key="made_kept").click().run()
    make_on_page(at, "another-app")

    free, limited = made.journal.api_keys()
    assert (("203.0.113.0/24", "2001:db8::/32"), 40, True) == (
        limited.networks, limited.writes_a_day, limited.needs_student,
    )  # fmt: skip
    assert ((), None, False) == (free.networks, free.writes_a_day, free.needs_student)

    shown = "".join(text.value for text in tick(open_page(API_KEYS), "keys_", [1]).text)
    assert "Works only from 203.0.113.0/24, 2001:db8::/32." in shown
    assert "At most 40 changes a day." in shown
    assert "Needs the student's own sign-in." in shown


def test_network_that_is_none_makes_no_key(open_page: Open, made: Stage) -> None:
    at = open_page(API_KEYS)
    at.text_input(key="make_networks").input("the office")

    assert "'the office' is no network" in said(make_on_page(at))
    assert [] == made.journal.api_keys()


def test_all_keys_are_revoked_after_a_second_word(open_page: Open, made: Stage) -> None:
    for client in ("student-app", "another-app"):
        made.core.api_keys.make(client, [Scope.READ], ACTOR)
    at = open_page(API_KEYS)
    assert at.button(key="withdraw_all").disabled

    at.checkbox(key="sure_all").check().run()
    at.button(key="withdraw_all").click().run()

    assert "2 keys revoked: no app can use the API now." in said(at)
    assert [ADMIN] * 2 == [key.withdrawn_by for key in made.journal.api_keys()]
