"""Liveness, readiness and metrics: what each tells whom."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.routing import Route

from api import health, metrics
from api.guard import Tally
from core.credits.errors import JournalError, NotSent
from core.credits.records import Kind
from core.drift.causes import Cause
from core.drift.differences import Drift
from core.drift.sweeps import Sweep, SweepMode, SweepState
from core.hubspot.ports.inspection import Heard, Quota
from core.mirror.store.outbox_port import Due
from tests.unit.api.asking import Answer, Server
from tests.unit.services.desk import CS, TestDesk
from tests.unit.services.test_readiness import at_work

TOKEN = "a-token-of-the-monitoring"


class Watched:
    """The three routes over one desk."""

    def __init__(self, token: str = TOKEN) -> None:
        self.desk = TestDesk()
        self.answers = Tally()
        at_work(self.desk)
        told = metrics.metrics(lambda: self.desk.core.metrics, self.answers, token)
        app = Starlette(
            routes=[
                Route("/api/healthz", health.healthz),
                Route("/api/readyz", health.readyz(lambda: self.desk.core.readiness, token)),
                Route("/api/metrics", told),
            ]
        )
        self.server = Server(app)

    def get(self, path: str, token: str | None = None) -> Answer:
        return self.server.ask(path, headers={"Authorization": token} if token is not None else {})

    def samples(self) -> dict[str, float]:
        text = self.get("/api/metrics", f"Bearer {TOKEN}").body.decode()
        return {
            f"{sample.name}{sorted(sample.labels.items()) or ''}": sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }


def test_a_live_process_says_so_and_no_more() -> None:
    watched = Watched()
    watched.desk.journal.outbox = broken  # type: ignore[method-assign]

    answer = watched.get("/api/healthz", f"Bearer {TOKEN}")

    assert (200, {"status": "ok"}) == (answer.status, answer.json)


def broken() -> Any:
    raise JournalError("disk full at /var/lib/desk")


@pytest.mark.parametrize(
    ("configured", "given"),
    [
        ("", None),
        ("", "Bearer "),
        ("", "Bearer"),
        (TOKEN, None),
        (TOKEN, TOKEN),
        (TOKEN, f"Basic {TOKEN}"),
        (TOKEN, "Bearer guessed"),
        (TOKEN, "Bearer é"),
        (TOKEN, f"Bearer {TOKEN}x"),
    ],
)
def test_strangers_learn_whether_it_is_ready_and_no_more(
    configured: str, given: str | None
) -> None:
    watched = Watched(configured)
    assert {"status": "ready"} == watched.get("/api/readyz", given).json

    watched = Watched(configured)
    watched.desk.journal.outbox = broken  # type: ignore[method-assign]
    answer = watched.get("/api/readyz", given)

    assert (503, {"status": "not ready"}) == (answer.status, answer.json)
    assert (404 if not configured else 401) == (watched.get("/api/metrics", given).status)


def test_with_the_token_each_part_says_why() -> None:
    watched = Watched()
    watched.desk.account.shut = NotSent("HubSpot cannot be reached")

    answer = watched.get("/api/readyz", f"bearer {TOKEN}")
    parts = {part["part"]: part for part in answer.json["parts"]}

    assert 503 == answer.status
    assert ("fault", "HubSpot cannot be reached") == (
        parts["HubSpot"]["health"],
        parts["HubSpot"]["said"],
    )
    assert "fine" == parts["operational store"]["health"]


def test_a_server_that_has_no_core_is_not_ready() -> None:
    def none() -> Any:
        raise RuntimeError("not started")

    server = Server(Starlette(routes=[Route("/api/readyz", health.readyz(none, ""))]))

    assert 503 == server.ask("/api/readyz").status


def drift(desk: TestDesk) -> Drift:
    return Drift(
        kind=Kind.CONTACT,
        record_id="7",
        cause=Cause.MISSING_ROW,
        columns=(),
        truth={},
        mirror={},
        evidence="",
        since=desk.now(),
    )


def test_the_metrics_tell_what_the_journal_and_the_counters_hold() -> None:
    watched = Watched()
    desk = watched.desk
    desk.crm.add_contact("100", {"cs_credits": 1})
    desk.booked("1", "100", token=CS)
    desk.run("1")
    desk.journal.put_due([Due(kind=Kind.CONTACT, record_id="7", row=None)], at=desk.now())
    desk.core.mirror_copier.lag.record([desk.now() - timedelta(seconds=0.02)], at=desk.now())
    desk.core.webhook_receiver.tally.refused()
    watched.answers.answered("v1", 200)
    desk.account.told = Heard(
        outcomes={("read contacts", "ok"): 5, ("read contacts", "limited"): 2}
    )
    desk.account.quota = lambda: Quota(used=12, limit=190, window_s=10, day_left=9)  # type: ignore[method-assign]
    sweep = Sweep(
        id="s1",
        mode=SweepMode.FULL,
        state=SweepState.COMPLETE,
        started_at=desk.now(),
        saved_at=desk.now(),
    )
    desk.journal.save_sweep(sweep, [drift(desk)])
    desk.time += timedelta(seconds=90)

    found = watched.samples()

    expected = {
        "credit_desk_up": 1,
        "credit_desk_operations[('state', 'done')]": 1,
        "credit_desk_items[('state', 'done')]": 1,
        "credit_desk_writes[('state', 'landed')]": 1,
        "credit_desk_workers_alive": 0,
        "credit_desk_outbox_oldest_seconds": 90,
        "credit_desk_dead_letters": 0,
        "credit_desk_sweep_age_seconds[('mode', 'full')]": 90,
        "credit_desk_drift_records[('cause', 'missing row'), ('mode', 'full')]": 1,
        "credit_desk_hubspot_requests_total[('kind', 'read contacts'), ('outcome', 'ok')]": 5,
        "credit_desk_hubspot_429_total": 2,
        "credit_desk_hubspot_limit_used": 12,
        "credit_desk_hubspot_day_left": 9,
        "credit_desk_copy_lag_seconds_bucket[('le', '0.02')]": 1,
        "credit_desk_webhooks_total[('what', 'refused')]": 1,
        "credit_desk_api_answers_total[('area', 'v1'), ('status', '200')]": 1,
    }
    assert expected == {name: found.get(name) for name in expected}
    assert found["credit_desk_outbox_due"] >= 1
    assert found["credit_desk_copy_lag_seconds_count"] >= 1


def test_a_store_that_does_not_answer_is_a_figure_too() -> None:
    watched = Watched()
    watched.desk.journal.outbox = broken  # type: ignore[method-assign]

    answer = watched.get("/api/metrics", f"Bearer {TOKEN}")

    assert 200 == answer.status
    assert "credit_desk_up 0.0" in answer.body.decode()
    assert "/var/lib" not in answer.body.decode()


def test_many_who_ask_at_once_cost_one_reading() -> None:
    watched = Watched()
    first = watched.samples()
    watched.desk.journal.outbox = broken  # type: ignore[method-assign]

    assert first["credit_desk_up"] == watched.samples()["credit_desk_up"] == 1


@pytest.mark.parametrize("given", [None, "Bearer guessed", f"Bearer {TOKEN}"])
def test_no_answer_names_a_student_or_quotes_the_token(given: str | None) -> None:
    watched = Watched()
    desk = watched.desk
    desk.crm.add_contact(
        "100", {"cs_credits": 1}, firstname="Zdenka", lastname="Zzcanary", email="zd@canary.test"
    )
    desk.booked("1", "100", token=CS)
    desk.run("1")
    desk.journal.save_sweep(
        Sweep(
            id="s1",
            mode=SweepMode.FULL,
            state=SweepState.COMPLETE,
            started_at=desk.now(),
            saved_at=desk.now(),
        ),
        [drift(desk)],
    )

    told = b"".join(
        watched.get(path, given).body for path in ("/api/healthz", "/api/readyz", "/api/metrics")
    ).decode()

    assert told
    assert [] == [each for each in ("Zdenka", "Zzcanary", "zd@canary", TOKEN) if each in told]
