"""Old apps beside the desk, over the real stack: nobody gets a second credit."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from core.cli.commands import lookup, owing, upkeep  # noqa: F401 - they add their commands
from tests.commands import app
from tests.crash.desk import ADMIN, BOOKINGS, Counter_, Desk


@dataclass
class School:
    """The command line at one desk, and an old app at the same HubSpot."""

    desk: Desk

    def run(self, *args: str) -> Result:
        return CliRunner().invoke(app, [*args, "--json"], env=self.desk.environment)

    def says(self, *args: str) -> dict[str, Any]:
        result = self.run(*args)
        assert 0 == result.exit_code, result.output
        return dict(json.loads(result.stdout))

    def old_app_cancels(self, booking: str, counter: Counter_, *, credit: bool) -> None:
        """As the school's student app does: no mark, and the credit in a write of its own."""
        contact, key = counter
        self._patch(BOOKINGS, booking, {"is_active": "Cancelled"})
        if credit:
            balance = self.desk.balances({counter})[counter] + 1
            self._patch("0-1", contact, {key: str(balance)})

    def _patch(self, kind: str, id_: str, properties: Mapping[str, str]) -> None:
        path = f"/crm/objects/2026-09/{kind}/{id_}"
        self.desk.hubspot.patch(path, json={"properties": properties}).raise_for_status()

    def verdicts(self, ids: list[str]) -> dict[str, str]:
        rows = self.says("refund", "--ids", ",".join(ids), "--dry-run")["rows"]
        return {row["booking"]: row["why"].partition(":")[0] for row in rows}


@pytest.fixture
def school(sandbox: Mapping[str, str], tmp_path: Path) -> Iterator[School]:
    desk = Desk(sandbox, tmp_path)
    made = School(desk)
    made.says("provision")
    yield made
    desk.close()


def test_what_old_apps_gave_back_or_forfeited_is_not_refunded(school: School) -> None:
    plan = school.says("cancel", "--ids", ",".join(school.desk.active_bookings(40)), "--dry-run")
    chosen = {
        row["contact"]: row for row in plan["rows"] if row["verdict"] == "will change"
    }  # one of each student
    (given, forfeited, owed, *_) = [row for row in chosen.values() if row["credit"]]
    ids = [row["booking"] for row in (given, forfeited, owed)]
    for row in (given, forfeited, owed):
        counter: Counter_ = (row["contact"], row["credit"])
        school.old_app_cancels(row["booking"], counter, credit=row is given)

    none = dict.fromkeys(ids[1:], "give its credit back")
    assert {ids[0]: "already given back, without a refund mark"} | none == school.verdicts(ids)

    dry = school.says("not-owed", "--ids", ids[1], "--reason", "no-show", "--dry-run")
    assert ("not_owed", 1) == (dry["would_be"], dry["number"])
    assert 1 == school.says("not-owed", "--ids", ids[1], "--reason", "no-show")["not_owed"]
    assert "not owed" == school.verdicts(ids)[ids[1]]

    counters: set[Counter_] = {(r["contact"], r["credit"]) for r in (given, forfeited, owed)}
    before = school.desk.balances(counters)
    done = school.says("refund", "--ids", ",".join(ids), "--reason", "all owed", "--wait")
    after = school.desk.balances(counters)
    assert {"done": 1, "skipped": 2} == done["counts"]
    assert 1 == after[owed["contact"], owed["credit"]] - before[owed["contact"], owed["credit"]]
    assert 1 == sum(after.values()) - sum(before.values())

    refused = school.run("refund", "--ids", ids[1], "--reason", "again")
    assert 1 == refused.exit_code
    withdrawn = school.says("not-owed", "--ids", ids[1], "--withdraw", "--reason", "a mistake")
    assert 1 == withdrawn["withdrawn"]
    assert "give its credit back" == school.verdicts(ids)[ids[1]]


def test_a_baseline_settles_everything_cancelled_before_it(school: School) -> None:
    at = (datetime.now(UTC) + timedelta(milliseconds=1)).isoformat()
    refused = school.run("baseline", "--before", at)
    assert 1 == refused.exit_code
    assert "give a reason" in refused.stderr

    dry = school.says("baseline", "--before", at, "--reason", "adopted", "--dry-run")
    assert dry["would_settle"] >= dry["owed"] > 0
    made = school.says("baseline", "--before", at, "--reason", "adopted")

    assert (ADMIN, "adopted") == (made["baseline"]["by"], made["baseline"]["reason"])
    assert 0 == made["owed"]
    report = school.says("owed")
    whose = {row["contact"]: row["student"] for row in report["bookings"] if row["contact"]}
    some = dict(list(whose.items())[:3])
    assert some == {id_: school.says("contact", id_)["name"] for id_ in some}
    assert (0, dry["would_settle"]) == (report["owed"], report["not_owed"]["settled at adoption"])
    nothing = school.run("refund", "--owed", "--reason", "all")
    assert 1 == nothing.exit_code
    assert "nothing is owed" in nothing.stderr
    assert school.says("baseline", "--withdraw", "--reason", "a wrong date")["withdrawn"]
    assert school.says("owed")["owed"] > 0
