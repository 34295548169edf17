"""A worker has loaded what its threads load, before there is a thread that asks the store."""

from __future__ import annotations

import subprocess
import sys

from scripts.processes import ROOT

PROGRAM = """
import sys
from types import SimpleNamespace
from core.app.wiring import Runtime

def first_thread():
    assert "sqlalchemy.orm" in sys.modules, "DBOS would load it while others ask the store"
    print("loaded")
    sys.exit()

assert "sqlalchemy.orm" not in sys.modules, "this test shows nothing any more"
Runtime.start(SimpleNamespace(
    engine_refusal=str, at_start=str, mirror_threads=SimpleNamespace(start=first_thread)
))
"""


def test_the_store_s_library_is_loaded_whole_before_the_first_thread() -> None:
    """Met half loaded by a query, it fails: seen at the start of an app."""
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert ran.stdout == "loaded\n", ran.stderr
