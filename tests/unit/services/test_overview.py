"""The overview is read from what the desk knows already, and asks HubSpot for nothing heavy."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from core.credits.errors import NotSent
from core.credits.records import Kind
from core.credits.roles import Actor, NotAllowed, Role
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.repairs import Repair, RepairRow, RepairState, RowState
from core.drift.store.trends_port import Gauge, Measure
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.health import readiness
from core.health.facts import Sight
from core.health.matters import Matter
from core.health.overview import Lag, Overview
from core.health.store.attention_port import Moved
from core.hubspot.ports.inspection import Heard, Quota
from core.mirror.port import MirrorRow
from core.mirror.store.outbox_port import Due
from core.operations.approval_rules import SecondAdmin
from core.operations.states import ItemState, OperationState
from core.operations.verdicts import OperationKind
from core.workers.store.port import WorkerInfo
from tests.fakes.mirror import FakeMirror
from tests.unit.services.desk import ADMIN, TestDesk

STAFF = Actor(email="sam@example.test", role=Role.STAFF)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy this machine is, whoever answers is waited for."""
    monkeypatch.setattr(readiness, "GLANCE_S", 60.0)


@pytest.fixture
def desk() -> TestDesk:
    """A desk at work, whose mirror a sweep has just proved."""
    made = TestDesk()
    beat(made)
    sweep(made, "calm")
    return made


def beat(desk: TestDesk) -> None:
    now = desk.now()
    desk.journal.heartbeat(
        WorkerInfo(executor_id="w", host="h", pid=1, started_at=now, heartbeat_at=now)
    )


def sweep(desk: TestDesk, id_: str, *found: Drift, **changes: Any) -> Sweep:
    values: dict[str, Any] = {
        "id": id_,
        "mode": SweepMode.FULL,
        "state": SweepState.COMPLETE,
        "started_at": desk.now() - MINUTE,
        "saved_at": desk.now(),
        "drifting": len(found),
    }
    made = Sweep(**values | changes)
    desk.journal.save_sweep(made, found)
    return made


def drift(desk: TestDesk, record_id: str, **ago: float) -> Drift:
    return Drift(
        kind=Kind.CONTACT,
        record_id=record_id,
        cause=Cause.OLDER_COPY,
        columns=("cs_credits",),
        truth={"cs_credits": 2},
        mirror={"cs_credits": 1},
        evidence="",
        since=desk.now() - timedelta(**ago),
    )


def read(desk: TestDesk) -> Overview:
    beat(desk)
    return desk.core.overview_reader.read(ADMIN)


def matters(desk: TestDesk) -> list[Matter]:
    return [need.matter for need in read(desk).needs]


def test_a_calm_desk_says_so_with_its_proof(desk: TestDesk) -> None:
    found = read(desk)

    assert () == found.needs
    assert Sight.TRUE is found.sight
    assert found.facts.swept == desk.journal.sweep("calm")
    assert found.verified.whole


def test_a_desk_on_its_first_day_asks_for_a_sweep() -> None:
    desk = TestDesk()

    found = read(desk)

    assert Sight.UNKNOWN is found.sight
    assert [Matter.UNSWEPT] == [need.matter for need in found.needs]
    assert found.facts.owed is None


def test_who_may_not_watch_is_told_nothing(desk: TestDesk) -> None:
    with pytest.raises(NotAllowed):
        desk.core.overview_reader.read(STAFF)
    with pytest.raises(NotAllowed):
        desk.core.overview_reader.today(STAFF, since=desk.now())


def test_hubspot_is_asked_for_no_record_and_the_mirror_whether_it_is_there(desk: TestDesk) -> None:
    before = desk.crm.usage()["total"]
    for _ in range(20):
        read(desk)

    assert before == desk.crm.usage()["total"]
    assert desk.account.knocks <= 1


def test_what_is_owed_is_as_it_was_measured_last(desk: TestDesk) -> None:
    desk.crm.add_contact("1", {"cs_credits": 2, "sj_credits": 1})
    desk.booked("51", "1")
    desk.core.gauge_recorder.measure()
    counted_at = desk.now()
    desk.booked("52", "1")
    desk.time += MINUTE

    found = read(desk)

    assert (1, counted_at) == (found.facts.owed, found.facts.owed_at)
    assert [Matter.OWED] == [need.matter for need in found.needs]


def test_a_newer_measure_counts_and_not_the_sum_of_both(desk: TestDesk) -> None:
    for at, of, value in (
        (desk.now() - MINUTE, "cs_credits", 9),
        (desk.now(), "cs_credits", 3),
        (desk.now(), "sj_credits", 4),
    ):
        desk.journal.add_measures([Measure(at=at, gauge=Gauge.OWED, of=of, value=value)])

    assert 7 == read(desk).facts.owed


