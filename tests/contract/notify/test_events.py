"""The receiver that docs/events.md offers takes what the desk sends, once, and nothing else."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.mirror.outgoing.rules import EventType, OutgoingEvent
from core.mirror.outgoing.sender import WebhookSender
from core.mirror.outgoing.store.events_port import NotDelivered
from sandbox.ports import any_free
from scripts.processes import ROOT

SECRET = "0123456789abcdef0123456789abcdef"
EVENT = OutgoingEvent(
    id="e1",
    type=EventType.BOOKING_CANCELLED,
    at=datetime(2026, 11, 30, 9, 0, tzinfo=UTC),
    data={"record_id": "22", "contact_id": "1201", "exam_id": "7", "exam_date": "2026-12-04"},
)
DEADLINE_S = 30


def now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Receiver:
    """The example of the documentation, running."""

    url: str
    log: Path

    def said(self) -> list[str]:
        return self.log.read_text().splitlines()

    def sender(self, secret: str = SECRET, clock: Callable[[], datetime] = now) -> WebhookSender:
        return WebhookSender(self.url, secret, clock)


@pytest.fixture(scope="module")
def receiver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receiver]:
    folder = tmp_path_factory.mktemp("receiver")
    found = re.search(r"```python\n(.*?)```", (ROOT / "docs" / "events.md").read_text(), re.DOTALL)
    assert found, "docs/events.md has an example in Python"
    (folder / "receiver.py").write_text(found[1])
    port, log = any_free(), folder / "log"
    environment = os.environ | {"CREDIT_DESK_EVENTS_SECRET": SECRET, "PORT": str(port)}
    command = [sys.executable, str(folder / "receiver.py")]
    with log.open("w") as out, subprocess.Popen(command, env=environment, stdout=out) as process:
        made = Receiver(f"http://127.0.0.1:{port}/credit-desk", log)
        try:
            _until_it_answers(made)
            yield made
        finally:
            process.terminate()


def _until_it_answers(made: Receiver) -> None:
    sender, until = made.sender(), time.monotonic() + DEADLINE_S
    test = OutgoingEvent(id="test", type=EventType.TEST, at=now())
    try:
        while True:
            try:
                sender.send([test])
            except NotDelivered:
                assert time.monotonic() < until, "the receiver did not start"
                time.sleep(0.05)
            else:
                return
    finally:
        sender.close()


def test_the_example_takes_an_event_once_and_no_test(receiver: Receiver) -> None:
    sender = receiver.sender()

    for _ in range(2):
        sender.send([EVENT])
    sender.close()

    assert ["clear booking.cancelled 1201 2026-12-04"] == receiver.said()


@pytest.mark.parametrize("odd", ["secret", "old"])
def test_the_example_refuses_a_foreign_secret_and_an_old_request(
    receiver: Receiver, odd: str
) -> None:
    before = receiver.said()
    late = lambda: now() - timedelta(minutes=6)
    sender = receiver.sender("f" * 32) if odd == "secret" else receiver.sender(clock=late)

    with pytest.raises(NotDelivered, match="answered 401"):
        sender.send([EVENT])
    sender.close()

    assert before == receiver.said()


def test_a_receiver_that_is_away_has_taken_nothing() -> None:
    sender = WebhookSender(f"http://127.0.0.1:{any_free()}/", SECRET, now)

    with pytest.raises(NotDelivered, match="did not answer: ConnectError"):
        sender.send([EVENT])
    sender.close()
