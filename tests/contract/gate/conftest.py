"""Real servers over fakes, with secrets planted that no page may show."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.processes import ROOT
from tests.contract.gate.visitor import COOKIE_SECRET, Server, fresh_servers

PLANTED = {
    "HUBSPOT_TOKEN": "pat-canary-1",
    "SUPABASE_URL": "http://127.0.0.1:9",
    "SUPABASE_SERVICE_ROLE_KEY": "service-canary-2",
    "HUBSPOT_CLIENT_SECRET": "client-canary-3",
}


def write_secrets(
    path: Path,
    metadata: str = "https://idp.example.test/.well-known/openid-configuration",
) -> Path:
    """With a provider whose metadata stands there."""
    auth = {
        "redirect_uri": "http://localhost:{port}/oauth2callback",
        "cookie_secret": COOKIE_SECRET,
        "client_id": "desk",
        "client_secret": "oidc-canary-4",
        "server_metadata_url": metadata,
    }
    lines = [f'{name} = "{value}"' for name, value in PLANTED.items()]
    lines += ["[auth]", *(f'{name} = "{value}"' for name, value in auth.items())]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_secrets(tmp_path_factory.mktemp("secrets") / "secrets.toml")


@pytest.fixture(scope="module", autouse=True)
def planted() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in PLANTED.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="module")
def server(secrets: Path) -> Iterator[Server]:
    """One that many may visit."""
    with fresh_servers(ROOT, 1, secrets) as (one,):
        yield one
