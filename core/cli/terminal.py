"""The one way from the commands to a terminal: nothing that is printed can steer it.

A student's name in HubSpot may hold escape sequences: they would colour, hide or overwrite what
stands above, set the window's title, or type into the shell.
"""

from __future__ import annotations

import logging
import re
import sys
import traceback
from types import TracebackType

#: Controls but for the line end and the tab, the C1 controls, and what turns the order of letters.
_STEERS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def harmless(text: str) -> str:
    r"""Each control character as people write it: ``\x1b``. JSON reads them back from it."""
    return _STEERS.sub(lambda found: _written(found[0]), text)


def _written(character: str) -> str:
    return f"\\u{ord(character):04x}"


def say(text: str) -> None:
    """To stdout: the one report of a command."""
    print(harmless(text))  # noqa: T201


def complain(text: str) -> None:
    """To stderr: what went wrong, and what is worth knowing beside the report."""
    print(harmless(text), file=sys.stderr, flush=True)  # noqa: T201


def unforeseen(kind: type[BaseException], error: BaseException, at: TracebackType | None) -> None:
    """For ``sys.excepthook``: a traceback quotes what the stores answered."""
    complain("".join(traceback.format_exception(kind, error, at)).rstrip())


class Harmless(logging.Formatter):
    """Of the log on stderr."""

    def format(self, record: logging.LogRecord) -> str:
        """One record; its traceback has lines of its own."""
        return harmless(super().format(record))
