"""Cancelling without refund, and exports, from the command line over the real stack."""

from __future__ import annotations

import csv
from pathlib import Path

from core.cli.commands import audit, exporting  # noqa: F401 - they add their commands
from tests.contract.cli.test_undoing import Counter, counter  # noqa: F401 - the fixture
from tests.crash.desk import BOOKINGS, Counter_

KEPT = ("is_active", "credit_forfeited", "token_refunded")


def test_a_kept_credit_is_never_owed_until_it_is_given_back_on_purpose(
    counter: Counter,  # noqa: F811
) -> None:
    desk = counter.desk
    id_ = desk.active_bookings(1)[0]
    (row,) = counter.says("forfeit", "--ids", id_, "--dry-run")["rows"]
    counters: set[Counter_] = {(row["contact"], row["credit"])}
    before = desk.balances(counters)

    done = counter.says("cancel", "--forfeit", "--ids", id_, "--reason", "no-show", "--wait")
    held = desk.objects(BOOKINGS, [id_], KEPT)[id_]
    owed = counter.says("owed", "--limit", "5000")
    plain = counter.says("refund", "--ids", id_, "--dry-run")

    assert ({"done": 1}, {}) == (done["counts"], done["credits"])
    assert "Cancelled" == held["is_active"]
    assert held["credit_forfeited"].endswith(": no-show")
    assert before == desk.balances(counters)
    (row,) = [row for row in owed["bookings"] if row["booking"] == id_]
    assert "credit kept on purpose" == row["verdict"]
    assert {"blocked": 1} == {verdict: n for verdict, n in plain["counts"].items() if n}

    back = counter.says(
        "refund", "--ids", id_, "--include-forfeited", "--reason", "a mistake", "--wait"
    )
    held = desk.objects(BOOKINGS, [id_], KEPT)[id_]

    assert {"done": 1} == back["counts"]
    assert ("true", "") == (held["token_refunded"], held["credit_forfeited"] or "")
    assert {one: n + 1 for one, n in before.items()} == desk.balances(counters)


def test_each_list_is_written_whole_and_recorded(
    counter: Counter,  # noqa: F811
    tmp_path: Path,
) -> None:
    for name in ("students", "exams", "operations", "owed", "audit"):
        file = tmp_path / f"{name}.csv"
        told = counter.says("export", name, "--csv", str(file))
        with file.open(encoding="utf-8-sig", newline="") as lines:
            rows = list(csv.DictReader(lines))
        assert told["written"] == len(rows), name
        assert rows or name == "operations"
    entries = counter.says("audit", "--what", "exported a list")["entries"]
    assert 5 == len(entries)
    assert 1 == counter.run("export", "secrets", "--csv", str(tmp_path / "x.csv")).exit_code
