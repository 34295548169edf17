"""How commands end that went and left something: the report, one line why, exit code 2."""

from __future__ import annotations

import json
import os
import signal
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from core.app import wiring
from core.credits.records import Kind
from core.credits.roles import Role
from core.health.fitness import Fitness
from core.health.store_report import StoreReport
from core.operations.states import ItemState, OperationState
from core.operations.verdicts import OperationKind
from tests.commands import app
from tests.fakes.crm import Fault, Request
from tests.unit.services.desk import TestDesk
from tests.unit.test_cli_roles import WHO, desk

__all__ = ["desk"]  # a fixture


def run(*args: str, role: Role = Role.ADMIN) -> Result:
    return CliRunner().invoke(app, [*args, "--as", WHO[role], "--json"])


def why(done: Result) -> str:
    """What is on stderr below the line that names the store."""
    return "".join(
        line for line in done.stderr.splitlines(keepends=True) if not line.startswith("store: ")
    )


def report(done: Result) -> dict[str, Any]:
    return dict(json.loads(done.stdout))


@pytest.fixture
def too_few(desk: TestDesk) -> TestDesk:
    """The exam says that it holds one; three of its bookings are about to be cancelled."""
    desk.booked("54", "2", status="Active")
    desk.crm.foreign_write(Kind.EXAM, "70", {"total_bookings": 1})
    return desk


def test_a_seat_count_that_was_refused_is_a_warning_with_the_next_step(too_few: TestDesk) -> None:
    done = run("cancel", "--ids", "51,52,54", "--reason", "r", "--wait")

    told = report(done)
    assert (2, "done", {"done": 3}, []) == (
        done.exit_code,
        told["state"],
        told["counts"],
        told["needs_eyes"],
    )
    (warning,) = told["warnings"]
    assert "exam 70 was not counted down" in warning["told"]
    assert "python -m core recount --exam 70" == warning["next_step"]
    (line,) = why(done).splitlines()
    assert line.startswith("1 thing was left undone: exam 70 was not counted down")
    assert line.endswith("Next: python -m core recount --exam 70")
    assert 1 == too_few.crm.balance(Kind.EXAM, "70", "total_bookings"), "never below its bookings"


def test_a_note_that_was_refused_is_a_warning(desk: TestDesk) -> None:
    sent: list[Request] = []

    def refused(asked: Request) -> Fault:
        """The credit goes first, the note after it."""
        if not (asked.changes and asked.kind is Kind.CONTACT):
            return Fault.NONE
        sent.append(asked)
        return Fault.REFUSED if len(sent) > 1 else Fault.NONE

    desk.crm.sending = refused

    done = run("cancel", "--ids", "51", "--reason", "r", "--wait")

    assert 2 == done.exit_code
    assert ["note"] == [warning["about"] for warning in report(done)["warnings"]]
    assert "no note on contact 1" in done.stderr


def test_a_write_that_could_not_be_checked_is_a_warning(desk: TestDesk) -> None:
    desk.time += timedelta(hours=1)

    def hide(request: Request) -> None:
        if request.changes:
            desk.crm.unreadable_histories.add("1")

    desk.crm.answered = hide
    done = run("refund", "--ids", "53", "--reason", "r", "--wait")

    assert 2 == done.exit_code
    (warning,) = report(done)["warnings"]
    assert ("check", "1") == (warning["about"], warning["record"])
    assert warning["told"].startswith("contact 1: not verified: ")


def test_what_went_well_ends_with_nothing_but_the_store_on_stderr(desk: TestDesk) -> None:
    done = run("cancel", "--ids", "51", "--reason", "r", "--wait")

    assert (0, "", []) == (done.exit_code, why(done), report(done)["warnings"])


