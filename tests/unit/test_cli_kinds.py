"""Each kind of operation is made from the command line, under its own name."""

from __future__ import annotations

import pytest
import typer.main
from typer.testing import CliRunner

from core.operations.verdicts import OperationKind
from tests.commands import app


@pytest.mark.parametrize("kind", list(OperationKind))
def test_each_kind_has_a_command_of_its_name_that_can_be_tried_dry(kind: OperationKind) -> None:
    command = typer.main.get_command(app)
    options = {
        option
        for parameter in command.commands[kind.value].params  # type: ignore[attr-defined]
        for option in parameter.opts
    }

    assert {"--json", "--as", "--dry-run"} <= options
    assert 0 == CliRunner().invoke(app, [kind.value, "--help"]).exit_code
