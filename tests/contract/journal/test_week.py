"""What was done in each stretch of time, counted by the store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from core.app.journal import Journal
from core.drift.repairs import Repair, RepairRow, RepairState, RowState
from core.drift.store.trends_port import Gauge
from core.drift.sweeps import SweepMode, SweepState
from core.health.over_time.week_rules import GaugeReading
from tests.contract.journal.given import NOW, after
from tests.contract.journal.test_trends import drift, measure, swept

HOUR = timedelta(hours=1)
#: Three stretches of an hour each, from noon on; the journal's times are a little after noon.
EDGES = [NOW.replace(microsecond=0) + n * HOUR for n in range(4)]


def test_nothing_was_done_in_an_empty_journal(journal: Journal) -> None:
    assert {} == journal.found(EDGES)
    assert {} == journal.repaired(EDGES)
    assert {} == journal.readings(list(Gauge), EDGES)


def test_each_record_is_found_once_in_the_stretch_that_first_has_it(journal: Journal) -> None:
    swept(journal, "before", drift("1"), hours=-1)
    swept(journal, "first", drift("1"), drift("2"), hours=0.5, mode=SweepMode.INCREMENTAL)
    swept(journal, "later", drift("1"), drift("3"), hours=1, mode=SweepMode.FULL)
    swept(journal, "going", drift("4"), hours=1, state=SweepState.RUNNING)
    swept(journal, "after", drift("5"), hours=3)

    assert {0: 2, 1: 1} == journal.found(EDGES)


def repaired(journal: Journal, id_: str, hours: float, **states: RowState) -> None:
    at = after(3600 * hours)
    rows = [
        RepairRow(drift=drift(name), n=n, state=state)
        for n, (name, state) in enumerate(states.items())
    ]
    asked = Repair(id=id_, state=RepairState.DONE, asked_by="a", asked_at=at, digest=id_)
    journal.ask_repair(asked, rows)


def test_each_record_that_was_proved_equal_counts_once(journal: Journal) -> None:
    repaired(journal, "one", 0.1, a=RowState.REPAIRED, b=RowState.STILL_DIFFERS)
    repaired(journal, "two", 2, a=RowState.REPAIRED, b=RowState.REPAIRED)
    repaired(journal, "after", 4, c=RowState.REPAIRED)

    assert {0: 1, 2: 1} == journal.repaired(EDGES)


def test_a_gauge_s_mean_is_by_weight_and_its_last_reading_of_all_parts_at_one_time(
    journal: Journal,
) -> None:
    journal.add_measures(
        [
            measure(0, 1.0, weight=3),
            measure(60, 5.0, source="other"),
            measure(60, 4.0),
            *(measure(60 * n, 10 * n, Gauge.OWED, of="cs") for n in (1, 2)),
            measure(60, 7, Gauge.OWED, of="sj"),
            measure(120, 8, Gauge.OWED, of="sj"),
            measure(3600, 9, Gauge.OWED, of="cs"),
            measure(-1, 99, Gauge.OWED, of="cs"),
            measure(10, 0.5, Gauge.QUOTA),
        ]
    )

    assert {
        (Gauge.COPY_LAG_P99, 0): GaugeReading(mean=2.4, weight=5, last=5.0),
        (Gauge.OWED, 0): GaugeReading(mean=11.25, weight=4, last=28.0),
        (Gauge.OWED, 1): GaugeReading(mean=9, weight=1, last=9.0),
    } == journal.readings([Gauge.COPY_LAG_P99, Gauge.OWED], EDGES)


def test_what_a_full_sweep_added_up_is_kept_with_it(journal: Journal) -> None:
    swept(journal, "s")
    kept = replace(journal.sweep("s"), balances={"cs_credits": 7})

    journal.save_sweep(kept)

    assert kept == journal.sweep("s")
