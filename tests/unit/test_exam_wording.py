"""How the scheduled activation tells its times: by the settings, on the clock of their zone."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from core.settings.cron import Cron
from core.work.schedules import Job
from core.workers.scheduler import Scheduler
from pages.shared.students.exams.wording import run_times
from tests.fakes.journal import MemoryJournal

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "zone", "told"),
    [
        ("0 5,17 * * *", "UTC", "at 5:00 and 17:00 (UTC)"),
        ("0 5,17 * * *", "America/Toronto", "at 5:00 and 17:00 (America/Toronto)"),
        ("30 6 * * *", "Asia/Kolkata", "at 6:30 (Asia/Kolkata)"),
        ("0 6,12,18 * * *", "UTC", "at 6:00, 12:00 and 18:00 (UTC)"),
        ("*/15 * * * *", "UTC", "many times a day, next at 12:15 (UTC)"),
        ("0 8 * * 6", "UTC", "next on 9 May 2026 at 8:00 (UTC)"),
    ],
)
def test_times_are_those_of_the_settings(expression: str, zone: str, told: str) -> None:
    job = Job(name="it", schedule=Cron(expression, ZoneInfo(zone)), act=lambda _: None)
    times = Scheduler(MemoryJournal(), (job,), lambda: NOON).day_of("it", NOON)

    assert told == run_times(times, NOON, ZoneInfo(zone))


def test_schedule_that_is_off_has_no_times() -> None:
    assert "" == run_times([], NOON, UTC)
