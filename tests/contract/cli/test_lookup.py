"""Looking up from the command line, over the real stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from core.cli.commands import lookup  # noqa: F401 - adds its commands
from tests.contract.cli.test_messages import Done, Run, run, settings
from tests.crash.hubspot import HubSpot
from tests.crash.waiting import wait_for

__all__ = ["run", "settings"]  # fixtures

PHONE = "+1 (416) 555-0142"


def test_a_phone_number_is_recognised_and_found_in_hubspot_when_it_is_said(
    run: Run, sandbox: Mapping[str, str]
) -> None:
    id_ = made(sandbox, lastname="Caller", phone=PHONE, email="caller@example.test")

    for typed in (PHONE, "14165550142"):
        told = run("contact", typed)
        assert 1 == told.returncode
        assert "looks like a phone number" in told.stderr
        assert "--hubspot searches HubSpot for it" in told.stderr

    found = wait_for(lambda: ok(run("contact", PHONE, "--hubspot", "--json")))
    assert (id_, "missing") == (found["contact"], found["mirror"])


def test_nobody_anywhere_is_told_with_where_was_looked(run: Run) -> None:
    assert "--hubspot searches HubSpot itself" in run("contact", "zzzzzz").stderr
    assert "HubSpot has no student" in run("contact", "zzzzzz", "--hubspot").stderr


def test_several_are_listed_and_a_deleted_one_ends_with_2(
    run: Run, sandbox: Mapping[str, str]
) -> None:
    listed = json.loads(run("contact", "example", "--json").stdout)
    assert len(listed["contacts"]) > 1
    assert listed["more"]

    id_ = made(sandbox, lastname="Gone", email="gone@example.test")
    with HubSpot(sandbox) as hubspot:
        hubspot.delete(f"/crm/objects/2026-09/0-1/{id_}").raise_for_status()
    gone = run("contact", id_, "--json")
    assert (2, "archived") == (gone.returncode, json.loads(gone.stdout)["gone"])


def made(sandbox: Mapping[str, str], **properties: str) -> str:
    """A contact that the mirror does not know."""
    with HubSpot(sandbox) as hubspot:
        answer = hubspot.post("/crm/objects/2026-09/0-1", json={"properties": properties})
    answer.raise_for_status()
    return str(answer.json()["id"])


def ok(done: Done) -> dict[str, Any] | None:
    return None if done.returncode else dict(json.loads(done.stdout))
