"""The files in deploy/ and docs/deploy.md say what the code does."""

from __future__ import annotations

import configparser
import re
import tomllib
from pathlib import Path

import pytest

from api.guard import signing
from api.guard.addresses import CLOSED, is_shut
from api.guard.budgets import Rate
from api.guard.connections import HttpConnection
from api.guard.limits import LIMITS
from api.guard.sockets import (
    FRAME_BYTES,
    IDLE_S,
    OF_ADDRESS,
    OF_ALL,
    SIGNED_IN,
    SIGNED_IN_SOCKETS,
    STRANGER,
)
from api.guard.uploads import ALL_BYTES, SESSION_BYTES
from core.app.wiring import SERVER_GRACE_S
from core.cli.commands.upkeep import GRACE_S
from core.settings import load
from core.settings.model import SECRETS_FILE, Settings
from pages.shared import signing_in
from scripts.processes import ROOT
from tests.commands import app

DEPLOY = ROOT / "deploy"
NGINX = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
CADDY = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
HAPROXY = (DEPLOY / "haproxy.cfg").read_text(encoding="utf-8")
UNITS = ("credit-desk.service", "credit-desk-worker.service")
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
DOC = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
PORT = "8501"
MB = 1_000_000


def unit(name: str) -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(DEPLOY / name, encoding="utf-8")
    return parser["Service"]


@pytest.mark.parametrize("proxy", [NGINX, CADDY, HAPROXY], ids=["nginx", "caddy", "haproxy"])
def test_proxies_lead_to_where_the_app_listens(proxy: str) -> None:
    assert f"{CONFIG['server']['address']}:{PORT}" in proxy
    assert f"--server.port {PORT}" in unit(UNITS[0])["ExecStart"]


