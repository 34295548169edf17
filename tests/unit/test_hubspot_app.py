"""The ready files of a HubSpot app, and the page that lists the scopes, say what the code needs."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from core.cli.commands.hubspot_app import files
from core.credits.account import OBJECT_TYPES, Portal
from core.credits.records import Kind
from core.hubspot.ports.scopes import FOR_NAMES, FOR_PROVISION, NEEDED
from core.mirror.hubspot_app import webhooks_file
from core.mirror.rows import columns
from core.mirror.webhook_rules import heard
from core.mirror.webhooks import PATH
from scripts.processes import ROOT
from tests.commands import app

READY = ROOT / "deploy" / "hubspot"
AGAIN = "write it again: python -m core hubspot-app deploy/hubspot, with the settings of no account"
SETTINGS = {
    "HUBSPOT_TOKEN": "none-yet",
    "SUPABASE_URL": "https://x.supabase.co",
    "SUPABASE_SERVICE_ROLE_KEY": "sb_secret_x",
}


def subscriptions(portal: Portal) -> list[dict[str, Any]]:
    told = webhooks_file(portal, "", PATH)["config"]["subscriptions"]
    return [each for group in told.values() for each in group]


@pytest.mark.parametrize("name", sorted(files(Portal(), "")))
def test_the_ready_file_is_what_the_code_needs(name: str) -> None:
    assert files(Portal(), "")[name] == (READY / name).read_text(encoding="utf-8"), AGAIN


def test_the_page_lists_each_scope_with_its_use() -> None:
    page = (ROOT / "docs" / "hubspot-access.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(crm\.[a-z.]+)` \| (.*?) \|", page, re.MULTILINE)

    assert {**NEEDED, **FOR_PROVISION, **FOR_NAMES} == dict(listed)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_column_that_is_copied_of_a_property_has_its_subscription(kind: Kind) -> None:
    portal = Portal(renamed={Kind.CONTACT: {"cs_credits": "clinical"}})
    of = "contact" if kind is Kind.CONTACT else OBJECT_TYPES[kind]
    subscribed = {
        each["propertyName"]
        for each in subscriptions(portal)
        if each["subscriptionType"] == "object.propertyChange" and each["objectType"] == of
    }

    names = portal.names(kind)
    copied = {names[column] for column in columns(portal.catalogue)[kind] if column in names}
    assert copied == subscribed
    assert len(copied) > 8


def test_every_subscription_is_of_an_event_that_names_a_record() -> None:
    for each in subscriptions(Portal()):
        type_ = "0-1" if each.get("objectType") == "contact" else each.get("objectType", "0-1")
        event = {
            "subscriptionType": each["subscriptionType"],
            "objectTypeId": type_,
            "objectId": 1,
            "newObjectId": 1,
            "fromObjectTypeId": type_,
            "fromObjectId": 1,
        }
        assert heard(json.dumps([event]).encode(), OBJECT_TYPES).records, each


def test_the_command_writes_the_files_for_this_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "portal.toml").write_text('[objects]\nbookings = "2-7"\n', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name, value in {**SETTINGS, "CREDIT_DESK_PUBLIC_URL": "https://desk.school.test"}.items():
        monkeypatch.setenv(name, value)

    done = CliRunner().invoke(app, ["hubspot-app", "made/here", "--json"])

    assert 0 == done.exit_code, done.output
    written = json.loads(done.stdout)["written"]
    assert ["made/here/app-hsmeta.json", "made/here/webhooks-hsmeta.json"] == written
    made = json.loads((tmp_path / written[1]).read_text(encoding="utf-8"))["config"]
    assert f"https://desk.school.test{PATH}" == made["settings"]["targetUrl"]
    assert {"contact", "2-7", OBJECT_TYPES[Kind.EXAM]} == {
        each["objectType"] for each in made["subscriptions"]["crmObjects"]
    }


def test_a_folder_that_cannot_be_made_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "taken").write_text("")

    done = CliRunner().invoke(app, ["hubspot-app", "taken"])

    assert 1 == done.exit_code
    assert "taken" in done.stderr
    assert "Traceback" not in done.stderr
