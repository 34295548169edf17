"""Adjusting from the command line, over the real stack: both stores, notes, and back again."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from core.cli.commands import lookup, owing, upkeep  # noqa: F401 - they add their commands
from core.cli.commands.kinds import adjusting  # noqa: F401 - the same
from tests.commands import app
from tests.crash.desk import Counter_, Desk

#: The id of the sandbox's first student.
FIRST = 21_000_000_001


@dataclass
class Counter:
    """The command line at one desk."""

    desk: Desk
    folder: Path

    def run(self, *args: str) -> Result:
        return CliRunner().invoke(app, [*args, "--json"], env=self.desk.environment)

    def says(self, *args: str) -> dict[str, Any]:
        result = self.run(*args)
        assert 0 == result.exit_code, result.output
        return dict(json.loads(result.stdout))

    def file(self, *rows: str) -> str:
        path = self.folder / "rows.csv"
        path.write_text("\n".join(["student,credit,change,reason", *rows]))
        return str(path)

    def students(self, n: int) -> list[str]:
        """Who is owed nothing: other tests of the run refund the others, by desks of their own."""
        rows = self.says("owed", "--limit", "10000")["bookings"]
        owed = {row["contact"] for row in rows}
        everybody = (str(FIRST + k) for k in range(1000))
        return list(islice((id_ for id_ in everybody if id_ not in owed), n))


@pytest.fixture
def counter(sandbox: Mapping[str, str], tmp_path: Path) -> Iterator[Counter]:
    desk = Desk(sandbox, tmp_path)
    made = Counter(desk, tmp_path)
    made.says("provision")
    yield made
    desk.close()


def test_a_file_of_changes_is_made_once_and_taken_back(counter: Counter) -> None:
    desk, (one, other) = counter.desk, counter.students(2)
    mail = counter.says("contact", other)["email"]
    counters: set[Counter_] = {(one, "cs_credits"), (other, "sj_credits")}
    before = desk.balances(counters)
    goal = before[other, "sj_credits"] + 4
    file = counter.file(f"{one},cs_credits,give 2,bonus", f"{mail},sj_credits,set {goal},")

    plan = counter.says("adjust", "--file", file, "--dry-run")
    done = counter.says("adjust", "--file", file, "--reason", "lift out of order", "--wait")

    assert ("adjust", "Adjust 2 balances of 2 students by 6 credits") == (
        plan["kind"],
        plan["would"],
    )
    assert {"will change": 2, "skip": 0, "blocked": 0, "excluded": 0} == plan["counts"]
    assert ("done", {"done": 2}) == (done["state"], done["counts"])
    after = {(one, "cs_credits"): before[one, "cs_credits"] + 2, (other, "sj_credits"): goal}
    counter.says("outbox", "--wait")
    assert after == desk.balances(counters) == desk.mirrored(counters)
    steps = counter.says("contact", one)["steps"]
    assert "adjustment" == steps[0]["cause"]

    undo = counter.says("undo", done["operation"], "--reason", "wrong list", "--wait")
    counter.says("outbox", "--wait")

    assert ("adjust", done["operation"], {"done": 2}) == (
        undo["kind"],
        undo["undoes"],
        undo["counts"],
    )
    assert before == desk.balances(counters) == desk.mirrored(counters)


def test_all_that_is_wrong_is_told_and_nothing_is_done(counter: Counter) -> None:
    (one,) = counter.students(1)
    file = counter.file(
        f"{one},gold,+1,", "nobody@example.test,cs_credits,+1,", f"{one},cs_credits,3,"
    )

    refused = counter.run("adjust", "--file", file, "--reason", "r")

    assert 1 == refused.exit_code
    for told in (
        "line 2: 'gold' is no credit type",
        "line 3: HubSpot has no student 'nobody@example.test'",
        "line 4: change '3' says neither",
    ):
        assert told in refused.stderr
    assert "" == refused.stdout


@pytest.mark.parametrize("options", [(), ("--contact", "1"), ("--contact", "1", "--file", "x.csv")])
def test_one_change_or_one_file_is_asked(counter: Counter, options: tuple[str, ...]) -> None:
    refused = counter.run("adjust", *options, "--reason", "r")

    assert 1 == refused.exit_code
    assert "give --contact, --credit and --change, or --file alone" in refused.stderr


def test_a_balance_does_not_go_below_nothing(counter: Counter) -> None:
    (one,) = counter.students(1)
    held = counter.desk.balances({(one, "cs_credits")})[one, "cs_credits"]
    change = ("--contact", one, "--credit", "cs_credits", "--change", f"-{held + 1}")

    (row,) = counter.says("adjust", *change, "--dry-run")["rows"]

    assert "blocked" == row["verdict"]
    assert f"the balance is {held} and {held + 1} would be taken" in row["why"]
