"""Log records that steer no terminal, whoever writes them and wherever they go.

A log quotes what came from outside: a name in HubSpot, the address that a stranger asked for. Read
in a terminal, escape sequences in it would hide or forge lines. So would line breaks: each line of
a record but its first is indented.
"""

from __future__ import annotations

import logging
from typing import Any

from core.credits.texts import harmless

_PLAIN = logging.Formatter()


class _Record(logging.LogRecord):
    """With the control characters written out, in its message and its traceback."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """The traceback is written here: every formatter takes it as it stands in the record."""
        super().__init__(*args, **kwargs)
        if self.exc_info:
            self.exc_text = _one_record(_PLAIN.formatException(self.exc_info))

    def getMessage(self) -> str:  # noqa: N802 - logging calls it so
        """Harmless, with the arguments in it."""
        return _one_record(super().getMessage())


def _one_record(text: str) -> str:
    return harmless(text).replace("\n", "\n  ")


def keep_harmless() -> None:
    """From now on, every record of this process, those of libraries too."""
    logging.setLogRecordFactory(_Record)
