from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from pages.shared import signing_in
from sandbox.identity import DEMO_USERS
from scripts import secrets_file

SETTINGS = {
    "HUBSPOT_TOKEN": 'pat-"quoted"\\',
    "OIDC_CLIENT_ID": "desk",
    "OIDC_CLIENT_SECRET": "s",
    "OIDC_METADATA_URL": "http://127.0.0.1:1/.well-known/openid-configuration",
    "AUTH_COOKIE_SECRET": "c" * 32,
    "STATE_DIR": "/not/for/the/app",
}
ORIGIN = "http://localhost:8501"


def test_what_is_written_reads_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / ".streamlit" / "secrets.toml"

    secrets_file.write(path, SETTINGS, origin=ORIGIN)

    read = tomllib.loads(path.read_text())
    assert SETTINGS["HUBSPOT_TOKEN"] == read["HUBSPOT_TOKEN"]
    assert "http://localhost:8501/oauth2callback" == read["auth"]["redirect_uri"]
    assert "STATE_DIR" not in read


def test_each_demo_user_is_a_way_to_sign_in_that_says_what_they_may(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"

    secrets_file.write(path, SETTINGS, origin=ORIGIN)

    auth = tomllib.loads(path.read_text())["auth"]
    assert [] == signing_in.faults(auth)
    offered = signing_in.providers(auth)
    assert ["Sign in as Ada Admin", "Sign in as Mo Manager", "Sign in as Sam Staff"] == [
        each.button for each in offered
    ]
    assert [user.may for user in DEMO_USERS] == [each.about for each in offered]
    hints = [auth[user.role]["client_kwargs"] for user in DEMO_USERS]
    assert [{"login_hint": user.email, "prompt": "none"} for user in DEMO_USERS] == hints


def test_a_schools_own_names_go_with_it(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    portal = '[columns.bookings]\nexam_hubspot_id = "associated_mock_exam"\n'

    given = SETTINGS | {"SUPABASE_SCHEMA": "hubspot_sync", "PORTAL_TOML": portal}
    secrets_file.write(path, given, origin=ORIGIN)

    read = tomllib.loads(path.read_text())
    assert read["SUPABASE_SCHEMA"] == "hubspot_sync"
    assert read["columns"]["bookings"] == {"exam_hubspot_id": "associated_mock_exam"}
    assert "PORTAL_TOML" not in read


def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"

    secrets_file.write(path, SETTINGS, origin=ORIGIN)

    assert 0o600 == path.stat().st_mode & 0o777


def test_our_own_file_is_written_again_at_each_start(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    secrets_file.write(path, SETTINGS, origin=ORIGIN)

    secrets_file.write(path, SETTINGS | {"HUBSPOT_TOKEN": "new"}, origin=ORIGIN)

    assert "new" == tomllib.loads(path.read_text())["HUBSPOT_TOKEN"]


def test_a_file_that_a_person_wrote_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    path.write_text('HUBSPOT_TOKEN = "mine"\n')

    with pytest.raises(FileExistsError):
        secrets_file.write(path, SETTINGS, origin=ORIGIN)

    assert 'HUBSPOT_TOKEN = "mine"\n' == path.read_text()
