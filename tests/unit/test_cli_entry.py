"""Commands are listed without being imported, and each is imported by its own call."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest
from rich.text import Text
from typer.core import TyperGroup
from typer.main import get_command

from core.cli import commands
from core.cli.entry import LISTED, MODULES, Commands
from core.operations.kinds.registry import kind_of
from core.operations.verdicts import OperationKind
from scripts.processes import ROOT
from tests.commands import app

#: What only asking HubSpot or Supabase, carrying work, or changing tables needs.
GATEWAYS = frozenset(
    {
        "alembic",
        "apprise",
        "cryptography",
        "dbos",
        "httpx",
        "jwt",
        "psycopg",
        "supabase",
        "core.hubspot.client",
        "core.mirror.supabase.client",
    }
)
#: What only planning and carrying operations, pages, the API or a worker need.
DESK = frozenset(
    {
        "core.app.assembly",
        "core.app.wiring",
        "core.cli.operating",
        "core.drift.sweep",
        "core.exports",
        "core.health.overview",
        "core.operations.approve",
        "core.operations.choosing.plan",
        "core.operations.commands",
        "core.operations.owed.find",
        "core.operations.protocol.write",
        "core.operations.runner",
        "core.workers.engine",
        "core.workers.scheduler",
    }
)
#: What no list of commands needs.
CORE = frozenset({"core.app", "core.operations", "core.settings", "pydantic", "sqlalchemy"})
TRIED = """
import json, sys
from core.cli.entry import Commands
args = json.loads(sys.argv[1])
Commands()(args, prog_name="python -m core", standalone_mode=False)
print(json.dumps(sorted(sys.modules)))
"""


def imported(args: list[str], env: Mapping[str, str]) -> set[str]:
    """By a process of its own that has run this command."""
    done = subprocess.run(
        [sys.executable, "-c", TRIED, json.dumps(args)],
        cwd=ROOT,
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """The settings of a desk whose store is up to date; nobody answers as HubSpot or Supabase."""
    nobody = "http://127.0.0.1:9"
    store: Path = tmp_path_factory.mktemp("desk") / "desk.sqlite"
    settings = {
        "HUBSPOT_BASE_URL": nobody,
        "HUBSPOT_TOKEN": "pat-test",
        "SUPABASE_URL": nobody,
        "SUPABASE_SERVICE_ROLE_KEY": "service-role-key",
        "OPS_DATABASE_URL": f"sqlite:///{store}",
        "CREDIT_DESK_ADMINS": "admin@example.test",
    }
    assert "alembic" in imported(["operations", "--json"], settings), "tables are made by it"
    return settings


def test_the_list_is_made_of_what_the_commands_say_of_themselves() -> None:
    made = get_command(app)
    assert isinstance(made, TyperGroup)
    first = {
        name: inspect.cleandoc(command.help or "").split("\n\n")[0].replace("\n", " ")
        for name, command in made.commands.items()
    }

    assert first == {name: line for names in LISTED.values() for name, line in names.items()}


def test_every_module_of_commands_is_in_the_list() -> None:
    found = walk_packages(commands.__path__, f"{commands.__name__}.")

    assert {each.name for each in found if not each.ispkg} == {
        module for module in MODULES.values() if module.startswith(f"{commands.__name__}.")
    }


def test_help_imports_no_command() -> None:
    modules = imported(["--help"], {})

    assert set() == (GATEWAYS | CORE) & modules
    assert not [each for each in modules if each.startswith("core.cli.commands.")]


def test_a_command_that_reads_the_journal_imports_no_other_and_no_gateway(
    desk: Mapping[str, str],
) -> None:
    modules = imported(["operations", "--json"], desk)

    assert set() == (GATEWAYS | DESK) & modules
    assert ["core.cli.commands.operations"] == [
        each for each in modules if each.startswith("core.cli.commands.")
    ]


def test_what_a_command_that_reads_leaves_out_is_there_to_be_imported() -> None:
    """Else it would be looked for under a name that it has no more."""
    assert [] == [each for each in DESK if find_spec(each) is None]


@pytest.mark.parametrize("begun", ["disable", "enable"])
def test_cycles_are_looked_for_when_the_store_is_open_but_not_in_what_was_imported(
    desk: Mapping[str, str], begun: str
) -> None:
    """A worker goes on for months, and must not keep what it lets go."""
    tried = f"""
import gc, json, sys
gc.{begun}()
from core.cli.opened_store import opened
with opened():
    print(json.dumps([gc.isenabled(), gc.get_freeze_count() > 0]))
"""
    done = subprocess.run(
        [sys.executable, "-c", tried],
        cwd=ROOT,
        env={**os.environ, **desk},
        capture_output=True,
        text=True,
        check=True,
    )

    assert [True, begun == "disable"] == json.loads(done.stdout)


def test_what_an_operation_needs_is_loaded_and_cycles_are_looked_for_again(
    desk: Mapping[str, str],
) -> None:
    tried = """
import gc, json, sys, threading
from core.cli.opened_store import opened
with opened() as runtime:
    runtime.load_ahead()
    made = "core.hubspot.client" in sys.modules
    for thread in threading.enumerate():
        if thread.name == "load":
            thread.join()
    print(json.dumps([made, "dbos" in sys.modules, "supabase" in sys.modules, gc.isenabled()]))
"""
    done = subprocess.run(
        [sys.executable, "-c", tried],
        cwd=ROOT,
        env={**os.environ, **desk},
        capture_output=True,
        text=True,
        check=True,
    )

    assert [True, True, True, True] == json.loads(done.stdout)


def test_what_is_no_command_is_told_with_what_may_have_been_meant() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "core", "cancle"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert 1 == done.returncode
    assert "No such command 'cancle'. Did you mean 'cancel'" in done.stderr


@pytest.mark.parametrize(
    ("args", "told"),
    [
        (["operation"], "Missing argument"),
        (["operations", "--wrong"], "No such option"),
        (["cancel", "--timeout", "soon"], "Invalid value"),
        (["roles", "grnat"], "No such command"),
        (["--wrong"], "No such option"),
    ],
    ids=" ".join,
)
def test_what_is_typed_wrong_is_refused_and_not_called_done(
    args: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        Commands()(args, prog_name="python -m core")

    assert 1 == ended.value.code
    assert told in capsys.readouterr().err


def described(command: Any) -> Iterator[str]:
    """What a command, its options and the commands within it say of themselves."""
    yield command.help or ""
    yield from (getattr(each, "help", None) or "" for each in command.params)
    for within in getattr(command, "commands", {}).values():
        yield from described(within)


def test_no_help_has_brackets_that_the_terminal_takes_for_its_own() -> None:
    """Typer prints help by rich, which leaves out what it takes for a style."""
    for text in [*described(get_command(app)), *described(Commands())]:
        assert text == Text.from_markup(text).plain


@pytest.mark.parametrize("replaced", ["mirror", "truth", "somebody's eyes"])
def test_help_calls_the_two_stores_by_their_names(replaced: str) -> None:
    for text in [*described(get_command(app)), *described(Commands())]:
        assert replaced not in text.lower()


def test_undo_names_every_kind_that_it_undoes() -> None:
    undone = {kind for kind in OperationKind if not kind_of(kind).words.not_undone}

    assert {OperationKind.REFUND, OperationKind.ADJUST} == undone
    assert "a refund or an adjustment" in LISTED["operating"]["undo"]