def test_an_interrupted_wait_says_that_the_operation_continues_and_how_to_end_it(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("core.cli.operating.time.sleep", interrupted)
    monkeypatch.setattr("tests.unit.test_cli_roles._work", lambda _made: None)

    done = run("refund", "--ids", "53", "--reason", "r", "--wait")

    (operation,) = desk.journal.operations()
    assert 130 == done.exit_code
    assert (
        f"interrupted, but operation {operation.id} is confirmed: it continues when a worker runs. "
        f"To end it: python -m core stop {operation.id}\n"
    ) == why(done)
    stopped = report(run("stop", operation.id))
    assert ("called off", {}) == (stopped["state"], stopped["credits"])


def test_a_refund_of_which_nothing_would_change_says_why(desk: TestDesk) -> None:
    done = run("refund", "--ids", "51,52,99", "--reason", "r")

    assert 1 == done.exit_code
    assert (
        "nothing in this plan would change: not cancelled, so nothing is owed (2), "
        "no such booking in HubSpot (1)\n"
    ) == why(done)
    assert [] == desk.journal.operations()


def test_a_recount_that_was_refused_says_so(too_few: TestDesk) -> None:
    def refused(asked: Request) -> Fault:
        return Fault.REFUSED if asked.changes and asked.kind is Kind.EXAM else Fault.NONE

    too_few.crm.sending = refused

    done = run("recount", "--exam", "70", "--wait")

    assert 2 == done.exit_code
    assert "exam 70 was not counted anew: HubSpot refused" in done.stderr
    assert "python -m core recount --exam 70" == report(done)["warnings"][0]["next_step"]


def test_a_retry_that_leaves_something_ends_as_the_first_try_did(desk: TestDesk) -> None:
    operation = desk.confirm("53")
    desk.crm.archive(Kind.CONTACT, "1")
    desk.carry(operation)

    done = run("retry", operation.id, "--wait")

    assert 2 == done.exit_code
    assert ItemState.BLOCKED == report(done)["needs_eyes"][0]["state"]
    assert why(done).startswith("1 booking needs a look: ")


def test_days_between_an_operation_and_its_retry_are_not_its_seconds(desk: TestDesk) -> None:
    operation = desk.confirm("53")
    desk.crm.archive(Kind.CONTACT, "1")
    desk.carry(operation)
    desk.time += timedelta(days=10)
    retried = desk.time
    done = run("retry", operation.id, "--wait")
    took = (desk.journal.operation(operation.id).ended_at or desk.time) - retried

    (listed,) = report(run("operations"))["operations"]

    assert took < timedelta(minutes=10)
    assert took.total_seconds() == listed["seconds"] == report(done)["seconds"]
    assert listed["seconds"] == report(run("operation", operation.id))["seconds"]


@pytest.mark.parametrize("command", ["retry", "recount"])
def test_what_waits_for_a_worker_says_how_to_get_one(desk: TestDesk, command: str) -> None:
    operation = desk.confirm("53")
    desk.crm.archive(Kind.CONTACT, "1")
    desk.carry(operation)
    args = {"retry": ["retry", operation.id], "recount": ["recount", "--exam", "70"]}[command]

    done = run(*args)

    assert 0 == done.exit_code, done.stderr
    assert "no worker is running" in report(done)["next_step"]


def test_stopping_says_that_a_worker_is_to_finish_and_nothing_once_it_is_called_off(
    desk: TestDesk,
) -> None:
    begun, held = desk.confirm("53"), desk.confirm("51", kind=OperationKind.CANCEL)
    desk.journal.move(begun.id, OperationState.RUNNING, at=desk.time, actor="")

    assert "no worker is running" in report(run("stop", begun.id))["next_step"]
    assert "" == report(run("stop", held.id))["next_step"]


def test_a_student_who_is_gone_is_told_on_stderr(desk: TestDesk) -> None:
    desk.crm.archive(Kind.CONTACT, "1")

    archived, unknown = run("contact", "1"), run("contact", "424242")

    assert (2, "archived") == (archived.exit_code, report(archived)["gone"])
    assert "contact 1 is archived in HubSpot, where it can be restored\n" == why(archived)
    assert (2, "HubSpot knows no contact 424242\n") == (unknown.exit_code, why(unknown))


@pytest.mark.parametrize("query", ["", "  ", "a"])
def test_nobody_is_looked_for_by_less_than_two_letters(desk: TestDesk, query: str) -> None:
    done = run("contact", query)

    assert 1 == done.exit_code
    assert "say whom to look for: at least 2 letters, or an id\n" == why(done)


def test_copies_that_stay_due_are_told_on_stderr(desk: TestDesk) -> None:
    desk.run("53")

    done = run("outbox", "--wait", "--timeout", "0")

    assert 2 == done.exit_code
    assert "still pending, 0 failed" in done.stderr


def test_an_exam_that_could_not_be_opened_is_told_on_stderr(desk: TestDesk) -> None:
    desk.crm.add_exam(
        "71", 0, mock_type="Clinical Skills", is_active="scheduled",
        scheduled_activation_datetime="2026-05-01T09:00:00Z",
    )  # fmt: skip
    desk.crm.sending = lambda asked: Fault.REFUSED if asked.changes else Fault.NONE

    done = run("activate")

    assert 2 == done.exit_code
    assert why(done).startswith("1 not activated, exam 71 first: ")


def test_a_record_that_nobody_has_is_not_repaired_but_told(desk: TestDesk) -> None:
    done = run("repair", "--id", "nope")

    assert (1, "") == (done.exit_code, done.stdout)
    assert "neither HubSpot nor Supabase has a record nope\n" == why(done)


def test_a_decision_says_how_it_is_known(desk: TestDesk) -> None:
    done = run("decide", desk.run("53").id, "w1", "--landed", "--why", " ")

    assert (1, "say how you know: it is kept with the decision\n") == (done.exit_code, why(done))


def test_all_faults_of_a_key_are_told_at_once(desk: TestDesk) -> None:
    done = run("keys", "make", "BAD name", "--scope", "x", "--until", "tomorrow")

    assert 1 == done.exit_code
    for fault in ("'BAD name' is no name", "'x': no scope", "--until 'tomorrow'"):
        assert fault in done.stderr


def test_a_last_day_that_no_day_follows_is_told_like_any_other_slip(desk: TestDesk) -> None:
    done = run("keys", "make", "app", "--scope", "read", "--until", "9999-12-31")
    assert (1, True) == (done.exit_code, "or never" in why(done))

    done = run("baseline", "--before", "0001-01-01T00:00+14:00", "--dry-run")
    assert (1, True) == (done.exit_code, "is no time" in why(done))


def test_exams_of_the_last_days_that_there_are_can_be_asked_for(desk: TestDesk) -> None:
    done = run("exams", "--since", "9999-12-31")

    assert (0, []) == (done.exit_code, report(done)["exams"])


@pytest.mark.parametrize(
    ("command", "ends", "said"),
    [
        ("operations --limit", 2, "--limit"),
        ("operation some --rows --from", 2, "--from"),
        ("audit verify --since", 2, "--since"),
        ("keys make app --scope read --writes-a-day", 1, "from 1 to 1,000,000 a day"),
    ],
)
def test_what_no_store_can_count_to_is_told_like_any_other_slip(
    desk: TestDesk, command: str, ends: int, said: str
) -> None:
    done = run(*command.split(), "99999999999999999999")

    assert (ends, True) == (done.exit_code, said in done.stderr)


@pytest.mark.parametrize("command", ["outbox --wait", "recount --exam 70 --wait", "sweep"])
@pytest.mark.parametrize("seconds", ["nan", "inf", "1e20", "-1"])
def test_nobody_waits_until_no_clock_goes_on(desk: TestDesk, command: str, seconds: str) -> None:
    done = run(*command.split(), "--timeout", seconds)

    assert (2, True) == (done.exit_code, "--timeout" in done.stderr)


def test_who_was_given_a_role_before_another_is_refused_is_told(desk: TestDesk) -> None:
    done = run("roles", "grant", "new@b.test=staff", "notmail=staff", "last@b.test=staff")

    assert (1, "'notmail' is not an e-mail address\n") == (done.exit_code, why(done))
    assert {"new@b.test": "staff"} == report(done)["granted"]
    given = {person["email"] for person in report(run("roles", "list"))["people"]}
    assert (True, False) == ("new@b.test" in given, "last@b.test" in given)


def test_a_file_that_cannot_be_read_is_named_before_what_is_wrong_with_it(
    desk: TestDesk, tmp_path: Path
) -> None:
    done = run("refund", "--bookings", str(tmp_path), "--dry-run")

    assert (1, f"{tmp_path}: Is a directory\n") == (done.exit_code, why(done))


@pytest.mark.parametrize(
    ("held", "said"),
    [
        (b"", "holds no heads"),
        (b" \n", "holds no heads"),
        (bytes(range(128, 256)), "line 1 of the shipped heads is no head"),
        ("no head".encode("utf-16"), "line 1 of the shipped heads is no head"),
    ],
)
def test_a_file_without_one_head_proves_nothing(
    desk: TestDesk, tmp_path: Path, held: bytes, said: str
) -> None:
    kept = tmp_path / "kept.jsonl"
    kept.write_bytes(held)

    done = run("audit", "verify", "--heads", str(kept))
    assert (1, True) == (done.exit_code, said in why(done)), done.output


def test_a_preview_of_closing_an_exam_looks_at_it(desk: TestDesk) -> None:
    assert "70" == report(run("cancel-exam", "70", "--dry-run"))["exam"]

    done = run("cancel-exam", "999", "--dry-run")
    assert (1, "", "HubSpot has no exam 999\n") == (done.exit_code, done.stdout, why(done))


def test_who_is_refused_reads_whom_to_ask(desk: TestDesk) -> None:
    done = run("refund", "--ids", "53", "--reason", "r", role=Role.MANAGER)

    assert 1 == done.exit_code
    assert "An admin (ann@example.test, admin@example.test) may, or can give" in done.stderr


def test_a_worker_that_is_told_to_stop_prints_what_it_was(
    desk: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told so the moment it has started."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    runtime = SimpleNamespace(
        core=desk.core,
        store=StoreReport(desk.journal, "sqlite:///desk.sqlite"),
        start=lambda: signal.raise_signal(signal.SIGTERM),
        stop=lambda *, grace_s: None,
        fitness=Fitness(),
    )
    monkeypatch.setattr(wiring, "opened", lambda: nullcontext(runtime))
    try:
        done = CliRunner().invoke(app, ["worker", "--json"])
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)

    assert 0 == done.exit_code, done.stderr
    assert os.getpid() == report(done)["pid"]
    assert {"host", "pid", "seconds", "store"} == set(report(done))
