"""Who offers to sign people in, and what is wrong with the section that says so."""

from __future__ import annotations

from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.settings import load
from pages.shared import signing_in
from pages.shared.places import OPERATIONS
from pages.shared.signing_in import Provider
from tests.pages.acts import said
from tests.pages.conftest import Open
from tests.pages.stage import ADMIN, Stage, signed_in

COMMON = {"redirect_uri": "https://desk.example.test/oauth2callback", "cookie_secret": "c" * 64}
IDP = {
    "client_id": "desk",
    "client_secret": "canary-client-secret",
    "server_metadata_url": "https://idp.example.test/.well-known/openid-configuration",
}


def told(auth: object) -> list[str]:
    return [str(fault) for fault in signing_in.faults(auth)]


@pytest.mark.parametrize(
    ("auth", "buttons"),
    [
        (COMMON | IDP, ["Sign in"]),
        (COMMON | {"default": IDP}, ["Sign in"]),
        (COMMON | IDP | {"client_kwargs": {"prompt": "login"}}, ["Sign in"]),
        (
            COMMON | {"google": IDP, "microsoft": IDP},
            ["Sign in with Google", "Sign in with Microsoft"],
        ),
        (COMMON | IDP | {"my-school": IDP}, ["Sign in", "Sign in with My School"]),
    ],
)
def test_each_provider_is_offered_by_its_name(auth: dict[str, Any], buttons: list[str]) -> None:
    assert buttons == [provider.button for provider in signing_in.providers(auth)]
    assert [] == told(auth)


def test_all_that_is_missing_is_told_at_once() -> None:
    faults = told({"google": {"client_id": "x"}, "my_idp": IDP})

    assert [
        "redirect_uri in [auth] is missing",
        "cookie_secret in [auth] is missing",
        "client_secret in [auth.google] is missing",
        "server_metadata_url in [auth.google] is missing",
        "[auth.my_idp] has an underscore in its name",
    ] == [fault.partition(". ")[0] for fault in faults]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"redirect_uri": "https://desk.example.test/"}, "no address with the path"),
        ({"redirect_uri": "desk.example.test/oauth2callback"}, "no address with the path"),
        ({"redirect_uri": "https://[/oauth2callback"}, "no address with the path"),
        ({"redirect_uri": 4711}, "redirect_uri in [auth] is missing"),
        ({"cookie_secret": "canary"}, "shorter than 32"),
        ({"client_secret": ["canary"]}, "client_secret in [auth] is missing"),
        ({"server_metadata_url": "http://idp.example.test/x"}, "begins with https://"),
        ({"server_metadata_url": "/idp"}, "begins with https://"),
    ],
)
def test_a_wrong_value_is_named_by_its_key_and_never_shown(
    change: dict[str, Any], fault: str
) -> None:
    (found,) = told(COMMON | IDP | change)

    assert fault in found
    assert not [value for value in (IDP["client_secret"], *change.values()) if str(value) in found]


def test_a_provider_on_this_machine_needs_no_https() -> None:
    local = IDP | {"server_metadata_url": "http://127.0.0.1:9/.well-known/openid-configuration"}

    assert [] == told(COMMON | local)


@pytest.mark.parametrize("auth", ["x", 7, [], True])
def test_what_is_no_section_is_told(auth: object) -> None:
    assert "[auth] is no section" in told(auth)[0]


def test_a_section_without_a_provider_is_told() -> None:
    assert "[auth] names no provider" in told(COMMON)[0]


