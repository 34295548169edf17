"""One way out for every command: one report on stdout, one line of reason on failure."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import typer

from core.access.rationing import TooMany
from core.cli.opened_store import acted_on
from core.cli.reports import in_words
from core.cli.terminal import complain, say
from core.credits.errors import BadList, EngineError, GatewayError, JournalError
from core.credits.roles import NotAllowed
from core.settings.faults import BadSettings


class Unhealthy(Exception):
    """``doctor`` found faults."""

    def __init__(self, faults: Sequence[str]) -> None:
        """``faults``: each with how to mend it."""
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


def show(report: Mapping[str, Any], *, as_json: bool) -> None:
    """Print the report: one JSON object that names the store, or its lines for a person."""
    told = json.dumps({**report, **acted_on()}, ensure_ascii=False) if as_json else in_words(report)
    say(told)


@contextmanager
def told() -> Iterator[None]:
    """Failures that a person can mend end the command with their reason and exit code 1."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, _expected()):
            raise
        complain("; ".join(_lines(error)) or type(error).__name__)
        raise typer.Exit(1) from error


def _expected() -> tuple[type[Exception], ...]:
    """What a person can mend. Anything else is a fault of ours and keeps its traceback."""
    # with the services that raise them, which are not imported only to name what they did not raise
    from core.operations.approve import NotApproved  # noqa: PLC0415
    from core.operations.commands import NotConfirmed  # noqa: PLC0415
    from core.operations.desks.takeover import AnotherDesk, NoTakeover  # noqa: PLC0415
    from core.operations.kinds.registry import UnknownKind  # noqa: PLC0415

    return (
        AnotherDesk,
        BadList,
        BadSettings,
        EngineError,
        GatewayError,
        JournalError,
        NotAllowed,
        NotApproved,
        NotConfirmed,
        NoTakeover,
        OSError,
        TooMany,
        Unhealthy,
        UnknownKind,
    )


def _lines(error: Exception) -> list[str]:
    if faults := getattr(error, "faults", None):
        return [str(fault) for fault in faults]
    if isinstance(error, OSError) and error.filename and error.strerror:
        return [f"{error.filename}: {error.strerror}"]
    return [str(error)]
