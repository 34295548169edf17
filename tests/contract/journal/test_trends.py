from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from core.app.journal import Journal
from core.credits.records import Kind
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.store.trends_port import Gap, Gauge, Level, Measure, Narrow
from core.drift.sweeps import Sweep, SweepMode, SweepState
from tests.contract.journal.given import CS, NOW, SJ, after

HOUR = timedelta(hours=1)
#: NOW is a little after noon, and steps are counted from the full hour.
NOON = NOW.replace(microsecond=0)
WHOLE = (SweepMode.KNOWN, SweepMode.FULL)


def measure(
    seconds: float, value: float, gauge: Gauge = Gauge.COPY_LAG_P99, **more: object
) -> Measure:
    return Measure(at=after(seconds), gauge=gauge, value=value, **more)  # type: ignore[arg-type]


def drift(
    id_: str,
    cause: Cause = Cause.OLDER_COPY,
    *,
    kind: Kind = Kind.CONTACT,
    truth: Mapping[str, object] | None = None,
    mirror: Mapping[str, object] | None = None,
    since: datetime = NOW,
) -> Drift:
    return Drift(
        kind=kind,
        record_id=id_,
        cause=cause,
        columns=tuple(truth or {"email": ""}),
        truth=truth or {"email": "é"},
        mirror=mirror or {"email": None},
        evidence="changed",
        since=since,
    )


def swept(
    journal: Journal,
    id_: str,
    *found: Drift,
    hours: float = 0,
    mode: SweepMode = SweepMode.KNOWN,
    state: SweepState = SweepState.COMPLETE,
) -> None:
    at = after(3600 * hours)
    sweep = Sweep(id=id_, mode=mode, state=state, started_at=at, saved_at=at, drifting=len(found))
    journal.save_sweep(sweep, found)


# what is measured


def test_levels_are_means_by_weight_the_most_and_the_last_of_each_step(journal: Journal) -> None:
    journal.add_measures(
        [
            measure(0, 1.0, weight=3),
            measure(1800, 5.0, source="other"),
            measure(2700, 1.0, weight=0.5),
            measure(3600, 2.5),
        ]
    )

    gauge = Gauge.COPY_LAG_P99
    assert [
        Level(at=NOON, gauge=gauge, mean=8.5 / 4.5, most=5.0, last=1.0),
        Level(at=NOON + HOUR, gauge=gauge, mean=2.5, most=2.5, last=2.5),
    ] == journal.levels([gauge], since=NOW, step=HOUR)


def test_parts_of_a_gauge_have_levels_of_their_own(journal: Journal) -> None:
    journal.add_measures([measure(0, n, Gauge.OWED, of=of) for n, of in ((3, "cs"), (4, "sj"))])
    journal.add_measures([measure(0, 0.5, Gauge.QUOTA)])

    found = journal.levels([Gauge.OWED], since=NOW, step=HOUR)

    assert [("cs", 3), ("sj", 4)] == [(level.of, level.most) for level in found]


def test_the_last_levels_of_the_parts_of_a_gauge_are_of_one_moment(journal: Journal) -> None:
    """A total of the most of each part would be a number that never was."""
    for seconds, cs, sj in ((0, 9, 1), (600, 2, 7), (1200, 3, 4)):
        journal.add_measures(
            [measure(seconds, n, Gauge.OWED, of=of) for n, of in ((cs, "cs"), (sj, "sj"))]
        )

    found = journal.levels([Gauge.OWED], since=NOW, step=HOUR)

    assert 7 == sum(level.last for level in found)


def test_a_reading_is_kept_once(journal: Journal) -> None:
    journal.add_measures([measure(0, 1.0), measure(0, 1.0, source="other")])
    journal.add_measures([measure(0, 9.0)])
    journal.add_measures([])

    (level,) = journal.levels([Gauge.COPY_LAG_P99], since=NOW, step=HOUR)
    assert (1.0, 1.0) == (level.mean, level.most)


def test_when_anybody_measured_last_is_known(journal: Journal) -> None:
    assert journal.measured_at(Gauge.OWED) is None
    journal.add_measures([measure(5, 1, Gauge.OWED, source="one"), measure(9, 1, Gauge.QUOTA)])

    assert NOON + timedelta(seconds=5) == journal.measured_at(Gauge.OWED)


def test_old_measures_are_forgotten(journal: Journal) -> None:
    journal.add_measures([measure(0, 1.0), measure(5, 2.0)])

    assert 1 == journal.forget_measures(before=after(5))
    assert [2.0] == [
        level.most for level in journal.levels([Gauge.COPY_LAG_P99], since=NOW, step=HOUR)
    ]


# drift over time


def test_each_step_shows_its_last_sweep(journal: Journal) -> None:
    swept(journal, "little", drift("1"))
    swept(journal, "much", drift("1"), drift("2", Cause.ORPHAN_ROW), drift("3"), hours=0.2)
    swept(journal, "less", drift("1"), drift("2"), hours=0.4)
    swept(journal, "later", drift("4"), hours=1)

    found = journal.drift_levels(modes=WHOLE, since=NOW, step=HOUR)

    assert [("less", NOON), ("later", NOON + HOUR)] == [(e.sweep_id, e.at) for e in found]
    assert {Cause.OLDER_COPY: 2} == found[0].counts
    assert after(1440) == found[0].swept_at


