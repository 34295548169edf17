"""The one way from the commands to a terminal: nothing that is printed can steer it.

A student's name in HubSpot may hold escape sequences: they would colour, hide or overwrite what
stands above, set the window's title, or type into the shell.
"""

from __future__ import annotations

import sys
import traceback
from types import TracebackType

from core.credits.texts import harmless


def say(text: str) -> None:
    """To stdout: the one report of a command."""
    print(harmless(text))  # noqa: T201


def complain(text: str) -> None:
    """To stderr: what went wrong, and what is worth knowing beside the report."""
    print(harmless(text), file=sys.stderr, flush=True)  # noqa: T201


def unforeseen(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """For ``sys.excepthook``: a traceback quotes what the stores answered."""
    complain("".join(traceback.format_exception(kind, error, at)).rstrip())
