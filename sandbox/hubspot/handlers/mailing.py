"""Transactional e-mails: ask for one, look what became of it."""

from __future__ import annotations

from sandbox.hubspot.calls import Answer, Call
from sandbox.hubspot.desk import Desk


def send(desk: Desk, call: Call) -> Answer:
    return Answer(200, desk.mailing.send(call.json()))


def status(desk: Desk, call: Call) -> Answer:
    return Answer(200, desk.mailing.status(call.params["id"]))
