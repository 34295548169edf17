"""The app of the command line with every command added, for tests that walk or call many."""

from __future__ import annotations

from importlib import import_module

from core.cli.app import app
from core.cli.entry import MODULES

__all__ = ["app"]

for _module in set(MODULES.values()):
    import_module(_module)