@pytest.fixture
def auth(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What stands in ``[auth]``; empty: nothing does."""
    section: dict[str, Any] = {}
    monkeypatch.setattr(signing_in, "section", lambda: section or None)
    return section


def buttons(at: AppTest) -> dict[str, bool]:
    return {button.label: button.disabled for button in at.button}


def test_the_sign_in_page_has_a_button_for_each_provider(
    open_page: Open, auth: dict[str, Any]
) -> None:
    auth |= COMMON | {"google": IDP, "microsoft": IDP}

    at = open_page(OPERATIONS, who={})

    assert {"Sign in with Google": False, "Sign in with Microsoft": False} == buttons(at)


def test_a_provider_is_offered_in_the_words_of_its_section(
    open_page: Open, auth: dict[str, Any]
) -> None:
    stated = {"label": "School account", "about": "For [teachers](x)"}
    auth |= COMMON | {"about": "Ask IT for an account", "school": IDP | stated}

    at = open_page(OPERATIONS, who={})

    assert {"School account": False} == buttons(at)
    assert [r"For \[teachers\]\(x\)"] == [caption.value for caption in at.caption]
    assert "Ask IT for an account" in said(at)


def test_the_sign_in_page_tells_all_that_is_wrong_in_the_place_of_buttons(
    open_page: Open, auth: dict[str, Any]
) -> None:
    auth |= {"cookie_secret": "canary-cookie", "google": {"client_id": "x"}}

    at = open_page(OPERATIONS, who={})

    assert "redirect_uri in [auth] is missing" in said(at)
    assert "client_secret in [auth.google] is missing" in said(at)
    assert "canary" not in said(at)
    assert {} == buttons(at)
    assert not at.exception


def test_who_was_signed_in_is_offered_the_same_providers_again(
    open_page: Open, made: Stage, auth: dict[str, Any]
) -> None:
    auth |= COMMON | {"google": IDP, "microsoft": IDP}
    made.clock.pass_(hours=13)

    at = open_page(OPERATIONS, who=signed_in(email=ADMIN))

    assert "Your sign-in has ended" == at.title[0].value
    assert ["Sign in with Google", "Sign in with Microsoft"] == list(buttons(at))


def test_a_click_asks_streamlit_for_that_provider(
    open_page: Open, auth: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str | None] = []
    monkeypatch.setattr(st, "login", asked.append)
    auth |= COMMON | IDP | {"google": IDP}
    at = open_page(OPERATIONS, who={})

    at.button(key="sign_in_google").click().run()
    at.button(key="sign_in_default").click().run()

    assert ["google", None] == asked


def test_the_name_that_streamlit_takes_for_auth_itself_is_none() -> None:
    assert [Provider(name=None)] == signing_in.providers(COMMON | IDP)


OIDC = {
    "OIDC_CLIENT_ID": "desk",
    "OIDC_CLIENT_SECRET": "s",
    "OIDC_METADATA_URL": "https://idp.test/.well-known/openid-configuration",
    "AUTH_COOKIE_SECRET": "c" * 32,
}
ORIGIN = "https://desk.test"


ACCOUNT = {
    "HUBSPOT_TOKEN": "t",
    "SUPABASE_URL": "https://school.supabase.test",
    "SUPABASE_SERVICE_ROLE_KEY": "k",
}


def of_settings(auth: object, origin: str = ORIGIN, **given: str) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        for name in [*OIDC, "OIDC_REDIRECT_URI"]:
            patch.delenv(name, raising=False)
        for name, value in (ACCOUNT | given).items():
            patch.setenv(name, value)
        patch.setattr(signing_in, "section", lambda: auth)
        return signing_in.of_settings(load(), origin)


def test_the_sign_in_can_come_from_the_environment_alone() -> None:
    made = of_settings(None, **OIDC)

    assert f"{ORIGIN}/oauth2callback" == made["redirect_uri"]
    assert [] == signing_in.faults(made)
    assert [Provider(name=None)] == signing_in.providers(made)


def test_without_settings_of_it_the_section_of_the_file_is_taken_as_it_is() -> None:
    assert of_settings(None) is None
    assert COMMON | IDP == of_settings(COMMON | IDP)
    assert "nonsense" == of_settings("nonsense", **OIDC), "and its fault is named"


def test_the_environment_wins_over_the_file_and_keeps_its_other_providers() -> None:
    made = of_settings(COMMON | {"google": IDP}, **OIDC)

    assert ("c" * 32, IDP) == (made["cookie_secret"], made["google"])
    assert COMMON["redirect_uri"] == made["redirect_uri"], "no setting states one"


def test_what_the_environment_leaves_out_is_named() -> None:
    made = of_settings(None, origin="", OIDC_CLIENT_ID="desk")

    named = {fault.name.split(" ")[0] for fault in signing_in.faults(made)}
    assert {"redirect_uri", "cookie_secret", "client_secret", "server_metadata_url"} == named


def test_an_address_to_come_back_to_that_the_server_does_not_answer_is_named() -> None:
    auth = of_settings(None, **OIDC)

    assert [] == signing_in.misplaced(auth, lambda host: host == "desk.test")
    (fault,) = signing_in.misplaced(auth, lambda host: host == "other.test")
    assert "names a host that CREDIT_DESK_PUBLIC_URL does not name" in str(fault)
    assert [] == signing_in.misplaced({"redirect_uri": 7}, lambda _: False), "told elsewhere"
    own = {"redirect_uri": "http://localhost:{port}/oauth2callback"}
    assert [] == signing_in.misplaced(own, lambda host: host == "localhost")