def test_what_the_desk_has_refunded_since_the_count_is_owed_no_more(desk: TestDesk) -> None:
    desk.crm.add_contact("1", {"cs_credits": 2})
    for booking in ("51", "52", "53"):
        desk.booked(booking, "1")
    desk.core.gauge_recorder.measure()
    assert 3 == read(desk).facts.owed
    desk.time += MINUTE

    desk.run("51", "52")

    assert 1 == read(desk).facts.owed
    assert len(desk.core.owed_credits.owed(ADMIN)) == read(desk).facts.owed


def test_dead_letters_are_told_with_the_time_of_the_oldest(desk: TestDesk) -> None:
    since = desk.now() - timedelta(hours=2)
    desk.journal.put_due([Due(kind=Kind.CONTACT, record_id="1", row=None)], at=since)
    (due,) = desk.journal.take_due(now=desk.now(), until=desk.now(), limit=1)
    desk.journal.copy_failed([replace(due, dead=True, error="no column x")])

    (need,) = read(desk).needs

    assert (Matter.DEAD_LETTERS, since) == (need.matter, need.since)
    assert Sight.WRONG is read(desk).sight


def test_copies_that_wait_are_told_while_they_wait(desk: TestDesk) -> None:
    desk.journal.put_due([Due(kind=Kind.CONTACT, record_id="1", row=None)], at=desk.now())
    assert [] == matters(desk)

    desk.time += MINUTE

    assert [Matter.BEHIND] == matters(desk)


def test_drift_counts_from_its_oldest_record(desk: TestDesk) -> None:
    desk.time += MINUTE
    sweep(desk, "new", drift(desk, "1", hours=1), drift(desk, "2", days=3))

    (need,) = read(desk).needs

    assert (Matter.DRIFT, desk.now() - timedelta(days=3)) == (need.matter, need.since)


def test_a_sweep_of_changes_alone_proves_nothing(desk: TestDesk) -> None:
    desk.time += timedelta(days=2)
    sweep(desk, "changes", mode=SweepMode.INCREMENTAL)

    assert [Matter.UNSWEPT] == matters(desk)


def repaired(desk: TestDesk, id_: str, *found: Drift, state: RowState = RowState.REPAIRED) -> None:
    rows = [RepairRow(drift=each, n=n, state=state) for n, each in enumerate(found)]
    repair = Repair(
        id=id_, state=RepairState.DONE, asked_by=ADMIN.email, asked_at=desk.now(), digest=id_,
    )  # fmt: skip
    desk.journal.ask_repair(repair, rows)


def test_what_was_repaired_since_is_not_told_and_nothing_is_taken_off_twice(
    desk: TestDesk,
) -> None:
    found = [drift(desk, str(n), hours=1) for n in range(4)]
    desk.time += MINUTE
    sweep(desk, "new", *found)
    desk.time += MINUTE
    repaired(desk, "one", found[0])
    repaired(desk, "again", found[0])
    repaired(desk, "in vain", found[1], state=RowState.STILL_DIFFERS)
    repaired(desk, "another", drift(desk, "99", hours=1))
    (need,) = read(desk).needs
    assert need.told.startswith("3 records differ")

    repaired(desk, "all", *found)

    assert () == read(desk).needs
    assert Sight.TRUE is read(desk).sight


def test_a_repair_from_before_the_sweep_has_mended_nothing_of_it(desk: TestDesk) -> None:
    found = drift(desk, "1", hours=1)
    repaired(desk, "early", found)
    desk.time += MINUTE
    sweep(desk, "new", found)

    assert [Matter.DRIFT] == matters(desk)


def test_a_sweep_that_cannot_go_on_is_told_until_one_of_its_mode_could(desk: TestDesk) -> None:
    desk.time += MINUTE
    full = sweep(desk, "stuck", mode=SweepMode.FULL, state=SweepState.PAUSED, error="away")
    assert [Matter.SWEEP_STUCK] == matters(desk)

    desk.journal.save_sweep(replace(full, state=SweepState.COMPLETE, error=""))

    assert [] == matters(desk)


def test_hubspot_away_is_told_since_it_last_answered(desk: TestDesk) -> None:
    desk.account.told = Heard(well_s_ago=240, ill_s_ago=1)
    desk.account.shut = NotSent("HubSpot cannot be reached")

    (need,) = read(desk).needs

    assert Matter.TRUTH_AWAY is need.matter
    assert "HubSpot cannot be reached" in need.told
    assert desk.now() - timedelta(minutes=4) == need.since


