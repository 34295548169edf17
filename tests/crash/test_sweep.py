"""A sweep outlives its worker: the next one goes on at the page that was saved."""

from __future__ import annotations

from core.drift.sweeps import SweepMode
from tests.crash.desk import Desk
from tests.crash.waiting import wait_for

#: HubSpot is this slow meanwhile, so that pages are left when the worker dies.
SLOW_MS, USUAL_MS = 500, 40


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
    rows = {
        kind: _count(desk, table)
        for kind, table in (
            ("contacts", "hubspot_contact_credits"),
            ("bookings", "hubspot_bookings"),
            ("exams", "hubspot_mock_exams"),
        )
    }
    assert rows == done.known == done.compared
    assert -(-rows["contacts"] // 1000) + -(-rows["bookings"] // 1000) + 1 == done.pages


def _count(desk: Desk, table: str) -> int:
    counted = {"Prefer": "count=exact"}
    one = {"select": "hubspot_id", "limit": "1"}
    answer = desk.supabase.get(f"/{table}", params=one, headers=counted)
    return int(answer.headers["content-range"].rpartition("/")[2])
