from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from core.credits.catalogue import CreditType
from core.credits.errors import JournalError, NotSent
from core.drift.measure import KEPT, GaugeRecorder, MeasuringThread
from core.drift.store.trends_port import Gauge, Level, Measure
from core.hubspot.ports.inspection import Quota
from core.mirror.lag import CopyLag
from core.operations.states import OperationState
from tests.contract.journal.given import running
from tests.fakes.journal import MemoryJournal

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
CS = CreditType("cs_credits")
#: For a thread on a busy machine.
PATIENCE_S = 60.0


@dataclass
class World:
    """A process that measures; what it can see is set by the case."""

    at: datetime = NOON
    journal: MemoryJournal = field(default_factory=MemoryJournal)
    lag: CopyLag = field(default_factory=CopyLag)
    quota: Quota | NotSent = field(default_factory=lambda: Quota(used=95, limit=190, window_s=10))
    owed: dict[CreditType, int] | NotSent = field(default_factory=dict)
    counted: int = 0

    def measuring(self, source: str = "one") -> GaugeRecorder:
        return GaugeRecorder(
            self.journal, self.lag, lambda: self.at, source, self.ask_quota, self.ask_owed
        )

    def ask_quota(self) -> Quota:
        if isinstance(self.quota, NotSent):
            raise self.quota
        return self.quota

    def ask_owed(self) -> dict[CreditType, int]:
        self.counted += 1
        if isinstance(self.owed, NotSent):
            raise self.owed
        return self.owed

    def copied(self, *lags_s: float) -> None:
        self.lag.record([self.at - timedelta(seconds=s) for s in lags_s], at=self.at)

    def levels(self, gauge: Gauge) -> list[Level]:
        return self.journal.levels(
            [gauge], since=NOON - timedelta(days=100), step=timedelta(minutes=1)
        )


@pytest.fixture
def world() -> World:
    return World()


def test_each_minute_tells_of_its_own_copies(world: World) -> None:
    measuring = world.measuring()
    world.copied(0.1, 0.2, 5.0)
    world.at += timedelta(seconds=1)
    measuring.measure()
    world.at += timedelta(minutes=1)
    world.copied(0.3)
    measuring.measure()

    p50, p99 = world.levels(Gauge.COPY_LAG_P50), world.levels(Gauge.COPY_LAG_P99)
    assert pytest.approx([0.2, 0.3]) == [level.mean for level in p50]
    assert pytest.approx([5.0, 0.3]) == [level.most for level in p99]


def test_a_minute_without_a_copy_is_no_quick_copy(world: World) -> None:
    world.measuring().measure()

    assert [] == world.levels(Gauge.COPY_LAG_P99)


def test_a_process_with_more_copies_counts_for_more(world: World) -> None:
    world.copied(1.0, 1.0, 1.0)
    world.measuring("one").measure()
    world.lag = CopyLag()
    world.copied(5.0)
    world.measuring("two").measure()

    assert [2.0] == [level.mean for level in world.levels(Gauge.COPY_LAG_P50)]


def test_the_share_of_the_limit_in_use_is_kept(world: World) -> None:
    world.quota = Quota(used=95, limit=190, window_s=10, day_left=750_000, day_limit=1_000_000)
    world.measuring().measure()

    assert [0.5] == [level.most for level in world.levels(Gauge.QUOTA)]
    assert [0.25] == [level.most for level in world.levels(Gauge.QUOTA_DAY)]


def test_what_is_owed_is_counted_once_an_hour_by_one_process(world: World) -> None:
    world.owed = {CS: 7}
    one, two = world.measuring("one"), world.measuring("two")
    for measuring in (one, two, one):
        measuring.measure()
        world.at += timedelta(minutes=1)
    assert 1 == world.counted

    world.at += timedelta(hours=1)
    two.measure()

    assert [("cs_credits", 7)] * 2 == [(each.of, each.most) for each in world.levels(Gauge.OWED)]


def test_what_is_owed_is_counted_again_when_an_operation_has_ended_since(world: World) -> None:
    world.owed = {CS: 7}
    world.measuring().measure()
    running(world.journal, "op", state=OperationState.RUNNING)
    world.at += timedelta(minutes=1)
    world.measuring().measure()
    assert 1 == world.counted, "it runs"

    world.journal.move("op", OperationState.DONE, at=world.at, actor="ann@example.test")
    for _ in range(3):
        world.at += timedelta(minutes=1)
        world.measuring().measure()

    assert 2 == world.counted


def test_what_cannot_be_read_does_not_keep_the_rest_from_being_measured(world: World) -> None:
    world.quota = world.owed = NotSent("HubSpot cannot be reached")
    world.copied(0.1)

    kept = world.measuring().measure()

    assert [Gauge.COPY_LAG_P50, Gauge.COPY_LAG_P99] == [each.gauge for each in kept]


def test_where_there_is_nobody_to_ask_only_copies_are_measured(world: World) -> None:
    world.copied(0.1)
    measuring = GaugeRecorder(world.journal, world.lag, lambda: NOON, "one")

    assert 2 == len(measuring.measure())


def test_measures_are_kept_as_long_as_sweeps(world: World) -> None:
    old = Measure(at=NOON - KEPT - timedelta(seconds=1), gauge=Gauge.QUOTA, value=0.1)
    young = Measure(at=NOON - KEPT, gauge=Gauge.QUOTA, value=0.2)
    world.journal.add_measures([old, young])

    world.measuring().measure()

    assert [0.2, 0.5] == [level.most for level in world.levels(Gauge.QUOTA)]


class Broken(MemoryJournal):
    """Fails the first time, then works."""

    failed = False

    def add_measures(self, measures: object) -> None:
        if not self.failed:
            self.failed = True
            raise JournalError("the disk is full")
        super().add_measures(measures)  # type: ignore[arg-type]


def test_the_thread_outlives_a_journal_that_fails_and_ends_when_told(world: World) -> None:
    world.journal = Broken()
    thread = MeasuringThread(world.measuring(), every_s=0.01)
    thread.start()
    until = time.monotonic() + PATIENCE_S
    while not world.levels(Gauge.QUOTA):
        assert time.monotonic() < until
        time.sleep(0.005)
    thread.stop(PATIENCE_S)

    assert [0.5] == [level.most for level in world.levels(Gauge.QUOTA)]
    assert thread._thread is not None
    assert not thread._thread.is_alive()
