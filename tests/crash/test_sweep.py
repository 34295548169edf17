"""A sweep or a first copy outlives its worker: the next one goes on at the page that was saved."""

from __future__ import annotations

from core.drift.causes import Cause
from core.drift.sweeps import SweepMode
from tests.crash.desk import Desk
from tests.crash.waiting import wait_for

#: HubSpot is this slow meanwhile, so that pages are left when the worker dies.
SLOW_MS, USUAL_MS = 500, 40
TABLES = {
    "contacts": "hubspot_contact_credits",
    "bookings": "hubspot_bookings",
    "exams": "hubspot_mock_exams",
}


def test_a_sweep_whose_worker_is_killed_is_gone_on_with_at_its_page(desk: Desk) -> None:
    desk.latency(SLOW_MS)
    with desk.worker() as worker:
        wait_for(desk.journal.workers)
        sweep = desk.core("sweep", "--known", "--timeout", "0", fails=True)
        assert "it continues when a worker runs" in sweep
        (asked,) = desk.journal.sweeps()
        wait_for(lambda: desk.journal.sweep(asked.id).pages >= 3)
        worker.kill()
        worker.wait()
    desk.latency(USUAL_MS)
    killed = desk.journal.sweep(asked.id)
    assert not killed.ended

    with desk.worker():
        wait_for(lambda: desk.journal.sweep(asked.id).ended)

    done = desk.journal.sweep(asked.id)
    assert done.complete
    assert done.epoch > killed.epoch
    assert (SweepMode.KNOWN, "command line") == (done.mode, done.asked_by)
    rows = _rows(desk)
    assert rows == done.known == done.compared
    assert -(-rows["contacts"] // 1000) + -(-rows["bookings"] // 1000) + 1 == done.pages


def test_a_first_copy_whose_worker_is_killed_is_gone_on_with_and_leaves_nothing_out(
    desk: Desk,
) -> None:
    for table in TABLES.values():
        desk.supabase.delete(f"/{table}", params={"hubspot_id": "neq."}).raise_for_status()
    assert {"contacts": 0, "bookings": 0, "exams": 0} == _rows(desk)
    desk.latency(SLOW_MS)
    with desk.worker() as worker:
        wait_for(desk.journal.workers)
        desk.core("copy", "--timeout", "0", fails=True)
        (asked,) = desk.journal.sweeps()
        wait_for(lambda: desk.journal.sweep(asked.id).pages >= 3)
        worker.kill()
        worker.wait()
    killed = desk.journal.sweep(asked.id)
    assert not killed.ended
    assert 0 < _rows(desk)["contacts"], "rows are there before all is listed"
    desk.latency(USUAL_MS)

    report = desk.core("copy")

    done = desk.journal.sweep(asked.id)
    assert (asked.id, "complete", dict(done.copied)) == tuple(
        report[name] for name in ("sweep", "state", "copied")
    )
    assert done.epoch > killed.epoch
    assert done.known == done.compared == done.expected
    assert sum(killed.copied.values()) <= sum(done.copied.values()) <= sum(done.known.values())
    proof = desk.core("sweep", "--full")
    assert done.known == proof["known"] == proof["compared"]
    assert set(proof["causes"]) <= {Cause.UNREADABLE_VALUE.value}
    assert _rows(desk) == done.known


def _rows(desk: Desk) -> dict[str, int]:
    return {kind: _count(desk, table) for kind, table in TABLES.items()}


def _count(desk: Desk, table: str) -> int:
    counted = {"Prefer": "count=exact"}
    one = {"select": "hubspot_id", "limit": "1"}
    answer = desk.supabase.get(f"/{table}", params=one, headers=counted)
    return int(answer.headers["content-range"].rpartition("/")[2])
