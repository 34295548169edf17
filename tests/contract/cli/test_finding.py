"""Operations that are looked for from the command line, over the local stack."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta

import pytest

from core.app.stores import SqlJournal
from core.cli.commands import lookup  # noqa: F401 - adds its commands
from core.operations.verdicts import OperationKind
from tests.contract.cli.test_messages import Run, run, settings
from tests.contract.journal.given import NOW, item, operation

__all__ = ["run", "settings"]  # fixtures

ANN = "ann@example.test"


@pytest.fixture
def journal(settings: Mapping[str, str]) -> SqlJournal:
    """A cancellation, and a refund of the next day."""
    made = SqlJournal(settings["OPS_DATABASE_URL"], admins=["admin@example.test"])
    made.confirm(operation("cancelled"), [item(0, operation_id="cancelled", exam_id="71")])
    refund = operation(
        "refunded",
        kind=OperationKind.REFUND,
        confirmed_at=NOW + timedelta(days=1),
        confirmed_by=ANN,
        reason="Snow",
        selection="student 7",
    )
    made.confirm(refund, [item(0, operation_id="refunded")])
    made.close()
    return made


@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], ["refunded", "cancelled"]),
        (["--by", "ann"], ["refunded"]),
        (["--by", "admin@example.test"], ["cancelled"]),
        (["--since", "2026-05-05"], ["refunded"]),
        (["--until", "2026-05-05"], ["cancelled"]),
        (["--kind", "refund", "--kind", "move"], ["refunded"]),
        (["--state", "held"], ["refunded", "cancelled"]),
        (["--state", "done"], []),
        (["--exam", "71"], ["cancelled"]),
        (["--words", "snow"], ["refunded"]),
        (["--words", "clinical"], ["cancelled"]),
        (["--by", "ann", "--words", "clinical"], []),
        (["--limit", "1"], ["refunded"]),
    ],
)
def test_operations_are_found_by_each_option(
    run: Run, journal: SqlJournal, options: list[str], found: list[str]
) -> None:
    report = json.loads(run("operations", *options, "--json").stdout)

    assert found == [one["operation"] for one in report["operations"]]


def test_a_word_that_is_no_kind_or_state_is_told_with_those_there_are(run: Run) -> None:
    kind, state = run("operations", "--kind", "gift"), run("operations", "--state", "gone")

    assert (1, 1) == (kind.returncode, state.returncode)
    assert "'gift' is no kind: adjust, book, cancel" in kind.stderr
    assert "'gone' is no state: awaiting approval" in state.stderr


def test_what_is_confirmed_over_the_same_rows_is_told_at_a_dry_run(run: Run) -> None:
    """No worker runs here: what is confirmed stays held."""
    exams = json.loads(run("exams", "--json").stdout)["exams"]
    exam = next(each["exam"] for each in exams if each["active"])
    alone = json.loads(run("cancel", "--exam", exam, "--dry-run", "--json").stdout)
    done = run("cancel", "--exam", exam, "--reason", "Snow", "--json")
    assert not done.returncode, done.stderr
    confirmed = json.loads(done.stdout)

    again = json.loads(run("cancel", "--exam", exam, "--dry-run", "--json").stdout)

    assert "also_planned" not in alone
    (other,) = again["also_planned"]
    assert (confirmed["operation"], "admin@example.test", "held") == (
        other["operation"],
        other["by"],
        other["state"],
    )
    assert again["counts"]["will change"] == other["rows"]
