"""Which settings the server runs by."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from scripts.processes import ROOT

SECRETS = """
HUBSPOT_TOKEN = "from-the-file"
SUPABASE_URL = "http://file.test"
SUPABASE_SERVICE_ROLE_KEY = "from-the-file"
"""
SERVER = """
import streamlit as st
import asgi
from core.app import wiring
from core.health.fitness import Fitness

class Built:
    core = None
    fitness = Fitness()
    def start(self): ...
    def stop(self, *, grace_s): ...

def build(settings):
    print("TOKEN", settings.hubspot_token.get_secret_value())
    print("KEY", settings.supabase_service_role_key.get_secret_value())
    print("AUTH", asgi.loaded.auth)
    return Built()

st.secrets.load_if_toml_exists()
wiring.build = build
asgi._warm_up()
"""


def test_the_environment_wins_over_secrets_that_streamlit_puts_into_it(tmp_path: Path) -> None:
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(SECRETS, encoding="utf-8")
    sign_in = {
        "OIDC_CLIENT_ID": "id-from-the-environment",
        "OIDC_CLIENT_SECRET": "s",
        "OIDC_METADATA_URL": "https://idp.test/.well-known/openid-configuration",
        "AUTH_COOKIE_SECRET": "c" * 32,
        "CREDIT_DESK_PUBLIC_URL": "https://desk.test",
    }
    here = {"PYTHONPATH": str(ROOT), "HUBSPOT_TOKEN": "from-the-environment"}
    env = {**os.environ, **sign_in, **here}

    done = subprocess.run(
        [sys.executable, "-c", SERVER],
        cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert "TOKEN from-the-environment" in done.stdout
    assert "KEY from-the-file" in done.stdout
    assert "'client_id': 'id-from-the-environment'" in done.stdout
    assert "'redirect_uri': 'https://desk.test/oauth2callback'" in done.stdout


def test_the_server_names_all_that_is_wrong_with_settings_and_sign_in_and_does_not_start(
    tmp_path: Path,
) -> None:
    wrong = (
        'HUBSPOT_TOKEN = " "\n[auth]\ncookie_secret = "canary"\n[auth.google]\nclient_id = "x"\n'
    )
    (tmp_path / ".streamlit").mkdir()
    (tmp_path / ".streamlit" / "secrets.toml").write_text(wrong, encoding="utf-8")
    (tmp_path / ".streamlit" / "config.toml").write_text('[server]\nbaseUrlPath = "desk"\n')
    env = {name: value for name, value in os.environ.items() if not name.startswith("SUPABASE")}

    done = subprocess.run(
        [sys.executable, "-c", "import asgi"],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
        env=env | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip

    assert done.returncode == 1
    for name in (
        "server.baseUrlPath is set, and the desk answers at / alone",
        "HUBSPOT_TOKEN is empty",
        "SUPABASE_URL is missing",
        "redirect_uri in [auth] is missing",
        "cookie_secret in [auth] is shorter than 32",
        "client_secret in [auth.google] is missing",
    ):
        assert name in done.stderr
    assert "canary" not in done.stderr
    assert "Traceback" not in done.stderr
