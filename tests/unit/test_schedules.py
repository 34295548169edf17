"""When scheduled times come, above all on days on which clocks are set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.settings.cron import Cron, expression, zone
from core.work.schedules import Job, Late, SlotRecord, late

BERLIN, TORONTO = ZoneInfo("Europe/Berlin"), ZoneInfo("America/Toronto")
EVERY_TWO_HOURS, NIGHTLY, IN_THE_LEAP = "0 */2 * * *", "0 3 * * *", "30 2 * * *"


def times(cron: Cron, since: datetime, count: int) -> list[str]:
    """On the clock of its zone."""
    found, at = [], since
    for _ in range(count):
        at = cron.next(at)
        found.append(at.astimezone(cron.zone).strftime("%d. %H:%M %Z"))
    return found


def evening(month: int, day: int) -> datetime:
    """Eleven o'clock in Berlin."""
    return datetime(2026, month, day, 23, tzinfo=BERLIN).astimezone(UTC)


def test_the_last_time_is_the_minute_itself_while_it_lasts() -> None:
    cron = Cron(EVERY_TWO_HOURS, ZoneInfo("UTC"))
    noon = datetime(2026, 5, 4, 12, tzinfo=UTC)

    assert noon == cron.last(noon) == cron.last(noon + timedelta(seconds=59.9))
    assert noon == cron.last(noon + timedelta(hours=1, minutes=59))
    assert noon - timedelta(hours=2) == cron.last(noon - timedelta(microseconds=1))
    assert noon + timedelta(hours=2) == cron.next(noon) == cron.next(noon + timedelta(seconds=30))


def test_a_time_is_that_of_the_zone_and_told_in_utc() -> None:
    summer = Cron(NIGHTLY, TORONTO).next(datetime(2026, 7, 1, 12, tzinfo=UTC))
    winter = Cron(NIGHTLY, TORONTO).next(datetime(2026, 12, 1, 12, tzinfo=UTC))

    assert datetime(2026, 7, 2, 7, tzinfo=UTC) == summer
    assert datetime(2026, 12, 2, 8, tzinfo=UTC) == winter
    assert UTC is summer.tzinfo


def test_on_the_day_that_lacks_an_hour_no_time_is_lost_and_none_comes_twice() -> None:
    eve = evening(3, 28)

    assert ["29. 00:00 CET", "29. 04:00 CEST"] == times(Cron(EVERY_TWO_HOURS, BERLIN), eve, 2)
    assert ["29. 03:00 CEST", "30. 02:30 CEST"] == times(Cron(IN_THE_LEAP, BERLIN), eve, 2)
    assert ["29. 03:00 CEST", "30. 03:00 CEST"] == times(Cron(NIGHTLY, BERLIN), eve, 2)


def test_on_the_day_that_has_an_hour_twice_a_nightly_time_comes_once() -> None:
    eve = evening(10, 24)

    assert ["25. 02:30 CEST", "26. 02:30 CET"] == times(Cron(IN_THE_LEAP, BERLIN), eve, 2)
    assert ["25. 03:00 CET", "26. 03:00 CET"] == times(Cron(NIGHTLY, BERLIN), eve, 2)
    assert [
        "25. 00:00 CEST",
        "25. 02:00 CEST",
        "25. 02:00 CET",
        "25. 04:00 CET",
    ] == times(Cron(EVERY_TWO_HOURS, BERLIN), eve, 4)


@given(
    hours=st.integers(0, 24 * 366),
    text=st.sampled_from([EVERY_TWO_HOURS, NIGHTLY, IN_THE_LEAP, "*/7 1-4 * * 0", "0 0 29 2 *"]),
    zone_=st.sampled_from([BERLIN, TORONTO, ZoneInfo("Australia/Lord_Howe"), ZoneInfo("UTC")]),
)
def test_forwards_and_backwards_tell_the_same_times(hours: int, text: str, zone_: ZoneInfo) -> None:
    cron = Cron(text, zone_)
    at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    ahead = [at := cron.next(at) for _ in range(4)]

    assert ahead == sorted(set(ahead))
    assert [cron.last(b - timedelta(microseconds=1)) for _, b in pairwise(ahead)] == ahead[:-1]
    assert [cron.last(each) for each in ahead] == ahead


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "five fields"),
        ("hourly", "five fields"),
        ("0 */2 * * * *", "five fields"),
        ("61 * * * *", "no cron expression: Bad minute"),
        ("0 0 31 2 *", "no cron expression"),
    ],
)
def test_a_schedule_that_is_none_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        expression(text)


def test_a_schedule_can_be_off() -> None:
    assert "off" == expression(" Off ")


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd", "/etc/passwd", "Europe"])
def test_a_zone_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no time zone"):
        zone(name)


# lateness

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def judged(
    record: SlotRecord | None, at: datetime, left: str = "", patience: timedelta = 10 * MINUTE
) -> Late | None:
    job = Job(
        name="sweep",
        schedule=Cron(EVERY_TWO_HOURS, ZoneInfo("UTC")),
        act=lambda _slot: None,
        unfinished=lambda _slot: left,
        late_after=patience,
    )
    return late(job, record, at)


def slot_of(hour: int, *, done: bool = True, error: str = "", began: int = 0) -> SlotRecord:
    at = NOON.replace(hour=hour)
    return SlotRecord(
        job="sweep",
        slot=at,
        taken_at=at,
        held_until=at + 5 * MINUTE,
        done_at=at if done else None,
        error=error,
        began_at=NOON.replace(hour=began),
    )


def test_a_job_is_late_only_after_its_patience() -> None:
    assert judged(slot_of(10), NOON + 9 * MINUTE) is None
    assert Late(job="sweep", slot=NOON, why="no worker was there to do it") == judged(
        slot_of(10), NOON + 10 * MINUTE
    )


def test_a_job_that_only_just_began_has_missed_nothing() -> None:
    assert judged(None, NOON) is None
    assert judged(slot_of(11, began=11), NOON + 5 * MINUTE) is None
    assert judged(slot_of(11, began=11), NOON + 15 * MINUTE) is not None


def test_a_slot_that_failed_is_late_with_its_reason() -> None:
    failed = judged(slot_of(12, done=False, error="HubSpot is away"), NOON + 15 * MINUTE)
    died = judged(slot_of(12, done=False), NOON + 15 * MINUTE)

    assert "HubSpot is away" == (failed and failed.why)
    assert "it was begun and not done" == (died and died.why)


def test_what_a_slot_began_and_did_not_end_is_late_too() -> None:
    assert judged(slot_of(12), NOON + 15 * MINUTE) is None
    found = judged(slot_of(12), NOON + 15 * MINUTE, "paused: HubSpot is away")

    assert Late(job="sweep", slot=NOON, why="paused: HubSpot is away") == found
