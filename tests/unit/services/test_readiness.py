"""Whether the desk can do its work, told in time whatever hangs."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest

from core.credits.errors import JournalError, LimitUnknown, NoRoom, NotSent, Unauthorized
from core.credits.records import Kind
from core.credits.room import LITTLE, Room
from core.health import readiness
from core.hubspot.ports.inspection import Finding, Health, Heard
from core.mirror.port import MirrorRow
from core.mirror.store.outbox_port import Due
from core.workers.store.port import WorkerInfo
from tests.fakes.mirror import FakeMirror
from tests.unit.services.desk import TestDesk


def at_work(desk: TestDesk, ago: timedelta = timedelta(0)) -> None:
    beat = desk.now() - ago
    desk.journal.heartbeat(
        WorkerInfo(executor_id="w", host="h", pid=1, started_at=beat, heartbeat_at=beat)
    )


@pytest.fixture
def desk() -> TestDesk:
    made = TestDesk()
    at_work(made)
    return made


def found(desk: TestDesk) -> dict[str, Finding]:
    return {finding.what: finding for finding in desk.core.readiness.findings()}


def faults(desk: TestDesk) -> set[str]:
    return {what for what, finding in found(desk).items() if finding.health is Health.FAULT}


def test_a_desk_at_work_is_ready(desk: TestDesk) -> None:
    parts = {"operational store", "HubSpot", "Supabase", "workers", "copies", "dead letters"}
    assert {*parts, "disk"} == set(found(desk))
    assert set() == faults(desk)


def test_without_a_live_worker_it_is_not(desk: TestDesk) -> None:
    desk.time += readiness.ALIVE_WITHIN + timedelta(seconds=1)

    assert {"workers"} == faults(desk)


def test_what_each_part_says_is_passed_on(desk: TestDesk) -> None:
    desk.account.shut = Unauthorized("the token is wrong")
    desk.mirror.die()
    desk.journal.outbox = dead_store  # type: ignore[method-assign]

    assert {"HubSpot", "Supabase", "operational store"} == faults(desk)
    assert "the token is wrong" == found(desk)["HubSpot"].said


def dead_store() -> Any:
    raise JournalError("the disk is full")


def test_a_disk_without_room_is_a_fault_that_says_how_much_is_left(desk: TestDesk) -> None:
    desk.journal.left = Room(full=False, free=LITTLE)
    assert set() == faults(desk)

    desk.core.readiness._parts[0].holds_s = 0
    desk.journal.left = Room(full=False, free=LITTLE - 1)
    assert {"disk"} == faults(desk)
    assert "nearly full: 256 MB free" == found(desk)["disk"].said

    desk.journal.left = Room(full=True, free=LITTLE)
    assert "full: nothing new is saved" == found(desk)["disk"].said


def test_a_slip_of_ours_is_no_readiness(desk: TestDesk) -> None:
    def slips() -> Any:
        raise KeyError("a slip")

    desk.journal.workers = slips  # type: ignore[method-assign]

    assert {"operational store"} == faults(desk)


def test_copies_that_wait_long_are_a_fault_and_dead_letters_a_warning(desk: TestDesk) -> None:
    desk.journal.put_due([Due(kind=Kind.CONTACT, record_id="1", row=None)], at=desk.now())
    taken = desk.journal.take_due(now=desk.now(), until=desk.now(), limit=1)
    desk.time += timedelta(minutes=5, seconds=1)
    at_work(desk)
    assert {"copies"} == faults(desk)

    (due,) = taken
    desk.journal.copy_failed([Due(kind=due.kind, record_id="1", row=None, seq=due.seq, dead=True)])
    desk.core.readiness._parts[0].holds_s = 0

    assert set() == faults(desk)
    assert Health.WARNING is found(desk)["dead letters"].health


def test_hubspot_is_not_asked_while_the_desk_s_own_calls_tell(desk: TestDesk) -> None:
    desk.account.told = Heard(well_s_ago=59.0, ill_s_ago=60.0)

    assert "answered 59 s ago" == found(desk)["HubSpot"].said
    assert 0 == desk.account.knocks


def test_hubspot_is_not_away_while_others_of_ours_use_up_what_it_allows(desk: TestDesk) -> None:
    desk.account.shut = NoRoom("HubSpot's limit left no room in time")

    assert "HubSpot's limit left no room in time" == found(desk)["HubSpot"].said
    assert set() == faults(desk)


def test_of_hubspot_nothing_is_said_while_the_store_that_counts_the_calls_is_away(
    desk: TestDesk,
) -> None:
    desk.account.shut = LimitUnknown("the operational store does not answer")

    assert "HubSpot" not in found(desk)


@pytest.mark.parametrize(
    "told",
    [Heard(), Heard(well_s_ago=61.0), Heard(well_s_ago=5.0, ill_s_ago=1.0), Heard(ill_s_ago=1.0)],
)
def test_else_it_is_asked_once_however_many_probes_come(desk: TestDesk, told: Heard) -> None:
    desk.account.told = told
    desk.account.shut = NotSent("HubSpot cannot be reached")

    for _ in range(50):
        assert {"HubSpot"} == faults(desk)
    assert 1 == desk.account.knocks


def test_a_store_that_hangs_is_reported_and_asked_by_one_thread_alone(desk: TestDesk) -> None:
    mirror = Hanging()
    looked = readiness.Readiness(desk.journal, mirror, None, desk.now)

    def ill() -> list[str]:
        return [f.what for f in looked.findings(0.05) if f.health is Health.FAULT]

    assert [["Supabase"]] * 3 == [ill() for _ in range(3)]
    assert 1 == mirror.asked
    mirror.go.set()
    looked._parts[2].found(10)
    assert [] == ill()


def test_a_glance_waits_for_nobody_and_says_what_was_known_before(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "GLANCE_S", 0.0)
    mirror = Hanging()
    looked = readiness.Readiness(desk.journal, mirror, None, desk.now)
    part = looked._parts[2]

    def said() -> list[str]:
        return [finding.said for finding in looked.glance() if finding.what == "Supabase"]

    assert [] == said(), "nothing is known of it yet"
    mirror.go.set()
    part.found(10)
    assert ["answers"] == said()
    mirror.go.clear()
    part.holds_s = 0.0
    assert ["answers"] == said(), "as it was known before"
    assert 2 == mirror.asked

    monkeypatch.setattr(readiness, "WITHIN_S", 0.0)
    assert ["has not answered for 0 s"] == said()
    mirror.go.set()


class Hanging(FakeMirror):
    def __init__(self) -> None:
        super().__init__()
        self.go, self.asked = threading.Event(), 0

    def page(self, kind: Kind, after: str = "", limit: int = 1000) -> list[MirrorRow]:
        self.asked += 1
        self.go.wait(60)
        return super().page(kind, after, limit)
