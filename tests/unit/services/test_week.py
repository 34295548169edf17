"""What a full sweep adds up, and for how long the figures of a week are kept."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.credits.records import Kind
from core.drift import sweep_pages
from core.drift.store.trends_port import Gauge, Measure
from core.drift.sweeps import SweepMode
from core.health.over_time.week import Week
from core.health.over_time.week_rules import WeekFigure
from core.mirror.store.outbox_port import Due
from core.work.work import Work
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import ADMIN, TestDesk


@pytest.fixture
def desk() -> TestDesk:
    """Three students whom the mirror has, and one whom it lacks."""
    made = TestDesk()
    for id_, cs, sj in (("11", 1, 0), ("12", 2, 3), ("13", 4, 0), ("14", 8, 1)):
        balances: dict[str, int | str | None] = {"cs_credits": cs, "sj_credits": sj}
        made.crm.add_contact(id_, balances, email=f"{id_}@example.test")
    made.core.mirror_copier.put(
        [Due(kind=Kind.CONTACT, record_id=id_, row=None) for id_ in ("11", "12", "13")]
    )
    made.drain()
    made.time += timedelta(hours=1)
    return made


def swept(desk: TestDesk, mode: SweepMode = SweepMode.FULL) -> None:
    desk.time += timedelta(seconds=1)
    desk.carry_on(Work.SWEEP, desk.core.sweep_runner.ask(mode, ADMIN).id)


def outstanding(desk: TestDesk) -> dict[str, float]:
    """By the newest measure of each type that anybody has."""
    day = timedelta(days=1)
    levels = desk.journal.levels([Gauge.OUTSTANDING], since=desk.time - day, step=2 * day)
    return {level.of: level.last for level in levels if level.last}


def in_hubspot(desk: TestDesk) -> dict[str, float]:
    """Added up contact by contact."""
    found: Counter[str] = Counter()
    for contact in desk.crm.truth.all(Kind.CONTACT):
        for credit in desk.core.catalogue.keys:
            found[credit] += int(contact.properties.get(credit) or 0)
    return {credit: float(number) for credit, number in found.items() if number}


def week(desk: TestDesk, zone: object = UTC) -> Week:
    return desk.core.week_reader.read(ADMIN, zone=zone)  # type: ignore[arg-type]


def test_a_full_sweep_measures_every_balance_in_hubspot(desk: TestDesk) -> None:
    swept(desk)

    assert {"cs_credits": 15, "sj_credits": 4} == outstanding(desk) == in_hubspot(desk)
    every = [each.of for each in desk.journal.levels(
        [Gauge.OUTSTANDING], since=desk.time - timedelta(days=1), step=timedelta(days=2)
    )]  # fmt: skip
    assert sorted(desk.core.catalogue.keys) == sorted(every), "a type without credits is told too"


def test_a_narrower_sweep_leaves_students_out_and_measures_no_total(desk: TestDesk) -> None:
    swept(desk, SweepMode.KNOWN)
    swept(desk, SweepMode.INCREMENTAL)

    assert {} == outstanding(desk)


def test_a_sweep_that_goes_on_from_its_page_adds_each_page_once(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweep_pages, "PAGE", 1)
    failed: list[str] = []

    def once(request: Request) -> Fault:
        if "13" in request.ids and not failed:
            failed.append("13")
            return Fault.NOT_SENT
        return Fault.NONE

    desk.crm.sending = once

    swept(desk)

    assert ["13"] == failed
    assert {"cs_credits": 15, "sj_credits": 4} == outstanding(desk)


def test_students_who_became_one_count_once(desk: TestDesk) -> None:
    into = desk.crm.merge(Kind.CONTACT, "12", "13")
    held = {key: desk.crm.balance(Kind.CONTACT, into, key) for key in ("cs_credits", "sj_credits")}

    swept(desk)

    assert {"cs_credits": held["cs_credits"] + 9, "sj_credits": held["sj_credits"] + 1} == (
        outstanding(desk)
    )


def test_text_in_the_place_of_a_balance_is_no_credit(desk: TestDesk) -> None:
    desk.crm.foreign_write(Kind.CONTACT, "12", {"cs_credits": "many"})

    swept(desk)

    assert {"cs_credits": 13, "sj_credits": 4} == outstanding(desk)


def test_what_is_counted_is_kept_until_the_minute_is_over(desk: TestDesk) -> None:
    first = week(desk)

    assert week(desk) is first
    assert week(desk, ZoneInfo("Asia/Tokyo")) is not first
    assert week(desk) is first
    desk.time += timedelta(minutes=1)
    assert week(desk) is not first


def test_an_act_is_counted_at_the_next_look(desk: TestDesk) -> None:
    desk.booked("51", "11")
    assert 0 == week(desk).trends[WeekFigure.REFUNDED].now

    desk.run("51")

    assert 1 == week(desk).trends[WeekFigure.REFUNDED].now


def test_what_is_owed_is_less_what_was_given_back_since_it_was_counted(desk: TestDesk) -> None:
    desk.booked("51", "11")
    at = desk.now() - timedelta(days=7, hours=1)
    desk.journal.add_measures([Measure(at=at, gauge=Gauge.OWED, of="cs_credits", value=5)])
    desk.core.gauge_recorder.measure()
    desk.time += timedelta(minutes=1)
    then = week(desk).trends[WeekFigure.OWED]
    assert (1, 5) == (then.now, then.before)

    desk.run("51")

    now = week(desk).trends[WeekFigure.OWED]
    assert 0 == now.now == now.days[-1]
