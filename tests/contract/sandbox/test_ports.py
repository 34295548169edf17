"""Ports that are chosen now and bound seconds later, while other runs choose theirs."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import pytest

from sandbox import cli, ports
from sandbox.processes import HOST, SandboxError

ROOT = Path(__file__).resolve().parents[3]
#: Chooses one of these, tells which, and lives until it is killed.
RUN = """
import sys
from sandbox import cli, ports
ports.ANY = [int(port) for port in sys.argv[1:]]
print(ports.any_free(), flush=True)
sys.stdin.read()
"""


@contextmanager
def run(of: Sequence[int], folder: Path) -> Iterator[int]:
    """The port that a run chooses; it is killed in the end."""
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, *map(str, of)],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def test_no_two_runs_choose_one_port_and_a_killed_one_lets_go_of_its_own(tmp_path: Path) -> None:
    # ours, so that nobody else takes them meanwhile; by their folder these runs know nothing of it
    three = [ports.any_free() for _ in range(3)]
    with ExitStack() as living:
        chosen = [living.enter_context(run(three, tmp_path)) for _ in range(2)]
        with run(three, tmp_path) as last:
            assert set(three) == {*chosen, last}

        assert last == living.enter_context(run(three, tmp_path))


def test_a_port_asked_for_by_number_is_given_to_no_other_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with closing(socket.socket()) as probe:
        probe.bind((HOST, 0))
        asked = probe.getsockname()[1]
    offered = [asked]
    choice = random.choice
    monkeypatch.setattr(
        random, "choice", lambda ports_: offered.pop() if offered else choice(ports_)
    )

    chosen = ports.choose({"any": 0, "asked": asked}, {})

    assert ([], asked) == (offered, chosen["asked"])
    assert asked != chosen["any"]


def test_the_ports_of_the_last_start_come_first() -> None:
    last = ports.choose({"one": 0, "two": 0}, {})

    assert last == ports.choose({"one": 0, "two": 0}, last)
    assert 2 == len(set(last.values()))


def test_a_port_that_somebody_has_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "PATIENCE_S", 0.0)
    with closing(socket.socket()) as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(SandboxError, match=f"port {port}, for hubspot, is taken"):
            ports.choose({"hubspot": port}, {})


def test_the_last_of_four_ports_in_a_row_must_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = cli.main(["up", "--port", "65533", "--state", str(tmp_path)])

    assert 1 == code
    assert "there is no port 65536, for identity: choose a lower one" in capsys.readouterr().err
