"""Settings as the audit shows them: every name, no secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.settings import load
from core.settings.model import Settings
from core.settings.shown import UNSET, told

SECRETS = {
    "HUBSPOT_TOKEN": "canary-token",
    "SUPABASE_SERVICE_ROLE_KEY": "canary-service",
    "OPS_DATABASE_URL": "postgresql://desk:canary-word@db/ops",
    "HUBSPOT_CLIENT_SECRET": "canary-client",
    "CREDIT_DESK_NOTIFY_URLS": "mailto://u:canary-mail@example.test",
}


def settings(folder: Path, patch: pytest.MonkeyPatch, **changed: str) -> dict[str, str]:
    given = {**SECRETS, "SUPABASE_URL": "https://x.example.test", **changed}
    for name, value in given.items():
        patch.setenv(name, value)
    return told(load(folder))


def test_every_setting_is_told_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = settings(tmp_path, monkeypatch, CREDIT_DESK_ADMINS="a@b.c,d@e.f")

    assert len(Settings.model_fields) == len(found)
    assert "a@b.c, d@e.f" == found["CREDIT_DESK_ADMINS"]
    assert ("10", "True", "UTC") == tuple(
        found[f"CREDIT_DESK_{name}"] for name in ("HOLD_S", "AUDIT_LOOKS", "TIME_ZONE")
    )
    assert '"contacts": "0-1"' in found["portal.toml objects"]


def test_no_secret_is_told_but_that_it_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = settings(tmp_path, monkeypatch)
    after = settings(tmp_path, monkeypatch, HUBSPOT_TOKEN="canary-other", HUBSPOT_CLIENT_SECRET="")

    assert "canary" not in str(before)
    assert {"HUBSPOT_TOKEN", "HUBSPOT_CLIENT_SECRET"} == {
        name for name in before if before[name] != after[name]
    }
    assert UNSET == after["HUBSPOT_CLIENT_SECRET"]
    assert all(before[name].startswith("secret, sign ") for name in SECRETS)
