"""What each page tells ``static/keys.js``, and the sheet of keys. What it does: ``tests/e2e``."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.credits.roles import Grant, Role
from pages.shared import places, row_buttons
from pages.shared.access import keyboard
from pages.shared.places import CONTACTS, PLACES
from pages.shared.students import names
from scripts.processes import ROOT
from tests.pages.conftest import Open
from tests.pages.stage import ADMIN, NOON, Stage

STAFF = "sam@example.test"
#: Keys that mean something else: "g" begins, R and C are Streamlit's own.
TAKEN = {"g", "t", "/", "?"}


def told(at: AppTest) -> dict[str, str]:
    """Places by key, as the script finds them on the page."""
    found_in: list[Any] = list(at.get("html"))
    body = next(each.value for each in found_in if "data-desk-places" in each.value)
    found = re.search(r'data-desk-places="([^"]*)"', body)
    assert found is not None
    answer: dict[str, str] = json.loads(html.unescape(found[1]))
    return answer


def sheet_of(at: AppTest) -> str:
    return "\n".join(str(each.value) for each in at.markdown)


def test_each_key_leads_to_one_page() -> None:
    keys = [place.key for place in PLACES if place.key]

    assert len(keys) == len(set(keys)) >= 8
    assert not TAKEN & set(keys)
    assert all(re.fullmatch("[a-z]", key) for key in keys)


def test_enter_opens_a_row_by_each_column_of_buttons_but_the_one_that_changes_something() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "pages").rglob("*.py"))
    titles = re.findall(r'row_buttons\.column\(\s*"([^"]+)"', sources)

    assert {*titles, names.STUDENT} - {"Retry"} == set(row_buttons.LEADS)


@pytest.mark.parametrize("role", [Role.STAFF, Role.ADMIN])
def test_keys_lead_only_where_one_may_go(open_page: Open, made: Stage, role: Role) -> None:
    made.journal.grant(Grant(email=STAFF, role=role, by=ADMIN, at=NOON))
    at = open_page(CONTACTS, who={"email": STAFF})
    drift = places.DRIFT

    assert ("drift" in told(at).values()) == (role is Role.ADMIN)
    assert (f"| `g` `{drift.key}` | {drift.title} |" in sheet_of(at)) == (role is Role.ADMIN)
    assert "contacts" == told(at)[CONTACTS.key]


def test_single_keys_can_be_turned_off(open_page: Open) -> None:
    at = open_page(CONTACTS)
    assert "| Key | Anywhere |" in sheet_of(at)

    toggle: Any = at.toggle(key="single_keys")
    toggle.set_value(False).run()

    assert "| Key | Anywhere (off) |" in sheet_of(at)


def test_the_script_and_the_sheet_name_the_cookie_alike() -> None:
    assert f"{keyboard.COOKIE}=off" in (ROOT / "static" / "keys.js").read_text(encoding="utf-8")