class Hanging(FakeMirror):
    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def page(self, kind: Kind, after: str = "", limit: int = 1000) -> list[MirrorRow]:
        self.go.wait(60)
        return super().page(kind, after, limit)


def test_a_store_that_hangs_holds_nobody_up_and_is_named_when_it_had_its_time(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "GLANCE_S", 0.0)
    monkeypatch.setattr(readiness, "WITHIN_S", 600.0)
    mirror = Hanging()
    looked = readiness.Readiness(desk.journal, mirror, None, desk.now)
    overseeing = replace(desk.core.overview_reader, readiness=looked)
    assert overseeing.read(ADMIN).facts.mirror is None, "not known yet, and not waited for"

    monkeypatch.setattr(readiness, "WITHIN_S", 0.0)

    assert [Matter.MIRROR_AWAY] == [need.matter for need in overseeing.read(ADMIN).needs]
    mirror.go.set()
    looked._parts[2].found(10)
    assert () == overseeing.read(ADMIN).needs


def test_the_account_s_day_is_told_when_it_is_nearly_used_up(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quota(left: int) -> None:
        used = Quota(used=19, limit=190, window_s=10, day_left=left, day_limit=1000)
        monkeypatch.setattr(desk.account, "quota", lambda: used)

    quota(600)
    assert [] == matters(desk)
    quota(60)
    assert [Matter.QUOTA] == matters(desk)


def test_an_audit_that_was_changed_comes_first(desk: TestDesk) -> None:
    desk.crm.add_contact("1", {"cs_credits": 2})
    desk.booked("51", "1")
    desk.run("51")
    links = desk.journal._chain()
    links[0] = replace(links[0], hash="f" * 64)
    desk.time += timedelta(minutes=2)

    assert Matter.AUDIT_CHANGED is matters(desk)[0]


def test_what_did_not_go_through_is_told_until_it_is_dealt_with(desk: TestDesk) -> None:
    desk.crm.add_contact("1", {"cs_credits": "abc"})
    desk.crm.add_contact("2", {"cs_credits": 1})
    desk.booked("51", "1", status="Active")
    desk.booked("52", "2", status="Active")
    operation = desk.confirm("52", kind=OperationKind.CANCEL)
    desk.crm.archive(Kind.CONTACT, "2")
    desk.carry(operation)
    assert ItemState.BLOCKED is desk.item(operation, "52").state

    (need,) = [n for n in read(desk).needs if n.matter is Matter.FAILED]
    assert operation.id == need.of
    desk.time += timedelta(days=400)
    assert Matter.FAILED in matters(desk)

    desk.core.blocked_items.dismiss(operation.id, ADMIN, reason="she left the school")

    assert Matter.FAILED not in matters(desk)


def test_how_long_copies_took_in_the_last_hour(desk: TestDesk) -> None:
    assert read(desk).lag is None
    for gauge, value in ((Gauge.COPY_LAG_P50, 0.02), (Gauge.COPY_LAG_P99, 0.25)):
        desk.journal.add_measures([Measure(at=desk.now(), gauge=gauge, value=value)])

    assert Lag(p50_s=0.02, p99_s=0.25) == read(desk).lag
    desk.time += timedelta(hours=2)
    assert read(desk).lag is None


def test_a_day_is_counted_from_the_reader_s_midnight(desk: TestDesk) -> None:
    desk.crm.add_contact("1", {"cs_credits": 2})
    for id_ in ("51", "52", "53"):
        desk.booked(id_, "1")
    desk.run("51")
    desk.time += timedelta(minutes=10)
    midnight: datetime = desk.now()
    held = desk.confirm("53")
    done = desk.run("52")

    today = desk.core.overview_reader.today(ADMIN, since=midnight)

    assert [Moved(kind=OperationKind.REFUND, operations=2, given=1, taken=0)] == list(today.moved)
    assert [held.id, done.id] == [operation.id for operation, _ in today.operations]
    assert OperationState.HELD is today.operations[0][0].state
    assert {ItemState.DONE: 1} == today.operations[1][1].states


def test_a_request_for_an_admin_is_told_of_as_long_as_it_can_be_approved() -> None:
    within = timedelta(days=1)
    desk = TestDesk(
        second=SecondAdmin(for_admins=True, within=within), admins=[ADMIN.email, "dee@example.test"]
    )
    desk.core.access.grant("eve@example.test", Role.ADMIN, ADMIN)

    def told() -> bool:
        found = desk.core.overview_reader.read(ADMIN).needs
        return Matter.ADMIN_AWAITED in {need.matter for need in found}

    assert told()
    desk.time += within
    assert [] == desk.core.access.requests(ADMIN)
    assert not told()