@pytest.mark.parametrize("proxy", [NGINX, CADDY, HAPROXY], ids=["nginx", "caddy", "haproxy"])
def test_proxies_take_what_the_app_takes(proxy: str) -> None:
    sizes = {int(n) for n in re.findall(r"(?:max_body_size|max_size) (\d+)M?[mB]", proxy)}
    sizes |= {int(n) // MB for n in re.findall(r"content-length\) gt (\d+)", proxy)}
    api = max(limit.body_bytes for limit in LIMITS.values())

    assert {api // MB, CONFIG["server"]["maxUploadSize"] + 1} == sizes


@pytest.mark.parametrize("proxy", [NGINX, CADDY, HAPROXY], ids=["nginx", "caddy", "haproxy"])
def test_proxies_wait_for_an_answer_longer_than_the_app_does(proxy: str) -> None:
    named = r"(?:read_timeout|header_timeout|timeout server) +(\d+)s"
    waits = {int(n) for n in re.findall(named, proxy)}

    assert max(waits) > max(limit.answer_s for limit in LIMITS.values())


@pytest.mark.parametrize("proxy", [NGINX, CADDY, HAPROXY], ids=["nginx", "caddy", "haproxy"])
def test_what_proxies_shut_is_there_or_shut_in_the_app(proxy: str) -> None:
    shut = {path.rstrip("*") for path in re.findall(r"(/(?:api|_stcore)/\w+)", proxy)} - {
        "/_stcore/stream",
        "/api/healthz",
    }

    assert {"/api/readyz", "/api/metrics", "/_stcore/metrics", "/_stcore/agent"} == shut
    assert all(is_shut(path, path.encode()) for path in shut if path.startswith("/_stcore"))
    assert set(CLOSED) >= {path for path in shut if path.startswith("/_stcore")}


def test_people_stay_at_one_app_and_machines_at_any() -> None:
    backends = dict(
        re.findall(r"^backend (\w+)\n(.*?)(?=^backend|\Z)", HAPROXY, re.MULTILINE | re.DOTALL)
    )
    servers = {
        name: re.findall(r"^ +server (\w+) (\S+)(?: cookie (\w+))?", told, re.MULTILINE)
        for name, told in backends.items()
    }

    assert all(name == cookie for name, _, cookie in servers["people"])
    assert all(not cookie for _, _, cookie in servers["machines"])
    assert [each[:2] for each in servers["people"]] == [each[:2] for each in servers["machines"]]
    assert "cookie desk_app insert" in backends["people"]
    assert "retry-on conn-failure" in backends["machines"], "a booking may have been taken"


@pytest.mark.parametrize("name", UNITS)
def test_systemd_waits_for_the_graceful_stop(name: str) -> None:
    service = unit(name)

    assert int(service["TimeoutStopSec"]) > max(SERVER_GRACE_S, GRACE_S) + 10
    assert "mixed" == service["KillMode"]


def test_what_is_started_exists() -> None:
    started = [unit(name)["ExecStart"] for name in UNITS]
    started += (DEPLOY / "Procfile").read_text(encoding="utf-8").splitlines()
    scripts = {word for line in started for word in line.split() if word.endswith(".py")}

    assert {"asgi.py"} == scripts
    assert all("streamlit run asgi.py" in line or "-m core worker" in line for line in started)
    assert all((ROOT / script).is_file() for script in scripts)


@pytest.mark.parametrize("name", UNITS)
def test_units_and_commands_take_the_store_from_the_same_file(name: str) -> None:
    """``.streamlit/secrets.toml`` of the working folder, which the settings read."""
    service, command = unit(name), (DEPLOY / "credit-desk").read_text(encoding="utf-8")

    assert {"Environment", "EnvironmentFile"}.isdisjoint(service)
    assert "--secrets.files" not in service["ExecStart"]
    assert f"cd {service['WorkingDirectory']} &&" in command
    assert f"sudo -u {service['User']} " in command
    assert f"ln -s /etc/credit-desk/secrets.toml {SECRETS_FILE}" in DOC


def test_the_settings_that_the_doc_shows_are_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for field in Settings.model_fields.values():
        monkeypatch.delenv(str(field.alias), raising=False)
    (shown,) = re.findall(r"```toml\n(OPS_DATABASE_URL.*?)```", DOC, re.DOTALL)
    (tmp_path / ".streamlit").mkdir()
    filled = shown.replace('"..."', '"filled-in-by-a-person-with-32-letters"')
    (tmp_path / SECRETS_FILE).write_text(filled, encoding="utf-8")

    settings = load(tmp_path)

    assert "sqlite:////var/lib/credit-desk/desk.sqlite" == settings.store_url.get_secret_value()
    assert [] == signing_in.faults(tomllib.loads(filled)["auth"])


def test_every_setting_that_is_named_exists() -> None:
    texts = [DOC, *((DEPLOY / name).read_text(encoding="utf-8") for name in UNITS)]
    named = set(re.findall(r"\b(?:CREDIT_DESK|HUBSPOT|SUPABASE|OPS)_[A-Z_]+\b", "\n".join(texts)))
    known = {field.alias for field in Settings.model_fields.values()}

    assert set() == named - known


def test_every_command_that_the_doc_gives_exists() -> None:
    known = {command.name or command.callback.__name__ for command in app.registered_commands}  # type: ignore[union-attr]
    known |= {str(group.name) for group in app.registered_groups}

    assert (
        set()
        == set(
            re.findall(r"(?:python -m core|^credit-desk|`credit-desk) ([a-z]+)", DOC, re.MULTILINE)
        )
        - known
    )


def test_the_limits_that_the_doc_tells_are_those_of_the_code() -> None:
    for path, limit in list(LIMITS.items())[:2]:
        assert f"| `{path}` | {limit.body_bytes:,} bytes | {limit.at_once} |" in DOC


def test_what_the_doc_tells_of_strangers_is_what_the_code_holds() -> None:
    def rate(rate: Rate) -> str:
        return f"{rate.burst:,}, then {rate.per_s:,}"

    (first, *rest) = (STRANGER, OF_ADDRESS.sent, OF_ALL.sent)
    one = f"{first.frames.burst} at once, then {first.frames.per_s}"
    rows = [
        f"| messages before sign-in | {one} a second | "
        + " | ".join(rate(each.frames) for each in rest),
        f"| bytes before sign-in | {rate(first.bytes)} a second | "
        + " | ".join(rate(each.bytes) for each in rest),
        f"| new websockets before sign-in | | {rate(OF_ADDRESS.openings)} a second | "
        + rate(OF_ALL.openings),
        f"| closed after {IDLE_S:.0f} s of silence | {OF_ADDRESS.sockets} | {OF_ALL.sockets:,} |",
        f"| messages after sign-in | {rate(SIGNED_IN.frames)} a second |",
        f"| {rate(SIGNED_IN.bytes)} a second; {FRAME_BYTES:,} in one message |",
        f"| open websockets after sign-in | | {SIGNED_IN_SOCKETS} |",
        f"| {rate(signing.OF_ADDRESS)} a second | {rate(signing.OF_ALL)}; four at a time |",
        f"| files | signed in, {SESSION_BYTES:,} bytes for each tab | | {ALL_BYTES:,} bytes |",
        f"connection has {HttpConnection.head_s:.0f} s for the head",
    ]

    assert [] == [row for row in rows if row not in DOC]


def test_limits_of_messages_and_files_fit_those_of_streamlit_and_of_the_proxy() -> None:
    server = CONFIG["server"]

    assert FRAME_BYTES == server["maxWidgetStateSize"] * MB
    assert SESSION_BYTES >= 3 * server["maxUploadSize"] * 1024 * 1024
    assert f"limit_conn credit_desk_tabs {SIGNED_IN_SOCKETS};" in NGINX


def test_systemd_hears_of_the_server_before_it_loses_patience() -> None:
    service = unit(UNITS[0])

    assert ("notify", "main") == (service["Type"], service["NotifyAccess"])
    assert int(service["WatchdogSec"]) > SERVER_GRACE_S
    assert int(service["LimitNOFILE"]) > 2 * (SIGNED_IN_SOCKETS + OF_ALL.sockets)


def test_streamlit_knows_every_key_of_its_config() -> None:
    from streamlit import config

    known = set(config._config_options_template)
    own = {
        f"{section}.{key}" for section in CONFIG if section != "theme" for key in CONFIG[section]
    }

    assert set() == own - known


def test_the_server_is_closed_but_for_what_the_guards_let_in() -> None:
    server, client = CONFIG["server"], CONFIG["client"]

    assert "127.0.0.1" == server["address"]
    assert server["enableXsrfProtection"]
    assert server["enableCORS"]
    assert not server["enableAgentApi"]
    assert not server["scriptHealthCheckEnabled"]
    assert {} == server["trustedUserHeaders"]
    assert "none" == client["showErrorDetails"]
    assert not CONFIG["browser"]["gatherUsageStats"]
