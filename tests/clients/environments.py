"""The clients, and an environment of its own for each: made once, kept in .cache/clients."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.contract.npm import NodeMissing, tool

HERE = Path(__file__).parent
CACHE = (HERE.parents[1] / ".cache").resolve() / "clients"
INSTALL_S = 600
#: where dlt's sources come from: a folder with a clone may stand for it
DLT_SOURCES = os.environ.get("DLT_SOURCES", "https://github.com/dlt-hub/verified-sources.git")


class Unavailable(Exception):
    """A client cannot be installed here, and why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """One client: its packages, and the program that reads an account with it."""

    name: str
    version: str
    packages: tuple[str, ...]
    program: str
    #: what it is told
    args: tuple[str, ...] = ()
    #: runs by Node; else by Python
    node: bool = False
    #: its address is written into it: requests to HubSpot are sent to the sandbox instead
    rebased: bool = False


CLIENTS = (
    Client(
        name="hubspot-api-client",
        version="12.0.0",
        packages=("hubspot-api-client==12.0.0",),
        program="api_client.py",
    ),
    Client(
        name="@hubspot/api-client",
        version="14.0.1",
        packages=("@hubspot/api-client@14.0.1",),
        program="api_client.js",
        node=True,
    ),
    Client(
        name="hubspot-sdk",
        version="0.1.0a9",
        packages=("hubspot-sdk==0.1.0a9",),
        program="sdk.py",
    ),
    Client(
        name="tap-hubspot",
        version="4.5.0",
        packages=("tap-hubspot==4.5.0",),
        program="tap.py",
        args=("singer",),
        rebased=True,
    ),
    Client(
        name="meltano-tap-hubspot",
        version="0.10.1",
        packages=("meltano-tap-hubspot==0.10.1",),
        program="tap.py",
        args=("meltano",),
        rebased=True,
    ),
    Client(
        name="dlt",
        version="1.31.0",
        packages=("dlt[duckdb]==1.31.0",),
        program="dlt_source.py",
        rebased=True,
    ),
)


def command(client: Client) -> list[str]:
    """What runs its program. Raises Unavailable when it cannot be installed."""
    folder = CACHE / client.program.partition(".")[0] / client.version
    stamp = folder / "installed.txt"
    wanted = "\n".join(client.packages)
    if not stamp.exists() or stamp.read_text() != wanted:
        folder.mkdir(parents=True, exist_ok=True)
        _install(client, folder)
        stamp.write_text(wanted)
    program = str(HERE / "programs" / client.program)
    if client.node:
        return [*tool("node"), program, str(folder / "node_modules")]
    return [str(folder / "venv" / "bin" / "python"), program, *client.args]


def _install(client: Client, folder: Path) -> None:
    if client.node:
        flags = ["--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund"]
        try:
            _run([*tool("npm"), "install", *flags, *client.packages])
        except NodeMissing as error:
            raise Unavailable(str(error)) from error
        return
    venv = folder / "venv"
    uv = [sys.executable, "-m", "uv"]
    _run([*uv, "venv", "-q", "--clear", "--python", sys.executable, str(venv)])
    _run([*uv, "pip", "install", "-q", "--python", str(venv / "bin" / "python"), *client.packages])
    if client.program == "dlt_source.py":
        init = ["init", "hubspot", "duckdb", "--location", DLT_SOURCES]
        _run([str(venv / "bin" / "dlt"), "--non-interactive", *init], cwd=folder)


def _run(command: Sequence[str], cwd: Path | None = None) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_S, check=False, cwd=cwd
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{command[0]} did not run: {error}") from error
    if done.returncode:
        raise Unavailable(f"cannot be installed: {done.stderr.strip()[-300:]}")
