"""What commands print cannot steer a terminal, whatever HubSpot holds."""

from __future__ import annotations

import ast
import io
import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cli import ending, output
from core.cli.terminal import unforeseen
from core.credits.errors import BadList
from core.credits.log_records import keep_harmless
from core.credits.texts import harmless

CLI = Path(output.__file__).parent
TITLE = "Ada\x1b]0;owned\x07\x1b[2J\x9b31m\u202eevil\u061c\u200f"
STEERS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")

names = st.text(st.one_of(st.characters(), st.sampled_from("\x1b\x07\x9b\x08\r\u061c\u202e\u2066")))


@given(names)
def test_printed_text_has_no_control_but_line_ends_and_tabs(name: str) -> None:
    assert not STEERS.search(harmless(name))
    assert harmless(name) == harmless(harmless(name))


@given(names)
def test_json_reads_back_as_it_was(name: str) -> None:
    assert name == json.loads(harmless(json.dumps({"name": name}, ensure_ascii=False)))["name"]


@pytest.mark.parametrize("as_json", [True, False])
def test_report_with_a_hostile_name_is_harmless(
    capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    output.show({"contacts": [{"name": TITLE}], "told": TITLE}, as_json=as_json)

    said = capsys.readouterr().out
    assert "\\u001b]0;owned" in said
    assert not STEERS.search(said)


def test_no_name_makes_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    name = "Ada\nowed: 9"
    told = {"name": name, "unreadable": {"a": name}, "is": [name, {"b": name, "c": {"d": [name]}}]}
    output.show(told, as_json=False)

    line = "Ada\\nowed: 9"
    assert [
        *(f"name: {line}", f"unreadable: a {line}"),
        *("is: 2", f"  - {line}", f"  - b {line}, c (d ({line}))"),
    ] == capsys.readouterr().out.splitlines()


@pytest.fixture
def records() -> Iterator[None]:
    before = logging.getLogRecordFactory()
    keep_harmless()
    yield
    logging.setLogRecordFactory(before)


@pytest.mark.usefixtures("records")
@pytest.mark.parametrize("quoted", ["%s", "it said %r"])
def test_what_any_library_logs_is_harmless_by_any_formatter(quoted: str) -> None:
    stream = io.StringIO()
    library = logging.Logger("some library")  # noqa: LOG001 - no other test is to hear it
    library.addHandler(logging.StreamHandler(stream))
    library.error(quoted, TITLE, exc_info=ValueError(TITLE))

    assert "ValueError: Ada" in stream.getvalue()
    assert not STEERS.search(stream.getvalue())


@pytest.mark.usefixtures("records")
def test_what_is_quoted_in_a_log_forges_no_record() -> None:
    stream = io.StringIO()
    library = logging.Logger("some library")  # noqa: LOG001 - no other test is to hear it
    library.addHandler(logging.StreamHandler(stream))
    forged = "Ada\n2026-05-04 12:00:00 INFO all is well"
    library.error("%s", forged, exc_info=ValueError(forged))

    begun = [line for line in stream.getvalue().splitlines() if not line.startswith("  ")]
    assert ["Ada", "ValueError: Ada"] == begun


def test_errors_and_tracebacks_are_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(Exception, match="1"), output.told():
        raise BadList([TITLE])
    with pytest.raises(Exception, match="2"):
        ending.unfinished(TITLE)
    unforeseen(ValueError, ValueError(TITLE), None)

    said = capsys.readouterr().err
    assert 3 == said.count("\\u001b]0;owned")
    assert not STEERS.search(said)


def test_commands_print_by_the_terminal_module_alone() -> None:
    wrong = [
        f"{path.name}:{node.lineno}"
        for path in sorted(CLI.rglob("*.py"))
        if path.name != "terminal.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) in {"print", "typer.echo", "typer.secho", "sys.stderr.write"}
    ]

    assert [] == wrong
