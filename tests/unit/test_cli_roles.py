"""The command line acts as a person: what their role does not allow is refused there too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner, Result

from core.access.identities import Account
from core.app import journal_services, wiring
from core.app.journal_services import Opened
from core.credits.roles import Role
from core.health.store_report import StoreReport
from core.operations.approval_rules import SecondAdmin
from core.work.work import parted
from tests.commands import app
from tests.unit.services.desk import ADMIN, TestDesk

WHO = {role: f"{role}@example.test" for role in Role}
DESK = {Role.STAFF, Role.ADMIN}
WATCHERS = {Role.MANAGER, Role.ADMIN}
ADMINS = {Role.ADMIN}

#: Each command that acts as somebody, with the roles that may; "OP" is an operation.
COMMANDS = [
    ("cancel --ids 51 --reason r", DESK),
    ("cancel --ids 51,52 --reason r", ADMINS),
    ("cancel --exam 70 --dry-run", ADMINS),
    ("forfeit --ids 51 --reason r", ADMINS),
    ("cancel --forfeit --ids 51 --dry-run", ADMINS),
    ("export exams --csv /dev/null", set(Role)),
    ("export operations --csv /dev/null", WATCHERS),
    ("export students --csv /dev/null", ADMINS),
    ("refund --ids 53 --reason r", ADMINS),
    ("adjust --contact 1 --credit cs_credits --change +1 --reason r", ADMINS),
    ("adjust --contact 1 --credit cs_credits --change =0 --dry-run", ADMINS),
    ("correct OP", ADMINS),
    ("move --ids 51 --to 71 --dry-run", DESK),
    ("move --ids 51,52 --to 71 --dry-run", ADMINS),
    ("move --exam 70 --to 71 --dry-run", ADMINS),
    ("undo OP --reason r", ADMINS),
    ("undo OP --dry-run", ADMINS),
    ("stop OP", ADMINS),
    ("retry OP", ADMINS),
    ("retry OP --blocked --dry-run", ADMINS),
    ("dismiss OP --reason seen", ADMINS),
    ("approve OP", ADMINS),
    ("decide OP w1 --landed --why seen", ADMINS),
    ("operation OP --history", WATCHERS),
    ("tell OP", WATCHERS),
    ("tell OP --again", ADMINS),
    ("book --contact 2 --exam 70 --hand Left --dry-run", DESK),
    ("book --contact 2 --exam 70 --hand Left --override --dry-run", ADMINS),
    ("contact 1", set(Role)),
    ("exams", set(Role)),
    ("activate", ADMINS),
    ("activate --dry-run", set(Role)),
    ("recount --exam 70", ADMINS),
    ("cancel-exam 70 --dry-run", ADMINS),
    ("cancel-exam 70 --reason r", ADMINS),
    ("cancel-exam 70 --give-back --dry-run", ADMINS),
    ("cancel-exam 70 --keep --reason r", ADMINS),
    ("reopen-exam 70 --reason r", ADMINS),
    ("copy", ADMINS),
    ("sweep --full", WATCHERS),
    ("repair --id 1", ADMINS),
    ("repair --id 1 --dry-run", WATCHERS),
    ("outbox --retry", ADMINS),
    ("owed", WATCHERS),
    ("baseline", set(Role)),
    ("baseline --before 2026-01-01T08:00 --reason settled", ADMINS),
    ("baseline --withdraw --reason wrong", ADMINS),
    ("not-owed --ids 53 --reason forfeited", ADMINS),
    ("still-owed --ids 53 --reason promised", ADMINS),
    ("overview", WATCHERS),
    ("trends --days 7", WATCHERS),
    ("forget --before 2026-01-01", ADMINS),
    ("audit verify", WATCHERS),
    ("keys list", ADMINS),
    ("keys make app --scope read", ADMINS),
    ("keys withdraw k1", ADMINS),
    ("keys withdraw-all", ADMINS),
    ("provision", ADMINS),
    ("desks", WATCHERS),
    ("takeover --reason gone", ADMINS),
    ("takeover --dry-run", ADMINS),
    ("roles list", ADMINS),
    ("roles grant x@example.test=admin", ADMINS),
    ("roles withdraw staff@example.test", ADMINS),
    ("roles approve x@example.test", ADMINS),
    ("roles refuse x@example.test", ADMINS),
    ("roles accept x@example.test", ADMINS),
]
#: Commands of whoever holds the settings: they act as nobody.
OF_NOBODY = {"doctor", "worker", "operations", "restored", "hubspot-app", "mirror-sql"}


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> TestDesk:
    made = TestDesk()
    for id_ in ("1", "2"):
        made.crm.add_contact(id_, {"cs_credits": 2, "sj_credits": 1})
    made.booked("51", "1", status="Active")
    made.booked("52", "2", status="Active")
    made.booked("53", "1")
    for role in (Role.STAFF, Role.MANAGER, Role.ADMIN):
        made.core.access.grant(WHO[role], role, ADMIN)
    serve(made, monkeypatch)
    return made


def serve(made: TestDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands act on this desk."""

    @contextmanager
    def opened() -> Iterator[Any]:
        yield SimpleNamespace(
            core=made.core,
            diagnosing=made.doctor(),
            store=StoreReport(made.journal, "sqlite:///desk.sqlite"),
            load_ahead=lambda: None,
            start=lambda: _work(made),
        )

    @contextmanager
    def opened_journal() -> Iterator[Opened]:
        core = made.core
        services = journal_services.JournalServices(
            access=core.access,
            access_log=core.access_log,
            operation_queries=core.operation_queries,
            rationing=core.student_names.rationing,
            shown=made.journal,
            counts=core.operation_queries.counts,
            kept_plans=core.operation_queries.plans,
            now=core.operation_commands.now,
        )
        yield Opened(services=services, store=StoreReport(made.journal, "sqlite:///desk.sqlite"))

    monkeypatch.setattr(wiring, "opened", opened)
    monkeypatch.setattr(journal_services, "opened", opened_journal)