def test_a_sweep_that_found_nothing_is_a_level_too(journal: Journal) -> None:
    swept(journal, "clean")

    (level,) = journal.drift_levels(modes=WHOLE, since=NOW, step=HOUR)

    assert ({}, None) == (level.counts, level.oldest_since)


def test_the_oldest_of_all_causes_gives_the_age(journal: Journal) -> None:
    old, older = NOW - timedelta(days=2), NOW - timedelta(days=3)
    swept(
        journal,
        "s",
        drift("1", since=old),
        drift("2", Cause.ORPHAN_ROW, since=older),
        drift("3", Cause.UNEXPLAINED),
    )

    (level,) = journal.drift_levels(modes=WHOLE, since=NOW, step=HOUR)

    assert older == level.oldest_since


def test_unfinished_sweeps_and_those_of_other_modes_are_left_out(journal: Journal) -> None:
    swept(journal, "part", drift("1"), mode=SweepMode.INCREMENTAL)
    swept(journal, "paused", drift("1"), state=SweepState.PAUSED)
    swept(journal, "before", drift("1"), hours=-1)
    swept(journal, "full", drift("1"), mode=SweepMode.FULL)

    found = journal.drift_levels(modes=WHOLE, since=NOW, step=HOUR)

    assert [("full", SweepMode.FULL)] == [(level.sweep_id, level.mode) for level in found]


# balances


def test_gaps_add_up_balances_by_credit_and_difference(journal: Journal) -> None:
    swept(
        journal,
        "s",
        drift(
            "1", truth={"cs_credits": 2, "sj_credits": 1}, mirror={"cs_credits": 0, "sj_credits": 4}
        ),
        drift("2", truth={"cs_credits": 5}, mirror={"cs_credits": 3}),
        drift("3", truth={"cs_credits": 0}, mirror={"cs_credits": 1}),
    )
    swept(journal, "other", drift("1", truth={"cs_credits": 9}, mirror={"cs_credits": 0}))

    assert [
        Gap(credit=SJ, difference=3, contacts=1, truth=1, mirror=4),
        Gap(credit=CS, difference=-2, contacts=2, truth=7, mirror=3),
        Gap(credit=CS, difference=1, contacts=1, truth=0, mirror=1),
    ] == journal.gaps("s", [SJ, CS])


@pytest.mark.parametrize(
    ("truth", "mirror"),
    [("abc is not a number", 3), (None, 3), (3, None), (True, 3), ("7", 3), (2.5, 3), (3, 3)],
)
def test_what_is_no_pair_of_different_whole_numbers_is_no_gap(
    journal: Journal, truth: object, mirror: object
) -> None:
    swept(journal, "s", drift("1", truth={"cs_credits": truth}, mirror={"cs_credits": mirror}))

    assert [] == journal.gaps("s", [CS, SJ])


def test_seats_of_an_exam_are_no_credits(journal: Journal) -> None:
    swept(
        journal, "s", drift("1", kind=Kind.EXAM, truth={"cs_credits": 1}, mirror={"cs_credits": 2})
    )

    assert [] == journal.gaps("s", [CS])
    assert [] == journal.gaps("s", [])


# the table below


def pages(journal: Journal) -> None:
    swept(
        journal,
        "s",
        drift("11", truth={"cs_credits": 5}, mirror={"cs_credits": 2}, since=after(3)),
        drift("12", truth={"cs_credits": 1}, mirror={"cs_credits": 2}, since=after(1)),
        drift("2%", Cause.ORPHAN_ROW, kind=Kind.EXAM, since=after(2)),
        drift("13", Cause.ORPHAN_ROW, since=after(4)),
    )


@pytest.mark.parametrize(
    ("narrow", "ids"),
    [
        (Narrow(), ["12", "2%", "11", "13"]),
        (Narrow(causes=frozenset({Cause.ORPHAN_ROW})), ["2%", "13"]),
        (Narrow(kinds=frozenset({Kind.EXAM})), ["2%"]),
        (Narrow(record="1"), ["12", "11", "13"]),
        (Narrow(record="%"), []),
        (Narrow(credits=(CS, SJ)), ["12", "11"]),
        (Narrow(credits=(SJ,)), []),
        (Narrow(credits=(CS,), most=-1), ["11"]),
        (Narrow(credits=(CS,), least=1, most=1), ["12"]),
        (Narrow(credits=(CS,), causes=frozenset({Cause.ORPHAN_ROW})), []),
    ],
    ids=str,
)
def test_the_table_is_narrowed_in_the_store_oldest_first(
    journal: Journal, narrow: Narrow, ids: list[str]
) -> None:
    pages(journal)

    found = journal.drift_page("s", narrow)

    assert (ids, len(ids)) == ([each.record_id for each in found.rows], found.total)


def test_a_page_of_the_table_knows_how_many_there_are(journal: Journal) -> None:
    pages(journal)

    found = journal.drift_page("s", Narrow(), limit=2, offset=1)

    assert (["2%", "11"], 4) == ([each.record_id for each in found.rows], found.total)
    wanted = drift("2%", Cause.ORPHAN_ROW, kind=Kind.EXAM, since=after(2))
    assert replace(wanted) == found.rows[0]
