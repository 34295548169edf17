"""Alarms over a real journal and a real listener: of two processes one tells, and once."""

from __future__ import annotations

import queue
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.app.stores import SqlJournal
from core.credits.records import Kind
from core.health.alarm_rules import WELL_AFTER
from core.health.alarms import Alarms
from core.health.apprise_notifier import Apprise
from core.mirror.store.outbox_port import Due
from tests.contract.notify.test_apprise import DEADLINE_S, Received, listener

__all__ = ["listener"]  # a fixture

#: One of apprise's own dependencies imports it on Python 3.11 and 3.12.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


def test_two_processes_and_a_restart_tell_a_dead_letter_once_and_its_end_once(
    listener: tuple[str, Received], tmp_path: Path
) -> None:
    url, received = listener
    clock = [START]
    notifier = Apprise([url])

    def process() -> tuple[SqlJournal, Alarms]:
        journal = SqlJournal(f"sqlite:///{tmp_path}/desk.sqlite")
        return journal, Alarms(journal, notifier, lambda: clock[0])

    (journal, one), (other_journal, other) = process(), process()
    journal.put_due([Due(kind=Kind.CONTACT, record_id="7", row=None)], at=START)
    taken = journal.take_due(now=START, until=START, limit=1)
    dead = [replace(due, attempts=8, dead=True, error="for Jane Doe") for due in taken]
    journal.copy_failed(dead)

    one.dead_letters(dead)
    for alarms in (other, one, other):
        alarms.look()
    other_journal.close()
    journal.revive()
    restarted_journal, restarted = process()
    restarted.look()
    clock[0] += WELL_AFTER + timedelta(seconds=1)
    for alarms in (restarted, one):
        alarms.look()

    first = received.get(timeout=DEADLINE_S)
    second = received.get(timeout=DEADLINE_S)
    notifier.stop(DEADLINE_S)
    journal.close()
    restarted_journal.close()
    assert "Credit Desk: 1 copy to Supabase failed" == first["title"]
    assert first["message"].startswith("contacts 7\n")
    assert "Jane" not in first["message"]
    assert "Credit Desk: well again (1 copy to Supabase failed)" == second["title"]
    with pytest.raises(queue.Empty):
        received.get_nowait()