def _work(made: TestDesk) -> None:
    """As a worker would, which the command has become."""
    for key in made.engine.submitted:
        made.carry_on(*parted(key))


def run(desk: TestDesk, command: str, role: Role) -> Result:
    if "OP" in command:
        command = command.replace("OP", desk.confirm("53").id)
    return CliRunner().invoke(app, [*command.split(), "--as", WHO[role], "--json"])


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize(("command", "roles"), COMMANDS, ids=[name for name, _ in COMMANDS])
def test_a_command_does_what_the_role_of_its_person_allows(
    desk: TestDesk, command: str, roles: set[Role], role: Role
) -> None:
    done = run(desk, command, role)

    refused = f"is {role} and may not" in done.stderr
    assert refused == (role not in roles), done.stderr
    assert 1 == done.exit_code or not refused
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", [name for name, _ in COMMANDS])
def test_a_stranger_is_refused_every_command(desk: TestDesk, command: str) -> None:
    if "OP" in command:
        command = command.replace("OP", desk.confirm("53").id)
    done = CliRunner().invoke(app, [*command.split(), "--as", "eve@example.test"])

    assert 1 == done.exit_code
    assert "eve@example.test has no role here. Ask an admin" in done.stderr


def test_every_command_stands_in_one_of_the_two_lists() -> None:
    all_ = set(_named(get_command(app)))
    known = {next(_of(command, all_), command) for command, _ in COMMANDS} | OF_NOBODY

    assert known == all_


def _named(command: Any, name: str = "") -> Iterator[str]:
    """What a person types, of each command within this one."""
    for word, each in getattr(command, "commands", {}).items():
        yield from _named(each, f"{name} {word}".strip())
    if not getattr(command, "commands", {}):
        yield name


def _of(typed: str, all_: set[str]) -> Iterator[str]:
    return (name for name in all_ if f"{typed} ".startswith(f"{name} "))


def ask(*command: str) -> Any:
    done = CliRunner().invoke(app, [*command, "--json"])
    assert 0 == done.exit_code, done.stderr
    return json.loads(done.stdout)


def test_a_new_admin_is_asked_for_by_one_command_and_approved_by_another_admins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two = TestDesk(second=SecondAdmin(for_admins=True), admins=[ADMIN.email, "dee@example.test"])
    serve(two, monkeypatch)
    alias = "dee+two@example.test"

    asked = ask("roles", "grant", f"{alias}=admin", "ben@example.test=staff")
    assert {"ben@example.test": "staff"} == asked["granted"]
    assert {alias: "admin"} == asked["awaiting_another_admin"]
    assert {alias: "dee@example.test"} == asked["same_mailbox_as"]
    [waiting] = ask("roles", "list")["awaiting_another_admin"]
    assert (alias, ADMIN.email) == (waiting["email"], waiting["by"])
    own = CliRunner().invoke(app, ["roles", "approve", alias])
    assert (1, True) == (own.exit_code, "another admin has to approve it" in own.stderr)

    assert {alias: "admin"} == ask("roles", "approve", alias, "--as", "dee@example.test")["granted"]
    assert Role.ADMIN is two.journal.granted(alias)
    ask("roles", "grant", "eve@example.test=admin")
    assert {"eve@example.test": "admin"} == ask("roles", "refuse", "eve@example.test")["refused"]


def test_another_account_is_accepted_by_a_command(desk: TestDesk) -> None:
    """The way in when the provider was changed and no admin can sign in."""
    account = Account(issuer="https://id.example.test", subject="1")
    for subject in ("1", "2"):
        desk.journal.meet_account(ADMIN.email, replace(account, subject=subject), at=desk.time)
    assert "2" == ask("roles", "list")["other_accounts"][0]["subject"]

    assert "2" == ask("roles", "accept", ADMIN.email)["accepted"]["subject"]

    known = desk.journal.account(ADMIN.email)
    assert known is not None
    assert ("2", None) == (known.subject, known.other)
