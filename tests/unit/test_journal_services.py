"""A command that opens the journal alone keeps to the same settings as the whole core."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.app import journal_services, wiring

NOBODY = "http://127.0.0.1:9"
#: None of these is what holds without it.
SETTINGS = {
    "HUBSPOT_BASE_URL": NOBODY,
    "HUBSPOT_TOKEN": "pat-test",
    "SUPABASE_URL": NOBODY,
    "SUPABASE_SERVICE_ROLE_KEY": "service-role-key",
    "CREDIT_DESK_ADMINS": "ada@example.test,ben@example.test",
    "CREDIT_DESK_ALLOWED_DOMAINS": "example.test",
    "CREDIT_DESK_UNVERIFIED_PROVIDERS": "https://id.example.test",
    "CREDIT_DESK_SECOND_ADMIN_FOR_ADMINS": "true",
    "CREDIT_DESK_AUDIT_LOOKS": "false",
    "CREDIT_DESK_LIST_LIMIT": "7",
}


def test_who_may_do_what_is_decided_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OPS_DATABASE_URL", f"sqlite:///{tmp_path}/desk.sqlite")
    monkeypatch.chdir(tmp_path)

    with wiring.opened() as whole, journal_services.opened() as alone:
        core, services = whole.core, alone.services
        for name in ("admins", "domains", "unverified_from", "bound", "admin_request_life"):
            assert getattr(core.access, name) == getattr(services.access, name), name
        assert core.access_log.looks is services.access_log.looks is False
        assert core.student_names.rationing.limits == services.rationing.limits
        assert ("ada@example.test", "ben@example.test") == services.access.admins
        assert ("example.test",) == services.access.domains
        assert services.access.admin_request_life
        assert whole.store.look() == alone.store.look()
