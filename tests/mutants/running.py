"""Runs the tests of a mutant in a copy of the project, never in the working tree."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from scripts.processes import ROOT
from tests.mutants.mutant import Mutant
from tests.simulation import seeds

#: What the tests of the protocol need. Data of other programs is left where it is.
COPIED = (
    *(
        "api",
        "benchmarks",
        "core",
        "docs",
        "pages",
        "sandbox",
        "scripts",
        "static",
        "supabase",
        "tests",
    ),
    *(".streamlit", "app.py", "asgi.py", "portal.toml", "pyproject.toml"),
)
#: What the local stack has installed there is used, not made again.
LINKED = (".venv",)
#: A test that a mutant sends round for ever is ended, and that is noticed as well.
TEST_WITHIN_S = 120
LOG_LINES = 30
#: Of pytest's plugins those alone that these tests use: the others take longer to load than most
#: of these tests to run.
PLUGINS = ("xdist.plugin", "pytest_socket", "pytest_timeout", "_hypothesis_pytestplugin")
OPTIONS = (
    *("-x", "-q", "-p", "no:cacheprovider", f"--timeout={TEST_WITHIN_S}"),
    *("-o", "addopts=--import-mode=importlib --disable-socket --allow-unix-socket"),
    *(option for name in PLUGINS for option in ("-p", name)),
)
#: The same chance for all: a mutant that one run notices, the next notices too.
ENVIRONMENT = {
    "CI": "true",
    "PYTHONHASHSEED": "0",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    seeds.SETTING: str(seeds.FIRST),
}


class Verdict(StrEnum):
    """What the tests made of a mutant."""

    NOTICED = "noticed"
    SURVIVED = "SURVIVED"
    #: Pytest could not run the tests: the edit is no program, or a test's name is gone.
    BROKEN = "BROKEN"


@dataclass(frozen=True, slots=True)
class Ran:
    """One mutant's run."""

    mutant: Mutant
    verdict: Verdict
    seconds: float
    #: The end of what pytest printed.
    log: str


@contextmanager
def scratch() -> Iterator[Path]:
    """A copy of the project, gone in the end."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        root = Path(folder)
        for name in COPIED:
            _copy(ROOT / name, root / name)
        for name in LINKED:
            if (ROOT / name).exists():
                (root / name).symlink_to((ROOT / name).resolve())
        yield root


def _copy(source: Path, to: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, to, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    elif source.exists():
        shutil.copy2(source, to)


def run(root: Path, mutant: Mutant) -> Ran:
    """Take the guard out of the copy, run the tests, and put it back."""
    began = time.monotonic()
    before = mutant.apply(root)
    try:
        _forget_compiled(root / mutant.file)
        code, log = pytest(root, mutant.tests)
    finally:
        (root / mutant.file).write_text(before)
        _forget_compiled(root / mutant.file)
    verdict = {0: Verdict.SURVIVED, 1: Verdict.NOTICED}.get(code, Verdict.BROKEN)
    return Ran(mutant, verdict, time.monotonic() - began, log)


def pytest(root: Path, args: Sequence[str]) -> tuple[int, str]:
    """Pytest's exit code in the copy, and the end of what it printed."""
    environment = {**os.environ, **ENVIRONMENT}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *OPTIONS, *args],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, "\n".join([*done.stdout.splitlines()[-LOG_LINES:], done.stderr[-2000:]])


def _forget_compiled(path: Path) -> None:
    """Two edits of one second and size would look alike to the import system."""
    if path.suffix == ".py":
        with suppress(FileNotFoundError):
            Path(importlib.util.cache_from_source(str(path))).unlink()
