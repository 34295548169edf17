"""Undo from the command line, over the real stack: both stores as before, and owed on purpose."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from core.cli.commands import owing, upkeep  # noqa: F401 - they add their commands
from tests.commands import app
from tests.crash.desk import ADMIN, BOOKINGS, Counter_, Desk

MARKS = ("token_refunded", "token_refunded_at", "token_refund_admin")


@dataclass
class Counter:
    """The command line at one desk."""

    desk: Desk

    def run(self, *args: str) -> Result:
        return CliRunner().invoke(app, [*args, "--json"], env=self.desk.environment)

    def says(self, *args: str) -> dict[str, Any]:
        result = self.run(*args)
        assert 0 == result.exit_code, result.output
        return dict(json.loads(result.stdout))

    def refund(self, ids: str) -> dict[str, Any]:
        return self.says("refund", "--ids", ids, "--reason", "venue closed", "--wait")

    def marks(self, ids: list[str]) -> dict[str, list[str]]:
        held = self.desk.objects(BOOKINGS, ids, MARKS)
        return {id_: [row[mark] or "" for mark in MARKS] for id_, row in held.items()}

    def settled(self) -> None:
        self.says("outbox", "--wait")


@pytest.fixture
def counter(sandbox: Mapping[str, str], tmp_path: Path) -> Iterator[Counter]:
    desk = Desk(sandbox, tmp_path)
    made = Counter(desk)
    made.says("provision")
    yield made
    desk.close()


def test_refund_undo_and_refund_again_leave_one_credit(counter: Counter) -> None:
    desk = counter.desk
    rows = counter.says("refund", "--owed", "--dry-run")["rows"]
    chosen = [row for row in rows if row["verdict"] == "will change"][:3]
    ids = [row["booking"] for row in chosen]
    counters: set[Counter_] = {(row["contact"], row["credit"]) for row in chosen}
    before = desk.balances(counters)
    refund = counter.refund(",".join(ids))["operation"]
    refunded = desk.balances(counters)
    assert sum(refunded.values()) == sum(before.values()) + 3

    plan = counter.says("undo", refund, "--dry-run")
    undo = counter.says("undo", refund, "--reason", "wrong exams", "--wait")
    counter.settled()

    assert ("undo", refund, {"will change": 3, "skip": 0, "blocked": 0, "excluded": 0}) == (
        plan["kind"],
        plan["undoes"],
        plan["counts"],
    )
    why = {row["why"].partition(":")[0] for row in plan["rows"]}
    assert {"take its credit back, and clear its mark"} == why
    assert ("undo", "done", refund, {"done": 3}) == (
        undo["kind"],
        undo["state"],
        undo["undoes"],
        undo["counts"],
    )
    assert -3 == sum(undo["credits"].values())
    assert before == desk.balances(counters) == desk.mirrored(counters)
    assert {id_: ["", "", ""] for id_ in ids} == counter.marks(ids)
    told = counter.says("operation", refund)["undone_by"]
    assert [{"operation": undo["operation"], "state": "done"}] == told

    _is_owed_on_purpose(counter, ids, undo["operation"])
    again = counter.refund(ids[0])
    counter.settled()
    assert {"done": 1} == again["counts"]
    assert sum(before.values()) + 1 == sum(desk.balances(counters).values())
    assert "true" == counter.marks(ids[:1])[ids[0]][0]
    second = counter.says("undo", refund, "--dry-run")["counts"]
    assert {"will change": 0, "skip": 3, "blocked": 0, "excluded": 0} == second


def _is_owed_on_purpose(counter: Counter, ids: list[str], undo: str) -> None:
    report = counter.says("owed", "--limit", "10000")
    taken = {row["booking"]: row["taken_back"] for row in report["bookings"] if row["taken_back"]}
    assert set(ids) == taken.keys()
    plain = [row for row in report["bookings"] if not (row["unclear"] or row["taken_back"])]
    owed = [row for row in plain if row["verdict"] == "owed"]
    assert (len(ids), len(owed)) == (report["taken_back"], report["owed"])
    assert {(undo, ADMIN, "wrong exams")} == {
        (one["operation"], one["by"], one["reason"]) for one in taken.values()
    }
    everything = counter.says("refund", "--owed", "--dry-run")["rows"]
    assert not set(ids) & {row["booking"] for row in everything}
    (named,) = counter.says("refund", "--ids", ids[0], "--dry-run")["rows"]
    assert "will change" == named["verdict"]
    assert f"taken back by {ADMIN} on" in named["why"]


def test_a_cancellation_is_refused_in_one_line_that_says_why(counter: Counter) -> None:
    (booking,) = counter.desk.active_bookings(1)[:1]
    done = counter.says("cancel", "--ids", booking, "--reason", "ill", "--wait")

    refused = counter.run("undo", done["operation"], "--reason", "r")

    assert 1 == refused.exit_code
    assert "a cancellation cannot be undone: the seats were given up" in refused.stderr
    assert "" == refused.stdout
