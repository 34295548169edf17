"""Trends from the command line, over the real stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from core.app.stores import SqlJournal
from core.cli.commands import trends  # noqa: F401 - adds its command
from core.credits.records import ExamId
from core.drift.store.trends_port import Gauge, Measure
from core.operations.states import ItemState, OperationState
from tests.contract.cli.test_messages import Run, run, settings
from tests.contract.journal.given import item, operation

__all__ = ["run", "settings"]  # fixtures


def test_it_tells_each_day_each_kind_each_exam_and_what_students_hold(
    run: Run, settings: Mapping[str, str]
) -> None:
    journal = SqlJournal(settings["OPS_DATABASE_URL"])
    now = datetime.now(UTC)
    done = operation("o", state=OperationState.RUNNING, confirmed_at=now)
    exam = {"exam_id": ExamId("71"), "mock_type": "Mini-mock", "state": ItemState.DONE}
    items = [item(n, operation_id="o", cancelled=True, **exam) for n in range(3)]
    assert journal.confirm(done, items)
    measures = [(now - timedelta(days=2), 7.0), (now - timedelta(hours=1), 9.0)]
    journal.add_measures(
        [Measure(at=at, gauge=Gauge.OUTSTANDING, of="cs_credits", value=v) for at, v in measures]
    )
    journal.close()

    told = json.loads(run("trends", "--days", "7", "--json").stdout)

    assert ("day", 8, 3) == (
        told["by"],
        len(told["stretches"]),
        sum(each["cancelled"] for each in told["stretches"]),
    )
    assert {"Batch cancellation": {"booked": 0, "cancelled": 3, "refunded": 0}} == told["by_kind"]
    (only,) = told["exams"]
    assert ("71", "Mini-mock", 3, 0) == tuple(
        only[name] for name in ("exam", "mock_type", "cancelled", "booked")
    )
    assert {"cs_credits": 9} == told["outstanding"]

    in_words = run("trends", "--days", "90")

    assert 0 == in_words.returncode
    assert "by: week" in in_words.stdout
    assert "outstanding: cs_credits 9" in in_words.stdout
