from __future__ import annotations

from dataclasses import replace

from core.app.journal import Journal
from core.audit.entries import Sought, What
from core.audit.store.event_port import Event
from core.workers.store.port import WorkerInfo
from tests.contract.journal.given import ADMIN, NOW, after, item, operation


def event(n: int, operation_id: str = "op") -> Event:
    detail = {"n": n, "of": ["é", None], "deep": {"x": 1.5}}
    return Event(at=after(n), actor=ADMIN, what="looked", operation_id=operation_id, detail=detail)


def test_events_are_told_newest_first(journal: Journal) -> None:
    for n in range(4):
        journal.record(event(n))

    assert [event(3), event(2)] == journal.events(limit=2)


def test_what_is_recorded_of_a_confirmation_is_kept_with_the_first_one_alone(
    journal: Journal,
) -> None:
    assert journal.confirm(operation(), [item(0)], event(0))
    assert not journal.confirm(operation(), [item(0)], event(1))

    assert [event(0)] == journal.events(operation_id="op")
    assert 1 == journal.audit_count(Sought(what=(What.CONFIRMED,)))


def test_events_can_be_asked_for_by_operation(journal: Journal) -> None:
    for n in range(6):
        journal.record(event(n, "op" if n % 2 else ""))

    assert [event(5), event(3)] == journal.events(operation_id="op", limit=2)
    assert [event(4, ""), event(2, ""), event(0, "")] == journal.events(operation_id="")


def worker(executor_id: str, started: float = 0) -> WorkerInfo:
    return WorkerInfo(
        executor_id=executor_id,
        host="desk-1",
        pid=7,
        started_at=after(started),
        heartbeat_at=after(started),
    )


def test_a_worker_is_known_from_its_first_heartbeat_until_it_is_forgotten(journal: Journal) -> None:
    journal.heartbeat(worker("young", 5))
    journal.heartbeat(worker("old"))
    alive = replace(worker("old"), heartbeat_at=after(9))
    journal.heartbeat(alive)

    assert [alive, worker("young", 5)] == journal.workers()
    journal.forget_worker("old")
    journal.forget_worker("nobody")
    assert [worker("young", 5)] == journal.workers()
    assert NOW == alive.started_at
