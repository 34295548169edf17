"""What the local stack owes its students is found to the last credit, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from scripts.processes import local_stack
from tests.crash.desk import Desk

SIZE = ("--contacts", "300", "--bookings", "1500", "--exams", "30", "--seed", "8")


def test_every_credit_that_was_planted_as_owed_is_found_and_refunded_ends_it(
    tmp_path: Path,
) -> None:
    state = tmp_path / "stack"
    state.mkdir()
    with local_stack("--port", "0", "--state", str(state), *SIZE, log=tmp_path / "log") as settings:
        desk = Desk(settings, tmp_path)
        planted = json.loads((state / "planted.json").read_text())["owed"]
        found = desk.core("owed", "--limit", "20000")
        expected = {credit: n for credit, n in planted.items() if credit != "null"}
        listed = [row for row in found["bookings"] if not row["unclear"]]
        assert expected == Counter(row["credit"] for row in listed)
        owed = Counter(row["credit"] for row in listed if row["verdict"] == "owed")
        assert owed == Counter({credit: n for credit, n in found["by_credit"].items() if n})
        others = [row for row in listed if row["verdict"] != "owed"]
        assert all(row["told"] for row in others), "somebody raised or merged these balances"
        assert len(others) < len(listed) / 10

        desk.core("provision")
        done = desk.core("refund", "--owed", "--reason", "all that is owed", "--wait", fails=None)
        rows = desk.core("owed")["bookings"]
        left = ",".join(row["booking"] for row in rows if not row["unclear"])
        plan = desk.core("refund", "--ids", left, "--dry-run")
        desk.close()

    blocked = plan["counts"]["blocked"] + plan["counts"]["skip"] - len(others)
    assert 0 == plan["counts"]["will change"]
    assert sum(done["credits"].values()) == found["owed"] - blocked > 0
