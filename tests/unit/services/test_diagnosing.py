"""What the doctor says of webhooks and notifications."""

from __future__ import annotations

from typing import Any

import pytest

from core.gateways.ports.inspecting import Health
from core.services.diagnosing import Diagnosing
from tests.fakes.journal import MemoryJournal
from tests.fakes.mirror import FakeMirror
from tests.unit.services.desk import Account

URL = "https://desk.example.test"


@pytest.mark.parametrize(
    ("what", "given", "health", "words"),
    [
        ("webhooks", {"webhooks": False}, Health.WARNING, "HUBSPOT_CLIENT_SECRET"),
        ("webhooks", {"public_url": ""}, Health.WARNING, "CREDIT_DESK_PUBLIC_URL"),
        ("webhooks", {"public_url": URL}, Health.FINE, f"{URL}/api/webhooks/hubspot"),
        ("notifications", {"told": False}, Health.WARNING, "CREDIT_DESK_NOTIFY_URLS"),
    ],
)
def test_what_is_not_set_up_is_named_with_how_to_mend_it(
    what: str, given: dict[str, Any], health: Health, words: str
) -> None:
    doctor = Diagnosing(Account(), FakeMirror(), MemoryJournal(), **given)

    (found,) = (each for each in doctor.findings() if each.what == what)

    assert health is found.health
    assert words in f"{found.said}. {found.mend}"
