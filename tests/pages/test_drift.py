"""The drift page in every state: how it stands, its charts, its records, one of them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.app import wiring
from core.credits.catalogue import SCHOOL
from core.credits.records import Kind
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.store.trends_port import Gap, Gauge, Measure
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.workers.scheduler import Scheduler, sweep_jobs
from pages.shared import charts, pace, periods
from pages.shared.drift import address, figures, history, standing
from pages.shared.drift.causes import LOOKS, SHORT
from pages.shared.places import DRIFT
from tests.pages import drift_scenes
from tests.pages.acts import figures as cards
from tests.pages.acts import frame_with, press, said
from tests.pages.conftest import Open
from tests.pages.stage import NOON, Stage

CS, SJ = SCHOOL.keys[1], SCHOOL.keys[0]


def drift(id_: str, cause: Cause = Cause.OLDER_COPY, **more: Any) -> Drift:
    given: dict[str, Any] = {
        "kind": Kind.CONTACT,
        "columns": ("cs_credits",),
        "truth": {"cs_credits": 3},
        "mirror": {"cs_credits": 2},
        "evidence": "written by the desk at 2026-05-04T10:00:00+00:00",
    }
    return Drift(record_id=id_, cause=cause, **given | more)


@pytest.fixture
def swept(made: Stage) -> Sweep:
    """Two sweeps; the newer found one older copy, one orphan row and one unexplained."""
    now = made.clock()
    hour = timedelta(hours=1)
    found = [
        drift("520", since=now - 2 * hour),
        drift(
            "521", Cause.UNEXPLAINED, since=now - 3 * hour,
            truth={"cs_credits": 1}, mirror={"cs_credits": 5},
        ),
        drift(
            "88", Cause.ORPHAN_ROW, since=now - 50 * hour, kind=Kind.BOOKING,
            columns=(), truth={}, mirror={}, evidence="HubSpot has no such record",
        ),
    ]  # fmt: skip
    before = sweep_of("before", made, hours=3, drifting=1)
    made.journal.save_sweep(before, [drift("520", since=now - 4 * hour)])
    newest = sweep_of("newest", made, hours=1, drifting=3, unexplained=1)
    made.journal.save_sweep(newest, found)
    return newest


def sweep_of(id_: str, made: Stage, *, hours: float, **more: Any) -> Sweep:
    at = made.clock() - timedelta(hours=hours)
    given: dict[str, Any] = {
        "mode": SweepMode.KNOWN,
        "state": SweepState.COMPLETE,
        "known": {"contacts": 80, "bookings": 500, "exams": 12},
        "compared": {"contacts": 78, "bookings": 500, "exams": 12},
        "left_alone": 2,
    }
    return Sweep(id=id_, started_at=at, saved_at=at + timedelta(seconds=9), **given | more)


# first run, nothing wrong, something wrong


def test_before_the_first_sweep_the_page_says_what_a_sweep_is(open_page: Open, made: Stage) -> None:
    drift_scenes.real(made)

    at = open_page(DRIFT)

    assert not at.exception
    assert "Not checked yet" in said(at)
    assert "It changes nothing" in said(at)
    assert {} == cards(at)


def test_a_clean_sweep_is_told_with_its_proof(open_page: Open, made: Stage) -> None:
    made.journal.save_sweep(sweep_of("s", made, hours=1))

    at = open_page(DRIFT)

    assert not at.exception
    assert "No drift" in said(at)
    assert "78 of 80 contacts, 500 of 500 bookings and 12 of 12 exams compared" in said(at)
    assert "2 records left alone" in said(at)
    assert "as in HubSpot" == cards(at)["Credits in Supabase"]


def test_the_figures_of_the_newest_sweep_stand_on_top(open_page: Open, swept: Sweep) -> None:
    at = open_page(DRIFT)

    assert not at.exception
    found = cards(at)
    assert "3 records" == found["Drifting now"]
    assert "1 record" == found["Unexplained"]
    assert "2 days" == found["Oldest drift"]
    assert "3 too many" == found["Credits in Supabase"]
    assert "590 records" == found["Compared"]
    assert "59 min ago" == found["Last check"]
    assert "4 credits too many and 1 credit too few" in said(at)
    assert "+2 since before" == at.metric[0].delta


def test_a_number_that_did_not_change_is_told_in_words(open_page: Open, made: Stage) -> None:
    for hours in (3, 1):
        made.journal.save_sweep(sweep_of(f"s{hours}", made, hours=hours))

    assert "as many as before" == open_page(DRIFT).metric[0].delta


def test_a_session_sees_the_figures_before_charts_and_records(
    open_page: Open, swept: Sweep
) -> None:
    at = open_page(DRIFT)
    del at.session_state[pace.PAINTED]

    at.run()
    assert ("3 records", 0, 0) == (cards(at)["Drifting now"], *drawn(at))

    at.run()  # as the browser asks for when it has painted them
    assert ("3 records", 1, 2) == (cards(at)["Drifting now"], *drawn(at))


def drawn(at: AppTest) -> tuple[int, int]:
    """Charts and tables."""
    return len(at.get("plotly_chart")), len(at.dataframe)


def test_records_stand_oldest_first_with_what_a_repair_would_change(
    open_page: Open, swept: Sweep
) -> None:
    frame = frame_with(open_page(DRIFT), "Evidence")

    assert ["88", "521", "520"] == list(frame["Record"])
    assert ["a row → none", "Clinical Skills 5 → 1", "Clinical Skills 2 → 3"] == list(
        frame["Change"]
    )
    assert "Written by the desk at 4 May 2026, 10:00:00 UTC" == frame["Evidence"][2]


# filters


@pytest.mark.parametrize(
    ("params", "ids"),
    [
        ({"cause": "Older copy"}, ["520"]),
        ({"cause": ["Older copy", "Orphan row"]}, ["88", "520"]),
        ({"kind": "Booking"}, ["88"]),
        ({"credit": "Clinical Skills"}, ["521", "520"]),
        ({"difference": "+4"}, ["521"]),
        ({"difference": address.BINS[4].name}, ["520"]),
        ({"find": "52"}, ["521", "520"]),
        ({"sweep": "before"}, ["520"]),
        ({"cause": "No such cause"}, ["88", "521", "520"]),
        ({"sweep": "gone"}, ["88", "521", "520"]),
    ],
    ids=str,
)
def test_the_address_narrows_the_table(
    open_page: Open, swept: Sweep, params: dict[str, Any], ids: list[str]
) -> None:
    at = open_page(DRIFT, **params)

    assert not at.exception
    assert ids == list(frame_with(at, "Evidence")["Record"])


def test_filters_that_nothing_fits_say_so_and_can_be_taken_away(
    open_page: Open, swept: Sweep
) -> None:
    at = open_page(DRIFT, cause="Copy failed")
    assert "No record matches the filters" in said(at)

    press(at, "unfilter")

    assert 3 == len(frame_with(at, "Evidence"))


def test_an_older_sweep_is_shown_as_such_and_left_again(open_page: Open, swept: Sweep) -> None:
    at = open_page(DRIFT, sweep="before")

    press(at, "newest")

    assert 3 == len(frame_with(at, "Evidence"))
    assert "sweep" not in at.query_params


def clicked(state, sort, about):  # type: ignore[no-untyped-def]
    """A page that a click on a chart is handed to, as the browser does it; AppTest cannot click."""
    import streamlit as st

    from pages.shared.drift import history

    points = [{"customdata": "|".join(each)} for each in about]
    st.session_state["a_chart"] = {"selection": {"points": points, "box": [], "lasso": []}}
    for name, value in state.items():
        st.session_state[name] = value
    getattr(history, f"_clicked_{sort}")("a_chart")


def after_click(sort: str, *about: list[str], **state: Any) -> AppTest:
    args = {"state": state, "sort": sort, "about": list(about)}
    return AppTest.from_function(clicked, kwargs=args, default_timeout=60).run()


def test_a_click_on_a_bar_narrows_to_its_sweep_and_cause() -> None:
    at = after_click("cause", ["s7", "Orphan row"], credit="Shared", find="52")

    assert not at.exception
    assert "s7" == at.query_params["sweep"]
    kept = {name: at.session_state[name] for name in address.FILTERS}
    assert {
        "cause": ["Orphan row"],
        "kind": [],
        "credit": None,
        "difference": None,
        "find": "",
    } == kept


def test_a_click_on_the_others_narrows_to_all_of_them() -> None:
    at = after_click("cause", ["s7", "Orphan row", "Contact gone"])

    assert ["Orphan row", "Contact gone"] == at.session_state["cause"]


def test_a_click_on_a_balance_or_a_difference_narrows_to_it() -> None:
    assert "Shared" == after_click("credit", ["Shared"]).session_state["credit"]
    assert "+2" == after_click("difference", ["+2"]).session_state["difference"]


def test_a_click_beside_the_bars_takes_the_filter_away() -> None:
    at = after_click("cause", cause=["Orphan row"])

    assert [] == at.session_state["cause"]
    assert "sweep" not in at.query_params


# one record


def test_the_address_opens_a_record(open_page: Open, swept: Sweep) -> None:
    at = open_page(DRIFT, record="contacts-521")

    assert not at.exception
    frame = frame_with(at, "Truth", "Mirror")
    assert [("Clinical Skills", "5", "1")] == list(
        zip(frame["Column"], frame["Mirror"], frame["Truth"], strict=True)
    )
    assert "nothing explains it" in said(at)
    assert "4 May 2026, 09:00:00" in said(at)


def test_a_record_that_one_side_lacks_has_no_values(open_page: Open, swept: Sweep) -> None:
    at = open_page(DRIFT, record="bookings-88")

    assert "Only one side has this record" in said(at)


def test_a_record_that_does_not_drift_is_told(open_page: Open, swept: Sweep) -> None:
    assert "found no drift here" in said(open_page(DRIFT, record="contacts-1"))


def test_a_mended_address_opens_nothing(open_page: Open, swept: Sweep) -> None:
    at = open_page(DRIFT, record="people-1")

    assert not at.exception
    assert "did not find" not in said(at)


# sweeps that have not ended


def test_a_paused_sweep_says_why_and_that_it_goes_on(
    open_page: Open, made: Stage, swept: Sweep
) -> None:
    paused = sweep_of("p", made, hours=0.1, state=SweepState.PAUSED, drifting=1)
    made.journal.save_sweep(replace(paused, error="Supabase cannot be reached"))

    at = open_page(DRIFT)

    assert "Quick check paused" in said(at)
    assert "Supabase cannot be reached" in said(at)
    assert "78 contacts, 500 bookings and 12 exams compared, 1 record drifts so far" in said(at)
    assert "3 records" == cards(at)["Drifting now"]


def test_a_sweep_under_way_is_told(open_page: Open, made: Stage) -> None:
    running = sweep_of("r", made, hours=0.01, state=SweepState.RUNNING, compared={}, known={})
    made.journal.save_sweep(running)

    at = open_page(DRIFT)

    assert "Quick check in progress" in said(at)
    assert "Not checked yet" not in said(at)


class TwoHourly:
    """Every even hour."""

    def last(self, at: datetime) -> datetime:
        return at.replace(hour=at.hour // 2 * 2, minute=0, second=0, microsecond=0)

    def next(self, at: datetime) -> datetime:
        return self.last(at) + timedelta(hours=2)


def test_a_sweep_that_did_not_come_is_told_with_the_next_one(
    open_page: Open, made: Stage, swept: Sweep
) -> None:
    jobs = tuple(sweep_jobs(made.core.sweep_runner, {SweepMode.KNOWN: TwoHourly()}))
    scheduling = Scheduler(made.journal, jobs, made.clock)
    scheduling.tick()
    made.clock.pass_(hours=5.5)
    made.worker_beats()

    with wiring.use(replace(made.core, scheduler=scheduling)):
        at = open_page(DRIFT)

    assert not at.exception
    assert "Quick check: overdue" in said(at)
    assert "no worker was there to do it" in said(at)
    last = next(metric for metric in at.metric if metric.label == "Last check")
    assert "The next one starts in 30 min" in last.help


# charts


@pytest.fixture
def term(made: Stage) -> Stage:
    drift_scenes.history(made, days=20)
    drift_scenes.measures(made.journal, made.clock(), days=3, every=timedelta(minutes=20))
    drift_scenes.repairs(made.journal, made.clock(), days=3, every=timedelta(hours=12))
    return made


@pytest.mark.parametrize("tab", list(history.VIEWS))
@pytest.mark.parametrize("period", ["Last 24 hours", "Last 90 days"])
def test_every_chart_has_a_table_beside_it_and_few_points(
    open_page: Open, term: Stage, tab: str, period: str
) -> None:
    at = open_page(DRIFT, chart=tab, period=period)

    assert not at.exception
    (chart,) = at.get("plotly_chart")
    spec = json.loads(chart.proto.spec)
    points = sum(len(trace["x"]) for trace in spec["data"] if isinstance(trace["x"], list))
    assert points <= charts.POINTS_MAX
    assert chart.proto.alt
    assert any(frame.proto.alt == f"{chart.proto.alt}, as a table" for frame in at.dataframe)


@pytest.mark.parametrize("tab", list(history.VIEWS))
def test_the_period_stands_above_the_charts_that_have_one(
    open_page: Open, term: Stage, tab: str
) -> None:
    at = open_page(DRIFT, chart=tab, period="Last 30 days")

    begins, ends = made_axis(at)
    if history.VIEWS[tab].over_time:
        assert "Last 30 days" == at.selectbox(key=periods.KEY).value
        assert begins <= term.clock() - timedelta(days=30) < begins + timedelta(days=7)
        assert term.clock() <= ends <= term.clock() + timedelta(days=2)
    else:
        assert periods.KEY not in [field.key for field in at.selectbox]


def made_axis(at: AppTest) -> tuple[datetime, datetime]:
    """From when to when the chart is drawn; of one that is not over time, whatever."""
    (chart,) = at.get("plotly_chart")
    ends = json.loads(chart.proto.spec)["layout"]["xaxis"].get("range", [])
    if not all(isinstance(each, str) for each in ends) or not ends:
        return NOON, NOON
    begins, until = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in ends)
    return begins, until


@pytest.mark.parametrize("tab", list(history.VIEWS))
def test_a_chart_of_nothing_says_what_will_be_there(open_page: Open, made: Stage, tab: str) -> None:
    at = open_page(DRIFT, chart=tab)

    assert not at.exception
    assert [] == at.get("plotly_chart")
    assert [] == [frame for frame in at.dataframe if "as a table" in frame.proto.alt]
    assert at.info or at.success


def test_causes_are_told_apart_by_more_than_colour() -> None:
    looks = [(look.colour, look.pattern) for look in LOOKS.values()]

    assert len(set(looks)) == len(looks)
    assert LOOKS.keys() == SHORT.keys()


def test_ninety_days_of_sweeps_stay_below_the_most_points() -> None:
    for period in periods.LENGTHS.values():
        step = charts.step_for(period, series=len(LOOKS))
        assert (period / step + 1) * len(LOOKS) <= charts.POINTS_MAX


def test_each_difference_has_one_bar() -> None:
    for difference in (*range(-12, 0), *range(1, 13)):
        fitting = [
            each
            for each in address.BINS
            if (each.least is None or each.least <= difference)
            and (each.most is None or difference <= each.most)
        ]
        assert [address.bin_of(difference)] == fitting


def test_a_line_is_not_drawn_through_a_night_without_copies(made: Stage) -> None:
    now = made.clock()
    points = [(now, 1.0), (now + timedelta(minutes=1), 2.0), (now + timedelta(hours=5), 3.0)]

    _, values = charts.with_gaps(points, timedelta(minutes=1))

    assert [1.0, 2.0, None, 3.0] == [None if v != v else v for v in values]  # noqa: PLR0124 - NaN


def test_what_cannot_be_read_is_not_called_the_same() -> None:
    assert "as in HubSpot" == standing.net_words([], 0)
    assert "6 unreadable" == standing.net_words([], 6)
    assert standing.both_words([], 6).endswith(
        "are counted; 6 records are not, whose value in HubSpot cannot be read"
    )


def test_net_credits_and_both_directions_are_told() -> None:
    gaps = [
        Gap(credit=CS, difference=-2, contacts=3, truth=9, mirror=3),
        Gap(credit=SJ, difference=1, contacts=1, truth=0, mirror=1),
    ]

    assert "5 too few" == standing.net_words(gaps, 0)
    assert "1 credit too many and 6 credits too few" in standing.both_words(gaps, 0)
    table = figures.balances_table(gaps, SCHOOL)
    assert ["Situational Judgment", "Clinical Skills"] == list(table["Credit"])
    assert ["1 → 0", "3 → 9"] == list(table["Supabase → HubSpot"])


def test_measures_of_the_last_hours_are_drawn_in_the_readers_zone(made: Stage) -> None:
    at = made.clock()
    made.journal.add_measures([Measure(at=at, gauge=Gauge.QUOTA, value=0.5)])

    assert at.replace(tzinfo=None) == charts.local(at, UTC)


# access


def test_staff_may_not_see_it(open_page: Open) -> None:
    at = open_page(DRIFT, who={"email": "nobody@example.test"})

    assert "Drift is not open to you" in [title.value for title in at.title]
