"""Transactional e-mails of the single-send API: taken, decided a moment later, kept to be seen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from sandbox.hubspot.mailing import FIRST_EMAIL

from .conftest import Sandbox

SEND = "/marketing/v3/transactional/single-email/send"
STATUS = "/marketing/v3/email/send-statuses"
TO = "student0@school.example"


def mail(send_id: str | None = None, **more: Any) -> dict[str, Any]:
    message = {"to": TO} | ({"sendId": send_id} if send_id else {})
    return {"emailId": FIRST_EMAIL, "message": message, **more}


def result(hubspot: Sandbox, taken: Mapping[str, Any]) -> str:
    """What became of it once the moment is over."""
    hubspot.clock.now += timedelta(seconds=1)
    told = hubspot.get(f"{STATUS}/{taken['statusId']}")
    assert "COMPLETE" == told["status"]
    return str(told["sendResult"])


def test_an_email_is_pending_and_then_sent(hubspot: Sandbox) -> None:
    taken = hubspot.post(SEND, mail("a1", customProperties={"x": "y"}), 200)

    assert ("PENDING", False) == (taken["status"], "sendResult" in taken)
    assert "PENDING" == hubspot.get(f"{STATUS}/{taken['statusId']}")["status"]
    assert "SENT" == result(hubspot, taken)
    last = hubspot.get("/_sandbox/emails")[-1]
    assert ("SENT", {"x": "y"}) == (last["sendResult"], last["customProperties"])


def test_one_send_id_sends_once_in_every_version_and_none_sends_each_time(
    hubspot: Sandbox,
) -> None:
    dated = "/marketing/transactional/2026-09/single-email/send"
    taken = [hubspot.post(path, mail("twice"), 200) for path in (SEND, dated)]
    free = [hubspot.post(SEND, mail(), 200) for _ in range(2)]

    assert ["SENT", "IDEMPOTENT_IGNORE"] == [result(hubspot, one) for one in taken]
    assert ["SENT", "SENT"] == [result(hubspot, one) for one in free]


def test_a_send_id_that_sent_nothing_may_send_later(hubspot: Sandbox) -> None:
    hubspot.put("/_sandbox/emails", {"results": {TO: "PREVIOUSLY_BOUNCED"}})
    refused = hubspot.post(SEND, mail("later"), 200)
    hubspot.put("/_sandbox/emails", {"results": {}})
    sent = hubspot.post(SEND, mail("later"), 200)

    assert ["PREVIOUSLY_BOUNCED", "SENT"] == [result(hubspot, one) for one in (refused, sent)]


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        (mail() | {"emailId": 4}, 404, "No email with id 4"),
        (mail() | {"emailId": "x"}, 400, 'emailId: "x" is not a valid number'),
        ({"emailId": FIRST_EMAIL}, 400, "message.to must be a valid email address"),
        (mail() | {"message": {"to": "nobody"}}, 400, "message.to must be a valid email address"),
        (mail() | {"message": {"to": TO, "sendId": 7}}, 400, "message.sendId must be a text"),
        (mail(contactProperties={"a": "b"}), 400, "This sandbox sets no contactProperties"),
    ],
)
def test_what_hubspot_would_not_take_is_refused_and_not_kept(
    hubspot: Sandbox, body: dict[str, Any], status: int, message: str
) -> None:
    before = hubspot.get("/_sandbox/emails")

    refused = hubspot.post(SEND, body, status)

    assert refused["message"].startswith(message)
    assert before == hubspot.get("/_sandbox/emails")


def test_a_status_that_nobody_was_given_is_not_found(hubspot: Sandbox) -> None:
    assert 404 == hubspot.http.get(f"{STATUS}/nothing").status_code


def test_what_the_control_does_not_take_changes_nothing(hubspot: Sandbox) -> None:
    assert 400 == hubspot.http.put("/_sandbox/emails", json={"result": {}}).status_code
    before = hubspot.put("/_sandbox/emails", {})
    assert {"templates": [FIRST_EMAIL], "results": {}, "pending_ms": 300} == before
