"""Telling students from the command line, over the real stack, by both of HubSpot's ways."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from core.credits.catalogue import SCHOOL
from core.hubspot.wire.telling import OPERATION, PROPERTIES
from sandbox.hubspot.mailing import FIRST_EMAIL
from tests.commands import app
from tests.crash.desk import Desk
from tests.crash.school import CONTACTS, School

SJ, CS, *_ = SCHOOL.keys
TOKEN = SCHOOL.by_key(CS).token
WHY = "The examiner is ill"
TELL = ("--tell", "--reason-for-students", WHY)


@dataclass
class Counter:
    """The command line at one desk, and the school whose students it tells."""

    desk: Desk
    school: School

    def run(self, *args: str) -> Result:
        return CliRunner().invoke(app, [*args, "--json"], env=self.desk.environment)

    def says(self, *args: str, code: int = 0) -> dict[str, Any]:
        result = self.run(*args)
        assert code == result.exit_code, result.output
        return dict(json.loads(result.stdout))

    def booked(self) -> tuple[str, str]:
        """A student and an active booking of theirs."""
        contact = self.school.contact(**{CS: 1})
        exam = self.school.exam(SCHOOL.by_key(CS).mock_type, day=self.school.made)
        return contact, self.school.booking(contact, exam, TOKEN)

    def cancel(self, *bookings: str, code: int = 0) -> dict[str, Any]:
        words = ("cancel", "--ids", ",".join(bookings), "--reason", "internal", *TELL, "--wait")
        return self.says(*words, code=code)

    def mails(self, contact: str) -> list[dict[str, Any]]:
        """E-mails that HubSpot sent to this student."""
        shown = self.desk.hubspot.get("/_sandbox/emails").json()
        email = self.school.email(contact)
        return [m for m in shown if m["message"]["to"] == email and m["sendResult"] == "SENT"]


def _counter(sandbox: Mapping[str, str], folder: Path, **settings: str) -> Iterator[Counter]:
    desk = Desk(sandbox, folder)
    desk.environment |= settings
    made = Counter(desk, School(desk))
    made.says("provision")
    desk.hubspot.put("/_sandbox/emails", json={"pending_ms": 0}).raise_for_status()
    yield made
    desk.hubspot.delete("/_sandbox/emails").raise_for_status()
    desk.close()


@pytest.fixture
def mails(sandbox: Mapping[str, str], tmp_path: Path) -> Iterator[Counter]:
    tell = {"CREDIT_DESK_TELL": "single-send", "CREDIT_DESK_TELL_EMAIL_ID": str(FIRST_EMAIL)}
    yield from _counter(sandbox, tmp_path, **tell)


@pytest.fixture
def properties(sandbox: Mapping[str, str], tmp_path: Path) -> Iterator[Counter]:
    yield from _counter(sandbox, tmp_path, CREDIT_DESK_TELL="properties")


def test_each_student_gets_one_mail_with_the_reason_for_students(mails: Counter) -> None:
    (one, first), (two, second) = mails.booked(), mails.booked()
    dry = mails.says("cancel", "--ids", first, *TELL, "--dry-run")
    assert dry["would_tell"].endswith(f"Reason: {WHY}")

    done = mails.cancel(first, second)

    assert ("done", {"told": 2}, []) == (done["state"], done["told"], done["warnings"])
    for contact in (one, two):
        (mail,) = mails.mails(contact)
        assert WHY == mail["customProperties"]["credit_desk_told_reason"]
        assert "internal" not in json.dumps(mail)


def test_a_lost_answer_is_shown_and_telling_again_mails_once(mails: Counter) -> None:
    contact, booking = mails.booked()
    with mails.desk.fault(action="lose_answer", path="single-email/send", times=1):
        done = mails.cancel(booking, code=2)
    operation = done["operation"]
    assert 1 == len(mails.mails(contact))

    again = mails.says("tell", operation, "--again", "--wait")

    assert ({"told": 1}, []) == (again["told"], again["not_told"])
    assert 1 == len(mails.mails(contact)), "HubSpot dropped the double"
    assert [] == mails.says("operation", operation)["warnings"]
    refused = mails.run("tell", operation, "--again")
    assert "nobody of it is left to be told again" in refused.stderr


def test_who_is_not_mailed_is_listed_with_hubspots_reason(mails: Counter) -> None:
    contact, booking = mails.booked()
    results = {mails.school.email(contact): "PREVIOUSLY_BOUNCED"}
    mails.desk.hubspot.put("/_sandbox/emails", json={"results": results}).raise_for_status()
    operation = mails.cancel(booking, code=2)["operation"]

    listed = mails.says("tell", operation)

    assert {"failed": 1} == listed["told"]
    (one,) = listed["not_told"]
    assert (contact, "HubSpot sent no e-mail: previously bounced") == (one["contact"], one["why"])


def test_a_workflow_reads_what_to_tell_from_properties(properties: Counter) -> None:
    contact, booking = properties.booked()
    done = properties.cancel(booking)

    assert {"told": 1} == done["told"]
    names = [OPERATION, *PROPERTIES.values()]
    held = properties.desk.objects(CONTACTS, [contact], names)[contact]
    assert (done["operation"], "cancelled", WHY, "1") == (
        held[OPERATION],
        held[PROPERTIES["act"]],
        held[PROPERTIES["reason"]],
        held[PROPERTIES["credits"]],
    )
    assert [] == properties.mails(contact)


def test_a_reason_for_nobody_and_a_desk_that_tells_nobody_are_refused(
    properties: Counter,
) -> None:
    _, booking = properties.booked()
    alone = properties.run("cancel", "--ids", booking, "--reason", "x", *TELL[1:])
    assert "--reason-for-students goes with --tell" in alone.stderr

    properties.desk.environment["CREDIT_DESK_TELL"] = "off"
    off = properties.run("cancel", "--ids", booking, "--reason", "x", *TELL)
    assert "telling students is off: set CREDIT_DESK_TELL" in off.stderr
